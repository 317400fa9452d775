"""What a page has generated in the place of ``<!-- site: NAME -->``: read from the code."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from . import api, commands, schema

__all__ = ["SECTIONS", "fill_in"]

SECTIONS: dict[str, Callable[[], Iterator[str]]] = {
    "commands": commands.commands,
    "options": commands.options,
    "environment": commands.environment,
    "hooks": api.hooks,
    "points": api.points,
    "faults": api.faults,
    "deliveries": api.deliveries,
    "report-schema": schema.properties,
}
_MARK = re.compile(r"^<!-- site: ([\w-]+) -->$", re.MULTILINE)


def fill_in(_app: Any, _docname: str, source: list[str]) -> None:
    """For Sphinx: when a page is read."""
    source[0] = _MARK.sub(lambda mark: "\n".join(SECTIONS[mark[1]]()), source[0])
