"""Links that lead out of ``docs/`` lead to a page of the site that shows what is there."""

import posixpath
import re
from typing import Any

from . import project

__all__ = ["lead_on", "led_on"]

_LINK = re.compile(r"\]\((?!https?:|mailto:|#|/)([^)#\s]+)(#[^)\s]*)?\)")


def lead_on(_app: Any, docname: str, source: list[str]) -> None:
    """For Sphinx: when a page is read."""
    source[0] = led_on(source[0], project.ORIGINS.get(docname, f"docs/{docname}.md"))


def led_on(text: str, path: str) -> str:
    """The text of a file of the project, given by its path, with its links into the site."""
    folder = posixpath.dirname(path)

    def lead(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, link[1]))
        return f"]({_page(target, link[2] or '')})"

    return _LINK.sub(lead, text)


def _page(target: str, anchor: str) -> str:
    if target.startswith("docs/"):
        return f"/{target.removeprefix('docs/')}{anchor}"
    if target in project.PAGES:
        return f"/{project.PAGES[target]}.md{anchor}"
    return f"/{project.FILES}.md#{project.slug(target)}"
