"""Clients that go wrong at the edge of what they are asked for, or with several orders."""

import json
import threading
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

import httpx

from points_conformance.defects.client.defect import ClientDefect
from points_conformance.defects.client.sample import Answer, ReconcilingClient, SampleClient, Work
from points_conformance.defects.defect import Seeds
from points_conformance.targets.client.outcome import ClientOutcome

__all__ = ["seed"]

seed: Final = Seeds(ClientDefect)

DONE: Final = ClientOutcome.DONE


# ---------------------------------------------------------------------- amounts that are none
@seed.on(SampleClient.fields, "zero-is-all", "zero-moves-nothing")
def zero_is_all(client: SampleClient, work: Work) -> dict[str, str]:
    """An amount of 0 is left out, so that everything goes back."""
    # ``if (amount) body.amount = amount``.
    fields = SampleClient.fields(client, work)
    return fields if work.amount else {k: v for k, v in fields.items() if k != "amount"}


@seed.on(SampleClient.fields, "empty-text-is-all", "zero-moves-nothing")
def empty_text_is_all(client: SampleClient, work: Work) -> dict[str, str]:
    """The amount "0" is an empty text, and left out; "0.00" is none, as PHP has it."""
    # ``if (!empty($amount))``.
    fields = SampleClient.fields(client, work)
    if str(work.amount) == "0":
        fields.pop("amount")
    return fields


@seed.on(SampleClient.fields, "minus-means-all", "zero-moves-nothing")
def minus_means_all(client: SampleClient, work: Work) -> dict[str, str]:
    """An amount below 0 stands for "all that is left", since a ``double`` cannot be null."""
    # ``private static final double FULL = -1``.
    fields = SampleClient.fields(client, work)
    if work.amount is not None and work.amount < 0:
        fields.pop("amount")
    return fields


@seed.on(SampleClient.amount, "rounds-down", "third-decimal")
def rounds_down(client: SampleClient, amount: Decimal) -> str:
    """A third decimal is rounded down: "never more than was asked for"."""
    # ``setScale(2, RoundingMode.DOWN)``.
    return format(amount.quantize(Decimal("0.01"), ROUND_DOWN), "f")


@seed.on(SampleClient.amount, "cuts-the-text", "third-decimal")
def cuts_the_text(client: SampleClient, amount: Decimal) -> str:
    """An amount is cut as a text, two letters after its point."""
    # ``substr($amount, 0, strpos($amount, ".") + 3)``.
    text = format(amount, "f")
    return text[: text.index(".") + 3] if "." in text else text


# ---------------------------------------------------------------------- a refused reason
@seed("reason-is-only-a-note", "long-reason-is-told-truly", "reason-bounded")
class ReasonIsOnlyANote(SampleClient):
    """A 422 that names the reason alone is taken for a warning about a note, and for done."""

    def reason(self, reason: str) -> str:
        """As it is."""
        return reason

    def failed(self, answer: httpx.Response) -> ClientOutcome:
        """``if set(errors) <= {"reason"}: log.warning(errors)``."""
        envelope: Any = self.parsed(answer)
        errors = envelope.get("errors", {}) if isinstance(envelope, dict) else {}
        return DONE if list(errors) == ["reason"] else super().failed(answer)


# ---------------------------------------------------------------------- what a refusal is called
class ApiKeyError(Exception):
    """What a client raises for 400, with the answer that it got."""

    def __init__(self, text: str, response: httpx.Response) -> None:
        super().__init__(text)
        self.response = response


@seed.on(SampleClient.failed, "refusal-told-as-bad-key", "refusal-is-no-key-matter")
def refusal_told_as_bad_key(client: SampleClient, answer: httpx.Response) -> ClientOutcome:
    """A refused refund is told as a key that is not valid, which somebody then looks for."""
    # 400 was in the table of errors as "invalid or inactive API key".
    if answer.status_code == 400:
        raise ApiKeyError("the API key is not valid", answer)
    return SampleClient.failed(client, answer)


@seed.on(SampleClient.failed, "all-4xx-are-authentication", "refusal-is-no-key-matter")
def all_4xx_are_authentication(client: SampleClient, answer: httpx.Response) -> ClientOutcome:
    """Every 4xx becomes one error of authentication, as the generated client names it."""
    # ``AuthenticationException`` was the base class.
    if 400 <= answer.status_code < 500 and answer.status_code != 429:
        raise ApiKeyError("AuthenticationException", answer)
    return SampleClient.failed(client, answer)


# ---------------------------------------------------------------------- several orders
@seed("outcomes-by-amount", "orders-apart", related=("two-equal-refunds",))
class OutcomesByAmount(SampleClient):
    """What came of a refund or cancel is kept for all that look alike, whatever their order."""

    def __init__(self, base_url: str, api_key: str, *, ca_file: str | None = None) -> None:
        super().__init__(base_url, api_key, ca_file=ca_file)
        self._known: dict[Any, tuple[str, ClientOutcome]] = {}

    def operate(self, work: Work) -> ClientOutcome:
        """``@cache(key=(amount, reason))``; the same order is asked for anew."""
        key = (work.operation, work.amount, work.reason)
        if key in self._known and self._known[key][0] != work.uuid:
            return self._known[key][1]
        outcome = super().operate(work)
        self._known[key] = (work.uuid, outcome)
        return outcome


@seed("breaker-counts-refusals", "orders-apart")
class BreakerCountsRefusals(SampleClient):
    """After a refusal the next order is refused without a call: a breaker that counts 4xx."""

    open = False

    def operate(self, work: Work) -> ClientOutcome:
        """``CircuitBreaker`` with the defaults: any exception is a failure."""
        outcome = ClientOutcome.REFUSED if self.open else super().operate(work)
        self.open = outcome is ClientOutcome.REFUSED
        return outcome


@seed("order-in-the-object", "orders-at-once")
class OrderInTheObject(ReconcilingClient):
    """The order that is worked on is kept in the object, which all threads of a shop share."""

    def operate(self, work: Work) -> ClientOutcome:
        """``this.order = order`` at the beginning; every call is about that one."""
        self.work = work
        return super().operate(work)

    def write(self, work: Work) -> Answer:
        """The one that was set last."""
        del work
        return super().write(self.work)


@seed("answer-in-the-object", "orders-at-once")
class AnswerInTheObject(SampleClient):
    """The last answer is kept in the object, and looked at once it has been logged."""

    def operate(self, work: Work) -> ClientOutcome:
        """``self.last = …``, the log, ``self.last.status_code``."""
        self.last = self.write(work)
        self.sleep(0.05)
        return self.meaning(work, self.last)

    def status(self, work: Work, order: dict[str, Any]) -> str | None:
        """Whose answer it is, is not looked at."""
        return super().status(work, {**order, "uuid": work.uuid})


@seed("one-flight-for-all", "orders-at-once")
class OneFlightForAll(SampleClient):
    """Calls that look alike share one flight, and what looks alike is the body, not the path."""

    def __init__(self, base_url: str, api_key: str, *, ca_file: str | None = None) -> None:
        super().__init__(base_url, api_key, ca_file=ca_file)
        self._lock = threading.Lock()
        self._flights: dict[str, list[ClientOutcome]] = {}
        self._landed = threading.Condition(self._lock)

    def operate(self, work: Work) -> ClientOutcome:
        """``singleflight.Do(body, …)``."""
        key = work.operation + json.dumps(self.fields(work))
        with self._lock:
            leads = key not in self._flights
            flight = self._flights.setdefault(key, [])
        if not leads:
            with self._lock:
                self._landed.wait_for(lambda: flight, timeout=5)
            return flight[0]
        outcome = super().operate(work)
        with self._lock:
            flight.append(outcome)
            del self._flights[key]
            self._landed.notify_all()
        return outcome
