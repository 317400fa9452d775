"""The pages in Arabic have what their originals have today: parts, code, rules and numbers."""

import re
from collections.abc import Callable
from typing import Final

import pytest
from markdown_it import MarkdownIt
from tests.project.pages import PAGES, ROOT

ARABIC: Final = [page for page in PAGES if page.startswith("docs/ar/")]
#: What there is of each: the tutorial and the two pages on safety.
WANTED: Final = ["how-to-refund-safely.md", "tutorial.md", "what-your-consumer-must-do.md"]
LETTERS: Final = r"[\u0600-\u06ff]"


def text_of(page: str) -> str:
    """A page of the project."""
    return (ROOT / page).read_text(encoding="utf-8")


def shape(text: str) -> list[str]:
    """Headings, items, rows of tables and code, in their order."""
    shapes = {"heading_open", "list_item_open", "tr_open"}
    tokens = MarkdownIt().enable("table").parse(text)
    return [
        f"{token.type} {token.tag}" if token.type in shapes else f"{token.info}\n{token.content}"
        for token in tokens
        if token.type in shapes or token.type == "fence"
    ]


def words_in_code(text: str) -> list[str]:
    """What stands in backticks, beside blocks."""
    return sorted(re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)))


def numbers(text: str) -> list[str]:
    """Amounts and statuses."""
    return sorted(re.findall(r"(?<![A-Za-z0-9_.-])\d+(?:\.\d+)?(?![A-Za-z0-9_-])", text))


def rules(text: str) -> list[tuple[str, str]]:
    """Level and ID of each rule."""
    return re.findall(r"\*\*(MUST|SHOULD)\*\*.*\(`([\w.-]+)`\)$", text, re.MULTILINE)


def test_the_pages_that_matter_are_there() -> None:
    """And no other without a decision."""
    assert [page.removeprefix("docs/ar/") for page in ARABIC] == WANTED


@pytest.mark.parametrize("of", [shape, words_in_code, numbers, rules], ids=lambda of: of.__name__)
@pytest.mark.parametrize("page", ARABIC)
def test_a_page_has_what_its_original_has(page: str, of: Callable[[str], list[object]]) -> None:
    """So that it does not go stale unseen."""
    original = page.replace("docs/ar/", "docs/")
    assert of(text_of(page)) == of(text_of(original))


@pytest.mark.parametrize("page", ARABIC)
def test_a_page_is_in_arabic(page: str) -> None:
    """Each heading and each paragraph has Arabic in it."""
    said = [token.content for token in MarkdownIt().parse(text_of(page)) if token.type == "inline"]
    assert [line for line in said if not re.search(LETTERS, line)] == []
