"""The options of a run that judges a client."""

from points_conformance.plugin.options import Option

__all__ = ["OPTIONS"]

OPTIONS = (
    Option("command", "run once per operation; told of it in its environment", metavar="CMD"),
    Option("timeout", "how long one operation may take (35)", metavar="SECONDS"),
)
