"""The project's own documents as pages of the site, and the files that pages link to."""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from .files import DOCS, ROOT, fenced, keep

__all__ = ["FILES", "ORIGINS", "PAGES", "slug", "write_pages"]

#: Where a document of the project is found on the site.
PAGES = {
    "examples": "project/examples",
    "examples/README.md": "project/examples",
    "ARCHITECTURE.md": "project/architecture",
    "CHANGELOG.md": "project/changelog",
    "CONTRIBUTING.md": "project/contributing",
    "SECURITY.md": "project/security",
    "changes/README.md": "project/changes",
    "specs/README.md": "project/specs",
    "README.md": "index",
    "specs/RULES.md": "reference/rules/index",
    "specs/report.schema.json": "reference/report",
}
#: The page with the files that others link to.
FILES = "project/files"
#: Which file a generated page was.
ORIGINS = {page: path for path, page in PAGES.items() if page.startswith("project/")}

_LINK = re.compile(r"\]\((?!https?:|mailto:|#|/)([^)#\s]+)")
_LANGUAGES = {".py": "python", ".sh": "bash", ".mjs": "javascript", ".yml": "yaml", ".json": "json"}
_LANGUAGES |= {".yaml": "yaml", ".php": "php", ".js": "javascript"}

_HEAD = """\
# Files

What pages of this site link to in the project, as it stands there.
"""


def write_pages(docs: Path) -> None:
    """The folder ``project/``."""
    pages = {
        f"{page.removeprefix('project/')}.md": (ROOT / path).read_text(encoding="utf-8")
        for page, path in ORIGINS.items()
    }
    pages["files.md"] = "\n".join([_HEAD, *map(_section, sorted(_linked()))])
    keep(Path(docs) / "project", pages)


def slug(path: str) -> str:
    """The anchor of a file on the page."""
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")


def _linked() -> Iterator[str]:
    """The files, and those of the folders, that a document links to and that are no page."""
    ours = [path for path in DOCS.rglob("*.md") if not _generated(path)]
    found = set()
    for document in (*ours, *(ROOT / path for path in ORIGINS.values())):
        folder = document.parent.relative_to(ROOT).as_posix()
        for link in _LINK.findall(document.read_text(encoding="utf-8")):
            target = posixpath.normpath(posixpath.join(folder, link))
            if not target.startswith("docs/") and target not in PAGES:
                found.add(target)
    return iter(found)


def _generated(path: Path) -> bool:
    return path.is_relative_to(DOCS / "project") or path.is_relative_to(DOCS / "reference/rules")


def _ours(path: Path) -> bool:
    """Whether a file is the project's own, and not what was made or installed beside it."""
    parts = path.relative_to(ROOT).parts
    made = any(part.startswith(("__", ".")) or part == "node_modules" for part in parts)
    return path.is_file() and not made


def _section(path: str) -> str:
    shown = ROOT / path
    title = f"({slug(path)})=\n## `{path}`\n"
    if shown.is_dir():
        names = sorted(one.relative_to(shown).as_posix() for one in shown.rglob("*") if _ours(one))
        return "\n".join([title, *(f"- `{name}`" for name in names), ""])
    text = shown.read_text(encoding="utf-8")
    return f"{title}\n{fenced(text, _LANGUAGES.get(shown.suffix, 'text'))}"
