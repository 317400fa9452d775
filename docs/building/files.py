"""Generated pages on the disk, which stay as they are where nothing changed."""

from collections.abc import Mapping
from pathlib import Path

__all__ = ["DOCS", "ROOT", "fenced", "keep"]

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent


def keep(folder: Path, pages: Mapping[str, str]) -> None:
    """Make these the only pages of a folder; what is up to date is not built again."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def fenced(text: str, language: str = "text") -> str:
    """A block of code, whatever is in it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"
