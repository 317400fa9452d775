"""Pages in Arabic: their language, and that they run from right to left."""

from typing import Any

__all__ = ["is_arabic", "turn"]


def is_arabic(docname: str) -> bool:
    """Whether a page is written in Arabic."""
    return docname.startswith("ar/")


def turn(_app: Any, pagename: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """For Sphinx: what the template says of a page."""
    context["arabic"] = is_arabic(pagename)
