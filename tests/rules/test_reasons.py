"""The texts that have to come back: what each of them would lose, and how that is told."""

import html
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

import pytest

from points_conformance.contract.limits import REASON_MAX
from points_conformance.rules.api.reasons import DIGITS, MARKUP, SCRIPTS, SPACES, difference
from points_conformance.rules.api.watched import CANCELLED_FOR

#: What a layer of a server may do to a text, and a text that shows it.
LAYERS: dict[str, tuple[Callable[[str], object], str]] = {
    "htmlspecialchars": (html.escape, MARKUP["tags"]),
    "strip_tags": (lambda text: re.sub("<[^>]*>", "", text), MARKUP["tags"]),
    "html_entity_decode": (html.unescape, MARKUP["entities"]),
    "urldecode": (unquote, MARKUP["percent signs"]),
    "plus is a space": (lambda text: text.replace("+", " "), MARKUP["percent signs"]),
    "doubled quotes": (lambda text: text.replace("'", "''"), MARKUP["quotes"]),
    "stripslashes": (lambda text: text.replace("\\", ""), MARKUP["backslashes"]),
    "one line": (lambda text: " ".join(text.split()), MARKUP["escapes of JSON"]),
    "no format characters": (
        lambda text: "".join(c for c in text if unicodedata.category(c) != "Cf"),
        SCRIPTS["joiners and marks of direction"],
    ),
    "no joiners": (lambda text: text.replace("\u200d", ""), SCRIPTS["emoji of several parts"]),
    "NFC": (lambda text: unicodedata.normalize("NFC", text), SCRIPTS["combining marks"]),
    "NFD": (lambda text: unicodedata.normalize("NFD", text), SCRIPTS["combining marks"]),
    "three bytes": (
        lambda text: re.sub("[\U00010000-\U0010ffff]", "", text),
        SCRIPTS["characters of four bytes"],
    ),
    "western digits": (lambda text: text.replace("٠", "0"), SCRIPTS["signs of writing"]),
    "numeric check": (int, DIGITS["digits"]),
    "leading zeros": (lambda text: text.lstrip("0"), DIGITS["leading zeros"]),
    "squish": (lambda text: re.sub(" +", " ", text).strip(), SPACES),
}


@pytest.mark.parametrize("name", LAYERS)
def test_what_a_layer_does_shows_in_its_text(name: str) -> None:
    """Or the text would be of no use."""
    layer, text = LAYERS[name]
    assert layer(text) != text


@pytest.mark.parametrize("text", [*MARKUP.values(), *SCRIPTS.values(), *DIGITS.values()])
def test_a_text_is_one_that_nobody_may_trim_or_refuse(text: str) -> None:
    """No spaces around it, within the limit in whatever units one counts."""
    assert text == text.strip()
    assert 0 < len(text.encode("utf-16-le")) // 2 <= REASON_MAX


@pytest.mark.parametrize("text", CANCELLED_FOR)
def test_all_of_a_class_is_one_reason(text: str) -> None:
    """Within the limit, in UTF-16 too."""
    assert len(text.encode("utf-16-le")) // 2 <= REASON_MAX


@pytest.mark.parametrize(
    ("text", "told", "said"),
    [
        ("so\u00adft", "soft", "from character 3 on: U+00AD SOFT HYPHEN was given, U+0066 "),
        ("ab", "abc", "from character 3 on: nothing more was given, U+0063 LATIN SMALL LETTER C"),
        ("ab", "", "from character 1 on: U+0061 LATIN SMALL LETTER A was given, nothing more"),
        ("a\tb", "a b", "from character 2 on: U+0009 was given, U+0020 SPACE is told"),
        ("007", 7, "a int, no text"),
        ("0", None, "a NoneType, no text"),
    ],
)
def test_a_difference_is_told_by_position_and_code_point(
    text: str, told: object, said: str
) -> None:
    """For what cannot be seen is what is lost."""
    assert difference(text, told).startswith(said)
