"""What users call and implement in Python, from its signatures and docstrings."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from points_conformance.plugin import hooks as hook_module
from points_conformance.plugin.points import Points
from points_conformance.simulator.faults import DeliveryFaults, Faults

from .files import fenced

__all__ = ["deliveries", "faults", "hooks", "points"]

_ROLE = re.compile(r":\w+:`~?\.?([^`]+)`")
#: What a signature is no clearer for.
_NOISE = re.compile(r"points_conformance(?:\.\w+)+\.|typing\.|decimal\.|datetime\.|self(?:, )?")


def hooks() -> Iterator[str]:
    """Each hook that a conftest may implement."""
    for name in hook_module.__all__:
        yield from _function(name, getattr(hook_module, name), "##")


def points() -> Iterator[str]:
    """The members of ``points``."""
    yield from _members(Points, "points")


def faults() -> Iterator[str]:
    """The members of ``points.faults``."""
    yield from _members(Faults, "points.faults", leave_out={"over", "handle", "planned"})


def deliveries() -> Iterator[str]:
    """The members of ``points.faults.deliveries``."""
    yield from _members(DeliveryFaults, "points.faults.deliveries", leave_out={"arrange"})


def _members(of: type[Any], spoken: str, leave_out: frozenset[str] | set[str] = frozenset()) -> Any:
    for name, member in vars(of).items():
        if name.startswith("_") or name in leave_out or not inspect.getdoc(member):
            continue
        if isinstance(member, property):
            yield f"### `{spoken}.{name}`\n"
            yield f"{_words(member)}\n"
        elif inspect.isfunction(member):
            yield from _function(f"{spoken}.{name}", member)


def _function(name: str, function: Any, level: str = "###") -> Iterator[str]:
    yield f"{level} `{name}`\n"
    signature = _NOISE.sub("", str(inspect.signature(function)))
    signature = re.sub(r"<\w+\.\w+: ('\w+')>", r"\1", signature)
    yield fenced(f"{name}{signature}", "python")
    yield f"{_words(function)}\n"


def _words(documented: Any) -> str:
    return _ROLE.sub(r"`\1`", inspect.getdoc(documented) or "").replace("``", "`")
