"""The options, once: the command offers them as ``--name``, pytest as ``--points-name`` and ini."""

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "API_OPTIONS",
    "CLIENT_OPTIONS",
    "COMMON_OPTIONS",
    "CONSUMER_OPTIONS",
    "FIXTURE_OPTIONS",
    "NO_DOCSTRINGS",
    "OPTIONS",
    "Option",
]

#: What is said where Python leaves docstrings out.
NO_DOCSTRINGS = (
    "rules are stated in docstrings, which PYTHONOPTIMIZE=2 (python -OO) leaves out: run without it"
)

Kind = Literal["text", "flag", "many"]


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its name with hyphens, what it takes, and its help."""

    name: str
    help: str
    kind: Kind = "text"
    metavar: str = "TEXT"

    @property
    def key(self) -> str:
        """The name with underscores."""
        return self.name.replace("-", "_")


COMMON_OPTIONS = (
    Option("profile", "smoke, standard (default) or deep", metavar="NAME"),
    Option("seed", "a whole number (default 0), or random; always printed", metavar="N"),
    Option("select", "judge only the rules that match; repeatable", "many", "GLOB"),
    Option("deselect", "leave out the rules that match; repeatable", "many", "GLOB"),
    Option("known-failures", "TOML file of failures that are known", metavar="FILE"),
    Option("strict", "SHOULD counts as MUST", "flag"),
    Option("report-dir", "where the report goes", metavar="DIR"),
    Option("dry-run", "print the plan and the orders needed, send nothing", "flag"),
)

API_OPTIONS = (
    Option("base-url", "the server to judge; 'simulator' is the embedded one", metavar="URL"),
    Option("orders", "JSON list of orders that may be used up", metavar="FILE"),
    Option("webhook-listen", "receive webhooks on this address", metavar="HOST:PORT"),
    Option("webhook-url", "the public address of that listener, if another", metavar="URL"),
    Option("webhook-grace", "how long an event may take", metavar="SECONDS"),
    Option("webhook-retry-within", "how long a repeated attempt may take", metavar="SECONDS"),
    Option("dialect", "the embedded simulator's dialect", metavar="NAME"),
    Option("rate", "calls a second at most (off loopback: 5)", metavar="N"),
    Option("allow-production", "leave to call a production host", "flag"),
)

CONSUMER_OPTIONS = (
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
    Option("settle", "how long a queueing consumer may take (2)", metavar="SECONDS"),
    Option("replay", "send a story of an earlier run again, and show the state", metavar="FILE"),
)

CLIENT_OPTIONS = (
    Option("command", "run once per operation; told of it in its environment", metavar="CMD"),
    Option("timeout", "how long one operation may take (35)", metavar="SECONDS"),
)

#: Of pytest alone: what the fixtures ``points`` and ``points_sandbox`` are over.
FIXTURE_OPTIONS = (
    Option("live", "run the tests that ask for points against the server of the base URL", "flag"),
    Option("live-may-skip", "a live run passes in which every such test lacked something", "flag"),
)

OPTIONS = COMMON_OPTIONS + API_OPTIONS + CONSUMER_OPTIONS + CLIENT_OPTIONS
