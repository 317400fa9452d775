"""How a test ends that the live world cannot serve: skipped with what to supply, or failed plainly.

What is raised here is pytest's own, and no :class:`Exception`: code under test that catches those
does not swallow it.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

from _pytest.outcomes import Failed, Skipped

from points_conformance.judging.budget import BudgetSpent
from points_conformance.judging.finding import Finding, NetworkTrouble, NotExercised, Unjudgeable

__all__ = [
    "Lacking",
    "OnlySimulated",
    "failed",
    "in_pytest",
    "lacking",
    "only_simulated",
    "plainly",
]


class Lacking(Skipped):
    """A test was skipped for something that can be supplied."""


class OnlySimulated(Skipped):
    """A test was skipped for something that no live server has."""


for _kind in (Lacking, OnlySimulated):  # as pytest has its own, so that it shows the reason alone
    _kind.__module__, _kind.__qualname__ = "builtins", "Skipped"

#: An option as the command spells it.
_OPTION: Final = re.compile(r"(?<![\w-])--(?!points-)(?=[a-z])")


def in_pytest(text: str) -> str:
    """A text with the options as pytest spells them."""
    return _OPTION.sub("--points-", text)


def lacking(why: str) -> NoReturn:
    """Skip the test and say what to supply."""
    raise Lacking(f"points, live: {in_pytest(why)}", _use_item_location=True) from None


def only_simulated(what: str, instead: str = "") -> NoReturn:
    """Skip the test and name what it needs."""
    hint = instead or "mark the test points_simulator"
    raise OnlySimulated(f"only the simulator has {what}: {hint}", _use_item_location=True) from None


def failed(why: str) -> NoReturn:
    """Fail the test in a line or two, without a trace."""
    raise Failed(f"points, live: {in_pytest(why)}", pytrace=False) from None


@contextmanager
def plainly(redact: Callable[[str], str]) -> Iterator[None]:
    """What comes of calls of our own is told in a line, and nothing secret in it."""
    try:
        yield
    except NotExercised as missing:
        why = redact(str(missing))
    except (Finding, NetworkTrouble, BudgetSpent, Unjudgeable) as trouble:
        why = redact(str(trouble))
        failed(why)
    else:
        return
    lacking(why)
