"""Whether every link of the built site leads somewhere: ``python docs/check_links.py FOLDER``.

Pages, files and anchors of the site itself; other sites are named nowhere but in links, so that
nothing is loaded from them.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["broken"]

#: What a page loads, and what it only links to.
_LOADS = {"script": "src", "img": "src", "link": "href", "source": "src", "iframe": "src"}
_HINTS = {"canonical", "search", "index", "next", "prev", "author", "copyright"}


@dataclass
class Page(HTMLParser):
    """The anchors of a page, what it links to and what it loads."""

    anchors: set[str] = field(default_factory=lambda: {"", "top"})
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag says."""
        said = {name: value or "" for name, value in attrs}
        self.anchors |= {said[name] for name in ("id", "name") if name in said}
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
        elif tag in _LOADS and _LOADS[tag] in said and said.get("rel") not in _HINTS:
            self.loaded.append(said[_LOADS[tag]])


def broken(site: Path) -> Iterator[str]:
    """Each link that leads nowhere, and each thing that is loaded from elsewhere."""
    pages: dict[Path, Page] = {}
    for path in sorted(site.rglob("*.html")):
        pages[path] = page = Page()
        page.feed(path.read_text(encoding="utf-8"))
    for path, page in pages.items():
        for link in page.links + page.loaded:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if link in page.loaded and parts.scheme != "data":
                    yield f"{path.relative_to(site)}: loads {link}"
            elif not _leads(path, parts.path, unquote(parts.fragment), pages):
                yield f"{path.relative_to(site)}: {link} leads nowhere"


def _leads(path: Path, to: str, anchor: str, pages: dict[Path, Page]) -> bool:
    target = (path.parent / unquote(to)).resolve() if to else path
    if target in pages:
        return anchor in pages[target].anchors
    return target.is_file()


if __name__ == "__main__":
    found = list(broken(Path(sys.argv[1]).resolve()))
    print("\n".join(found) or "every link leads somewhere")
    sys.exit(bool(found))
