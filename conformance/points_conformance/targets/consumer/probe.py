"""What a consumer says of an order: read by HTTP and JSON pointers, or by the user's hook."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol
from urllib.parse import quote

import httpx

from points_conformance.contract.money import MoneyError, halalas, sar_text
from points_conformance.contract.names import OrderStatus
from points_conformance.ledger import OrderLedger
from points_conformance.simulator.messages import load_json

__all__ = [
    "ConsumerState",
    "Expected",
    "HookProbe",
    "HttpProbe",
    "PointerError",
    "Probe",
    "Unreadable",
    "lookup",
    "wanted",
]


@dataclass(frozen=True, slots=True)
class ConsumerState:
    """An order as the consumer keeps it. ``refunded`` in SAR; ``None`` where it keeps none.

    ``shown`` is what the state was read from.
    """

    status: str | None
    refunded: Decimal | int | str | None = None
    shown: str = field(default="", compare=False)

    @property
    def halalas(self) -> int | None:
        """What was refunded, ``None`` where that is no exact number of halalas."""
        try:
            return halalas(self.refunded if self.refunded is not None else 0)
        except MoneyError:
            return None

    def __str__(self) -> str:
        return f"{self.status}, refunded {self.refunded}"


class PointerError(ValueError):
    """A pointer that is none, or that leads nowhere."""


class Unreadable(Exception):
    """The state cannot be read as the options say. The text says what it looked like."""


def lookup(document: Any, pointer: str) -> Any:
    """The value that a JSON pointer (RFC 6901) leads to. Raises :class:`PointerError`."""
    if pointer and not pointer.startswith("/"):
        raise PointerError(f"{pointer!r} is no JSON pointer: it starts with /")
    node = document
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Mapping) and key in node:
            node = node[key]
        elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        else:
            raise PointerError(f"{pointer} leads nowhere")
    return node


class Probe(Protocol):
    """Reads the state of an order; ``None`` where the consumer does not know it."""

    def read(self, order_id: str) -> ConsumerState | None:
        """Raises :class:`Unreadable`."""
        ...


@dataclass(frozen=True, slots=True)
class HookProbe:
    """Asks a function; the user's words are translated."""

    ask: Callable[[str], ConsumerState | None]
    words: Mapping[str, str] = field(default_factory=dict)

    def read(self, order_id: str) -> ConsumerState | None:
        """What the function says."""
        state = self.ask(order_id)
        if state is None:
            return None
        if not isinstance(state, ConsumerState):
            raise Unreadable(f"the state must be a ConsumerState or None, not {state!r}")
        if not isinstance(state.status, str | None):
            raise Unreadable(f"the state's status must be a text or None, not {state.status!r}")
        amount = state.refunded
        if isinstance(amount, bool) or not isinstance(amount, Decimal | int | str | None):
            raise Unreadable(f"the state's amount must be a Decimal, int or text, not {amount!r}")
        shown = state.shown or repr((state.status, state.refunded))
        status = self.words.get(str(state.status), state.status)
        return ConsumerState(status, state.refunded, shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpProbe:
    """GETs a JSON document. ``call`` makes a GET; 404 or null is an order that is not known."""

    call: Callable[[str], httpx.Response]
    template: str
    status: str = "/order_status"
    refunded: str = "/refunded_amount"
    words: Mapping[str, str] = field(default_factory=dict)
    unit: Literal["sar", "halala"] = "sar"

    def read(self, order_id: str) -> ConsumerState | None:
        """One read."""
        url = self.template.replace("{order_id}", quote(order_id, safe=""))
        try:
            answer = self.call(url)
        except httpx.HTTPError as error:
            raise Unreadable(
                f"GET {url} came to nothing: {error or type(error).__name__}"
            ) from None
        if answer.status_code == 404:
            return None
        document = self._document(url, answer)
        return None if document is None else self._state(document, answer.text[:600])

    @staticmethod
    def _document(url: str, answer: httpx.Response) -> Any:
        if answer.status_code != 200:
            raise Unreadable(
                f"GET {url} answers {answer.status_code}, not 200: {answer.text[:200]}"
            )
        try:
            return load_json(answer.content)
        except ValueError:
            raise Unreadable(f"GET {url} answers no JSON: {answer.text[:200]}") from None

    def _state(self, document: Any, shown: str) -> ConsumerState | None:
        try:
            status = lookup(document, self.status)
            refunded = lookup(document, self.refunded)
        except PointerError as error:
            raise Unreadable(f"{error} in the state's JSON, which is {shown}") from None
        if status is None:
            return None
        if isinstance(refunded, bool) or not isinstance(refunded, int | str | Decimal | None):
            raise Unreadable(f"{self.refunded} is no amount in the state's JSON, which is {shown}")
        return ConsumerState(self.words.get(str(status), str(status)), self._sar(refunded), shown)

    def _sar(self, amount: int | str | Decimal | None) -> Decimal | int | str | None:
        if self.unit == "sar" or amount is None:
            return amount
        try:
            return Decimal(str(amount)).scaleb(-2)
        except ArithmeticError:
            return amount


@dataclass(frozen=True, slots=True)
class Expected:
    """What the consumer must say of an order. ``refunded`` in halalas, ``None`` where any does."""

    statuses: frozenset[str]
    refunded: int | None
    unknown: bool = False

    def agrees(self, state: ConsumerState | None) -> bool:
        """Whether a state is as expected."""
        if state is None:
            return self.unknown
        if state.status not in self.statuses:
            return False
        return self.refunded is None or state.halalas == self.refunded

    def __str__(self) -> str:
        words = " or ".join(sorted(self.statuses))
        return words if self.refunded is None else f"{words}, refunded {sar_text(self.refunded)}"


def wanted(ledger: OrderLedger) -> Expected:
    """What the books say. What a consumer keeps as refunded of a cancelled order is its own."""
    cancelled = ledger.status is OrderStatus.CANCELLED
    return Expected(frozenset({ledger.status.value}), None if cancelled else ledger.refunded)
