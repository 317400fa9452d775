"""Ways to write a request: what differs is how it is written, never what it says.

JSON has one number 100, however many digits it is written with, and one text, however it is escaped
(RFC 8259). Media types are compared without regard to case, and a client that accepts ``*/*``
accepts JSON (RFC 9110).
"""

from collections.abc import Iterator, Mapping
from typing import Final

__all__ = ["AMOUNTS", "SAME", "TEXT", "TOTAL", "UNBODIED", "UNREASONED", "bodies"]

#: Headers under which a call means what it means under the usual ones.
SAME: Final[Mapping[str, Mapping[str, str]]] = {
    "no Accept": {"Accept": ""},
    "Accept */*": {"Accept": "*/*"},
    "several types accepted": {"Accept": "application/json, text/plain, */*"},
    "in Arabic": {"Accept-Language": "ar-SA,ar;q=0.9"},
    "in German": {"Accept-Language": "de-DE,de;q=0.9"},
    "a charset": {"Content-Type": "application/json; charset=utf-8"},
    "an upper-case type": {"Content-Type": "APPLICATION/JSON"},
}
#: The same with nothing said about a body.
UNBODIED: Final = {name: h for name, h in SAME.items() if "Content-Type" not in h}

#: Ways to write an amount, all different, so that each one's event can be told from the others.
AMOUNTS: Final = (
    "10",
    "11.0",
    "12.00",
    "1.3e1",
    "1.4E1",
    "1.5e+1",
    "1600e-2",
    "0.17e2",
    "1e0",
    "5e-2",
    "18.5",
    "19.50",
)
#: An order's total in halalas of which something is left after all of them.
TOTAL: Final = 25_000

#: Ways to give no reason: the body, and the headers that it is sent with.
UNREASONED: Final[Mapping[str, tuple[bytes | None, Mapping[str, str]]]] = {
    "no body": (None, {}),
    "no body, in Arabic": (None, SAME["in Arabic"]),
    "{}, in German": (b"{}", SAME["in German"]),
    "{ } with a charset": (b"{\n}", SAME["a charset"]),
}

#: A reason with two scripts, a letter with an accent, an emoji, a solidus and two blanks in a row.
TEXT: Final = "سبب é 🧾 / a  b"


def bodies(text: str) -> dict[str, tuple[str, Mapping[str, str]]]:
    """Bodies that refund ``AMOUNT`` for the same reason, and the headers they are sent with."""
    escaped = "".join(f"\\u{unit:04x}" for unit in _units(text))
    plain = f'{{"amount": AMOUNT, "reason": "{text}"}}'
    return {
        "plain": (plain, {}),
        "escaped": (f'{{"amount": AMOUNT, "reason": "{escaped}"}}', {}),
        "escaped in upper case": (
            '{"amount": AMOUNT, "reason": "' + escaped.upper().replace("\\U", "\\u") + '"}',
            {},
        ),
        "an escaped solidus": (plain.replace(" / ", " \\/ "), {}),
        "names escaped": (
            plain.replace("amount", "amo\\u0075nt").replace("reas", "r\\u0065as"),
            {},
        ),
        "blanks between": (
            f' \r\n\t{{ "amount"\n:\tAMOUNT ,\r\n  "reason"  :   "{text}" }}\n',
            {},
        ),
        "no blanks": (f'{{"reason":"{text}","amount":AMOUNT}}', {}),
        **{name: (plain, headers) for name, headers in SAME.items()},
    }


def _units(text: str) -> Iterator[int]:
    """UTF-16's code units, as JSON escapes them."""
    raw = text.encode("utf-16-be")
    return (int.from_bytes(raw[n : n + 2], "big") for n in range(0, len(raw), 2))
