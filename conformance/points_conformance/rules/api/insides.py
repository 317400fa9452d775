"""``envelope.*``: no message shows what a server is made of.

No page says so: it is advice. Whoever calls can do nothing with a stack trace, a statement in SQL,
a path or the name of a class; whoever attacks learns what to attack (OWASP, Improper Error
Handling). It also tells of an error that nobody foresaw, in the place of a message.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from points_conformance.contract.pages import Page
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.finding import Finding, NotExercised
from points_conformance.judging.rule import Level, inferred, source
from points_conformance.rules.api.family import family
from points_conformance.targets.api.news import News
from points_conformance.targets.api.target import ApiTarget

__all__ = ["inside_of", "rule"]

SHOULD = Level.SHOULD
MESSAGE = source(Page.OPENAPI, "Envelopes")
WHY = inferred("whoever calls can do nothing with it, and whoever attacks can")
rule = family(MESSAGE, WHY, after="auth.valid-key")

#: What shows the inside, most telling first. A backslash may be escaped, as JSON has it.
_INSIDES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (what, re.compile(pattern))
    for what, pattern in (
        (
            "a stack trace",
            r"Traceback \(most recent call last\)"
            r"|\bat [\w.$<>\[\]/ ]{1,120}\([^()\s]{1,200}:\d+(?::\d+)?\)"
            r"|#\d+ (?:/|[A-Z]:)[^\s\"]+\(\d+\)"
            r"|\"(?:stack|stack_?trace|stackTrace)\"\s*:\s*(?:\"[^\"]|\[\s*[\"{])"
            r"|\"trace\"\s*:\s*\[\s*[\"{]"
            r"|\bgoroutine \d+ \[",
        ),
        (
            "a statement of SQL",
            r"SQLSTATE\b|\bORA-\d{5}\b|\bER_[A-Z]+_[A-Z_]+\b"
            r"|syntax error at or near|violates [\w-]+(?: [\w-]+)? constraint|Duplicate entry '"
            r"|(?i:\bselect\s+(?:\*|[`\\\"\[]+\w+[`\\\"\]]+|\w+\.\w+|count\())"
            r"|(?i:\binsert into\s+[`\\\"\w.]+\s*\()"
            r"|(?i:\bupdate\s+[`\\\"]+\w+[`\\\"]+\s+set\b)"
            r"|(?i:\bwhere\s+[`\\\"]+\w+[`\\\"]+\s*=)",
        ),
        (
            "a path of its files",
            r"(?<![\w.:/])(?:/[\w.@-]+){1,12}\.(?:php|py|js|ts|mjs|java|kt|rb|go|cs|so|jar)\b"
            r"|\b[A-Z]:\\{1,2}(?:[\w .-]+\\{1,2})+[\w.-]+"
            r"|(?<![\w.:/])/(?:var/www|home/\w+|usr/src|srv|opt)/[\w./-]+",
        ),
        (
            "the name of a class",
            r"\b(?:App|Illuminate|Symfony|Doctrine|GuzzleHttp|Carbon)\\{1,4}[A-Z]\w+"
            r"|\b[a-z]\w*(?:\.[a-z_]\w*)+\.[A-Z]\w*(?:Exception|Error)\b"
            r"|\b(?:java|javax|jakarta|org|com|io|net)(?:\.[a-z_]\w*)+\.[A-Z]\w+"
            r"|\b[A-Z][a-z]\w*::[A-Z][a-z]\w*"
            r"|\b[A-Z]\w+Exception\b"
            r"|\b(?:Type|Reference|Syntax|Value|Key|Attribute|Range|Name|Integrity|Operational)Error\b",
        ),
    )
)
_ADDRESS: Final = re.compile(r"https?:(?:\\?/){2}[^\s\"]+")


def inside_of(text: str, sent: str = "") -> tuple[str, str] | None:
    """What a text shows of the inside, in words and as it stands there; ``None`` for nothing.

    Addresses are none of it, nor is what the caller ``sent`` and is told back.
    """
    read = _ADDRESS.sub("", text)
    for what, pattern in _INSIDES:
        for match in pattern.finditer(read):
            if match[0] not in sent:
                return what, match[0]
    return None


def _shown(exchanges: Iterable[Exchange]) -> Iterator[tuple[Exchange, str, str]]:
    for exchange in exchanges:
        if exchange.status is not None and exchange.status >= 400:
            found = inside_of(exchange.answer, f"{exchange.url} {exchange.body or ''}")
            if found is not None:
                yield exchange, *found


def _show_nothing(exchanges: Iterable[Exchange], rule_id: str = "") -> None:
    for exchange, what, text in _shown(exchanges):
        raise Finding(
            f"a refusal shows {what}",
            expected="a message for whoever calls",
            got=f"HTTP {exchange.status} with {text[:200]}",
            exchanges=[exchange],
            led_by=[exchange.rule] if exchange.rule != rule_id else [],
        )


#: Calls that no client makes on purpose: what is refused here nobody has written a message for.
#: None of them could make an order or an endpoint.
_ODD: Final[tuple[tuple[str, str, bytes | None, str], ...]] = (
    ("GET", "/orders", None, ""),
    ("GET", "/no/such/path", None, ""),
    ("DELETE", "/orders/ORDER", None, ""),
    ("POST", "/orders/ORDER/no-such-action", b"{}", ""),
    ("GET", "/orders/00000000-0000-4000-8000-0000000000ff", None, ""),
    ("GET", "/orders/%00", None, ""),
    ("POST", "/orders/ORDER/refund", b'{"amount": ', ""),
    ("POST", "/orders/ORDER/refund", b'{"amount": "x", "reason": {"a": []}}', ""),
    ("POST", "/orders/ORDER/refund", b'{"amount": 1e300}', ""),
    ("POST", "/orders/ORDER/refund", b"<amount>1</amount>", "application/xml"),
    ("POST", "/orders/ORDER/cancel", b'"\\ud800"', ""),
    ("GET", "/webhooks?per_page=x&page=-1", None, ""),
    ("PUT", "/webhooks/00000000-0000-4000-8000-0000000000ff", b'{"name": ', ""),
)


@rule("envelope.messages-show-no-inside", SHOULD, calls=len(_ODD) + 2)
def a_message_shows_no_inside(api: ApiTarget) -> None:
    """The refusal of an odd call SHOULD show no stack trace, SQL, file path or class name."""
    order = api.order()
    for method, path, body, kind in _ODD:
        headers = {"Content-Type": kind} if kind else None
        # That it crashes is for others to say.
        with contextlib.suppress(Finding):
            api.call(method, path.replace("ORDER", order.uuid), body=body, headers=headers)
    _show_nothing(api.exchanges, api.rule)


def _lately_shown(api: ApiTarget, news: Sequence[News]) -> None:
    """What no later call takes back."""
    del api
    for one in news:
        _show_nothing(call for call in one.calls if _is_refused(call))


def _is_refused(call: Exchange) -> bool:
    return call.status is not None and call.status >= 400


@rule("envelope.no-refusal-shows-the-inside", SHOULD, after=(), closing=True, glance=_lately_shown)
def no_refusal_of_the_run_shows_an_inside(api: ApiTarget) -> None:
    """No refusal of a run SHOULD show a stack trace, SQL, a file path or a class name."""
    refused = [call for call in api.whole.exchanges if _is_refused(call)]
    if not refused:
        raise NotExercised("nothing was refused in this run", lacks="refusals")
    _show_nothing(refused)
