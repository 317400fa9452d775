"""No text that is kept holds a secret, whole or in part, and none that a terminal would obey."""

import base64
import json
import shlex
import subprocess
import sys
import time
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points_conformance.judging.exchange import Exchange, Redactor
from points_conformance.judging.visible import visible

KEY = "sk_live_ABCdef/123456789xyz"
REDACT = Redactor({"POINTS_API_KEY": KEY, "POINTS_OTHER_API_KEY": "sk_other_98765", "EMPTY": None})


def encoded(secret: str) -> dict[str, str]:
    """What a server makes of a secret when it writes it otherwise."""
    raw = secret.encode()
    return {
        "base64": base64.b64encode(raw).decode(),
        "base64url": base64.urlsafe_b64encode(raw).decode(),
        "base64 without padding": base64.b64encode(raw).decode().rstrip("="),
        "hex": raw.hex(),
        "hex in capitals": raw.hex().upper(),
        "URL-encoded, every byte": "".join(f"%{byte:02x}" for byte in raw),
        "URL-encoded, every byte in capitals": "".join(f"%{byte:02X}" for byte in raw),
        "URL-encoded base64": quote(base64.b64encode(raw).decode(), safe=""),
        "base64 in PHP's JSON": base64.b64encode(raw).decode().replace("/", "\\/"),
    }


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
        *encoded(KEY).values(),
    ],
)
def test_a_secret_is_named_however_it_is_written(secret: str) -> None:
    """As it is, cut, in another case, in JSON, in a URL, as base64, base64url or hex of either
    case; what stands around it stays.
    """
    shown = REDACT(f"before {secret} after \u0130")
    assert shown.startswith("before $POINTS_API_KEY")
    assert shown.endswith(" after \u0130")
    assert "123456789" not in shown.lower().replace("sk_", "")
    assert "abcdef" not in shown.lower()
    assert secret not in shown


@pytest.mark.parametrize("before", ["", "x", "xy", "user:", "a b c d"])
@pytest.mark.parametrize("after", ["", "x", ":", "pq", "…"])
def test_a_secret_inside_of_what_is_base64_is_cut(before: str, after: str) -> None:
    """Base64 of a longer text writes a secret in three ways, by where it begins."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(f"{before}{KEY}{after}".encode()).decode()
        shown = REDACT(text)
        assert "$POINTS_API_KEY" in shown
        assert (
            len(shown.replace("$POINTS_API_KEY(encoded)", "")) <= len(text) - 4 * len(KEY) // 3 + 2
        )


def test_half_of_an_encoded_secret_is_cut() -> None:
    """As half of the secret itself is."""
    assert REDACT(KEY.encode().hex()[:40]) == "$POINTS_API_KEY(altered)"
    assert REDACT(base64.b64encode(KEY.encode()).decode()[:24]) == "$POINTS_API_KEY(altered)"


@given(st.text("ab1/+_-=%x", max_size=30), st.sampled_from([*encoded(KEY).values(), KEY]))
def test_no_surroundings_hide_a_secret(around: str, spelling: str) -> None:
    """Whatever stands on both sides of it."""
    assert spelling.rstrip("=") not in REDACT(around + spelling + around)


def test_each_secret_has_its_own_name() -> None:
    """Two keys in one text can be told apart."""
    assert REDACT(f"{KEY} sk_other_98765") == "$POINTS_API_KEY $POINTS_OTHER_API_KEY"


def test_other_texts_stay_as_they_are() -> None:
    """Short pieces could be anything."""
    text = "sk_live_ 12345 order cancelled"
    assert REDACT(text) == text


def test_a_secret_that_looks_like_a_name_ends() -> None:
    """A key that is part of what replaces it is replaced once."""
    assert Redactor({"POINTS_API_KEY": "POINTS_API_KEY"})("POINTS_API_KEY") == "$POINTS_API_KEY"


def test_a_short_secret_is_cut_whole_and_its_short_encodings_are_not() -> None:
    """The base64 of two letters could be anything; the letters themselves are the secret."""
    redact = Redactor({"POINTS_WEBHOOK_SECRET": "qz"})
    assert redact("qz") == "$POINTS_WEBHOOK_SECRET"
    assert redact("cXo 717a") == "cXo 717a"


def test_cutting_costs_little() -> None:
    """A run of 3,400 calls cuts some 10 texts a call: less than a tenth of a millisecond each."""
    text = json.dumps({"success": True, "data": {"order": {"uuid": "f" * 36, "notes": "x" * 700}}})
    fastest = 1.0
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(200):
            REDACT(text)
        fastest = min(fastest, (time.perf_counter() - started) / 200)
    assert fastest < 0.0001


# ---------------------------------------------------------------------- what a terminal obeys
@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\x1b[32mconformant\x1b[0m", "\\x1b[32mconformant\\x1b[0m"),
        (
            "\x1b]8;;http://evil\x07click\x1b]8;;\x07",
            "\\x1b]8;;http://evil\\x07click\\x1b]8;;\\x07",
        ),
        ("\x9b31m", "\\u009b31m"),
        ("passed\rfailed", "passed\\rfailed"),
        ("a\x08b\x7f\x00", "a\\x08b\\x7f\\x00"),
        ("\u202e00.001", "\\u202e00.001"),
        ("\u2066x\u2069\u200e\u200f\u061c", "\\u2066x\\u2069\\u200e\\u200f\\u061c"),
        ("line\u2028line\u2029", "line\\u2028line\\u2029"),
        ("\ufeff\u200b\U000e0041", "\\ufeff\\u200b\\U000e0041"),
        ("\ud800", "\\ud800"),
    ],
)
def test_escape_sequences_and_bidi_marks_are_spelt_out(said: str, shown: str) -> None:
    """Colour, OSC 8 links, other control characters, marks of direction: seen, never obeyed."""
    assert REDACT(said) == shown


@pytest.mark.parametrize(
    "text", ["تم إلغاء الطلب", "two\nlines\tand a tab", "naïve ünïcode 👩‍👩‍👧 日本"]
)
def test_what_people_write_stays_readable(text: str) -> None:
    """Arabic, line breaks and joined signs are no control characters."""
    assert REDACT(text) == text


# ---------------------------------------------------------------------- lines to paste
def made(**changes: object) -> Exchange:
    """A call, changed."""
    facts: dict[str, Any] = {"number": 1, "method": "POST", "url": "http://host/x", "headers": {}}
    return Exchange(**{**facts, "body": None, "status": 200, **changes})


def pasted(exchange: Exchange) -> list[str]:
    """What a shell makes of the line."""
    line = exchange.as_curl()
    assert visible(line) == line
    printed = "import json, sys; print(json.dumps(sys.argv[1:]))"
    script = line.replace("curl", f"{shlex.quote(sys.executable)} -c {shlex.quote(printed)}", 1)
    environment = {"POINTS_API_KEY": KEY, "HOME": "/home/somebody", "LC_ALL": "C.UTF-8"}
    shell = ["bash", "-c", script]
    done = subprocess.run(shell, env=environment, capture_output=True, check=True, timeout=30)
    return [str(word) for word in json.loads(done.stdout)]


@pytest.mark.parametrize("body", ['{"reason": "\x1b[31m\u202e it\'s \\\\ \u0085"}', "it's", "تم"])
def test_a_line_to_paste_sends_what_was_sent_and_shows_nothing_raw(body: str) -> None:
    """Also where the body holds what a terminal obeys."""
    assert pasted(made(body=body))[-1] == body


def test_a_line_to_paste_has_the_shell_fill_in_the_key_and_nothing_else() -> None:
    """The key in the URL's path is a variable; what a target chose is never run."""
    url = REDACT(f'http://host/{KEY}/orders/$(touch x)`id`"$HOME\\')
    words = pasted(made(url=url, headers={"x-api-key": "$POINTS_API_KEY"}))
    assert words[3] == f'http://host/{KEY}/orders/$(touch x)`id`"$HOME\\'
    assert words[5] == f"x-api-key: {KEY}"


def test_a_method_that_a_client_made_up_is_no_command() -> None:
    """HTTP allows backquotes in one."""
    assert pasted(made(method="`id`"))[2] == "`id`"


@pytest.mark.parametrize("text", [KEY, f"a text with {KEY} in it", f"{KEY} " + "x" * 500])
def test_a_secret_that_is_added_later_is_cut_from_then_on(text: str) -> None:
    """Also from what was shown before."""
    redact = Redactor({"POINTS_OTHER_API_KEY": "sk_other_98765"})
    assert redact(text) == text
    redact.add("POINTS_API_KEY", KEY)
    assert redact(text) == text.replace(KEY, "$POINTS_API_KEY")


def test_however_many_texts_are_shown_few_are_kept() -> None:
    """A run of any length takes no more memory."""
    redact = Redactor({"POINTS_API_KEY": KEY})
    for number in range(5000):
        redact(f"https://host/orders/{number}")
    assert len(redact._shown) <= 1000
