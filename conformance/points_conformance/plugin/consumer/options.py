"""The options of a run that judges a consumer."""

from points_conformance.plugin.options import Option

__all__ = ["OPTIONS"]

OPTIONS = (
    Option("url", "the webhook consumer to judge; beside --app the path of its webhook"),
    Option(
        "app", "serve this ASGI or WSGI application on loopback and judge it", metavar="MOD:APP"
    ),
    Option("app-interface", "auto (default), asgi or wsgi", metavar="KIND"),
    Option("state-url", "GET of an order's state, with {order_id}; JSON", metavar="TEMPLATE"),
    Option("state-status", "JSON pointer to its status (/order_status)", metavar="POINTER"),
    Option("state-refunded", "JSON pointer to what was refunded", metavar="POINTER"),
    Option("state-map", "their word for ours (paid=approved); repeatable", "many", "OWN=OURS"),
    Option("state-unit", "what the refunded amount counts: sar (default) or halala"),
    Option("order-url", "POST of each order first, as JSON", metavar="TEMPLATE"),
    Option(
        "restart-command",
        "crashes the consumer, starts it again, and returns: to judge it by that",
        metavar="CMD",
    ),
    Option("settle", "how long a queueing consumer may take (2)", metavar="SECONDS"),
    Option(
        "replay",
        "send a story of an earlier run again, and show the state",
        metavar="FILE",
        instead="commands.replay:replay",
    ),
)
