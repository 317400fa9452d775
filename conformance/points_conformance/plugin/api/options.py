"""The options of a run that judges a server."""

from points_conformance.plugin.options import Option

__all__ = ["OPTIONS"]

OPTIONS = (
    Option(
        "base-url",
        "the server to judge; 'simulator' is the embedded one",
        metavar="URL",
        environment="POINTS_BASE_URL",
    ),
    Option("orders", "JSON list of orders that may be used up", metavar="FILE"),
    Option("webhook-listen", "receive webhooks on this address", metavar="HOST:PORT"),
    Option("webhook-url", "the public address of that listener, if another", metavar="URL"),
    Option("webhook-grace", "how long an event may take", metavar="SECONDS"),
    Option("webhook-retry-within", "how long a repeated attempt may take", metavar="SECONDS"),
    Option("dialect", "the embedded simulator's dialect", metavar="NAME"),
    Option("rate", "calls a second at most (off loopback: 5)", metavar="N"),
    Option("allow-production", "leave to call a production host", "flag"),
)
