"""No text that is kept holds a secret, whole or in part."""

import json
from urllib.parse import quote

import pytest

from points_conformance.targets.exchange import Redactor

KEY = "sk_live_ABCdef/123456789xyz"
REDACT = Redactor({"POINTS_API_KEY": KEY, "POINTS_OTHER_API_KEY": "sk_other_98765", "EMPTY": None})


@pytest.mark.parametrize(
    "secret",
    [
        KEY,
        KEY[:-1],
        KEY[1:],
        KEY[: len(KEY) // 2 + 1],
        KEY.swapcase(),
        KEY.upper(),
        json.dumps(KEY)[1:-1].replace("/", "\\/"),
        quote(KEY, safe=""),
        KEY + KEY,
    ],
)
def test_a_secret_is_named_however_it_is_written(secret: str) -> None:
    """As it is, cut, in another case, in JSON, in a URL; what stands around it stays."""
    shown = REDACT(f"before {secret} after \u0130")
    assert shown.startswith("before $POINTS_API_KEY")
    assert shown.endswith(" after \u0130")
    assert "123456789" not in shown.lower().replace("sk_", "")
    assert "abcdef" not in shown.lower()


def test_each_secret_has_its_own_name() -> None:
    """Two keys in one text can be told apart."""
    assert REDACT(f"{KEY} sk_other_98765") == "$POINTS_API_KEY $POINTS_OTHER_API_KEY"


def test_other_texts_stay_as_they_are() -> None:
    """Short pieces could be anything."""
    text = "sk_live_ 12345 order cancelled"
    assert REDACT(text) == text


def test_a_secret_that_looks_like_a_name_ends() -> None:
    """A key that is part of what replaces it is replaced once."""
    assert Redactor({"POINTS_API_KEY": "POINTS_API_KEY"})("POINTS_API_KEY") != "POINTS_API_KEY"
