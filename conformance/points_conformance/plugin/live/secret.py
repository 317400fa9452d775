"""No key in whatever pytest shows: tracebacks, locals, captured output, warnings, JUnit XML."""

import logging
from collections.abc import Callable
from typing import Any, Final

import pytest

__all__ = ["Secret", "clean_logs", "clean_report", "cleaned"]

Cut = Callable[[str], str]
#: Where the classes are that a traceback is kept in.
_PYTESTS: Final = "_pytest._code"


class Secret(str):
    """A key that is sent as it is, and shown by the name of the variable that holds it."""

    name: str

    def __new__(cls, value: str, name: str) -> "Secret":
        """The key, and the variable's name."""
        made = super().__new__(cls, value)
        made.name = name
        return made

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        """For copies and other processes."""
        return str(self), self.name

    def __repr__(self) -> str:
        """Never the key."""
        return f"'${self.name}'"


def clean_report(report: pytest.TestReport, cut: Cut) -> None:
    """Cut secrets from all that a report shows."""
    for name in ("longrepr", "sections", "user_properties"):
        setattr(report, name, cleaned(getattr(report, name), cut))


def clean_logs(cut: Cut) -> Callable[[], object]:
    """From now on cut secrets from what is logged, for logs may be shown as they come; returns what
    puts back what was before.
    """
    before = logging.getLogRecordFactory()

    def record(*args: Any, **options: Any) -> logging.LogRecord:
        made = before(*args, **options)
        try:
            text = made.getMessage()
        except (TypeError, ValueError):  # a wrong format is told by logging itself
            return made
        if cut(text) != text:
            made.msg, made.args = cut(text), ()
        if made.exc_info:
            made.exc_text = cut(logging.Formatter().formatException(made.exc_info))
        return made

    logging.setLogRecordFactory(record)
    return lambda: logging.setLogRecordFactory(before)


def cleaned(value: Any, cut: Cut) -> Any:
    """The value with every text in it cut; pytest's own objects are changed in place."""
    if isinstance(value, str):
        return cut(value)
    if isinstance(value, list):
        return [cleaned(one, cut) for one in value]
    if type(value) is tuple:
        return tuple(cleaned(one, cut) for one in value)
    if isinstance(value, dict):
        return {name: cleaned(one, cut) for name, one in value.items()}
    if type(value).__module__.startswith(_PYTESTS):
        for name, one in list(vars(value).items()):
            setattr(value, name, cleaned(one, cut))
    return value
