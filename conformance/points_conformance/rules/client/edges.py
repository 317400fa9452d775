"""``client.*``: what no client need take: amounts that are none, a third decimal, a long reason.

A client may refuse these by itself, in a way of its own; then nothing is sent, and all is well.
"""

from typing import Final

from points_conformance.contract.limits import REASON_MAX
from points_conformance.contract.money import sar_text
from points_conformance.contract.names import OrderStatus
from points_conformance.judging.rule import Level, Profile, inferred
from points_conformance.rules.client.family import family
from points_conformance.rules.client.judging import (
    BODY,
    CANCEL,
    PART,
    asked_with,
    broken,
    honest,
    said_the_truth,
    sent_as,
)
from points_conformance.targets.client.case import Case, Operation, cancel, refund
from points_conformance.targets.client.record import Record

__all__ = ["rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
_CANCEL: Final = "client.cancel"
_FULL: Final = "client.full-refund"
_PART: Final = "client.partial-refund"
rule = family(BODY, after=_PART)


def _odd(*operations: Operation, **order: object) -> Case:
    return asked_with(operations=operations, optional=True, **order)


# ---------------------------------------------------------------------- the amount
#: Nothing, as it is written in money and as a number, and less; of a whole order, and of the rest.
#: Amounts that are equal make equal cases, of which one would be run: the reasons are not.
_NOTHING: Final = tuple(
    _odd(*before, refund(amount, f"Nothing: {amount}"))
    for before in ((), (PART,))
    for amount in ("0.00", "0", "-25.00")
)
#: Cut, each is a halala less than the nearest amount.
_THIRD: Final = tuple(
    _odd(refund(amount, "Part"), total=total)
    for amount, total in {"19.999": "100.00", "25.006": "100.00", "0.019": "1.00"}.items()
)


@rule(
    "client.zero-moves-nothing",
    MUST,
    inferred("0 is an amount that the body may name, and not the same as none: it means not all"),
    after=(_FULL, _PART),
    cases=_NOTHING,
)
def nothing_is_not_all(records: list[Record]) -> None:
    """Asked for 0.00, 0 or less a client MUST NOT have money moved: not all, and not the rest."""
    for record in records:
        turn = record.turns[-1]
        if turn.moved:
            raise broken(
                record,
                "money moves though nothing was asked for",
                expected=f"no money, for {turn.operation.amount} SAR",
                got=f"{turn.truth()}; the client said {turn.said}",
            )


@rule(
    "client.third-decimal",
    MUST,
    inferred("client.exact-amount: who cuts an amount gives back less than was asked for"),
    after="client.exact-amount",
    cases=_THIRD,
)
def a_third_decimal_is_not_cut(records: list[Record]) -> None:
    """An amount of three decimals MUST be refused or rounded to the nearest halala, never cut."""
    for record in records:
        turn = record.turns[0]
        if turn.moved not in (0, turn.asked):
            raise broken(
                record,
                "a third decimal is not rounded to the nearest halala",
                expected=f"{sar_text(turn.asked)} SAR for {turn.operation.amount}, or a refusal",
                got=f"{turn.truth()}; the client said {turn.said}",
            )
        said_the_truth(record)


# ---------------------------------------------------------------------- the reason
_LONG: Final = "\u0645" * REASON_MAX + "!"
_TOO_LONG: Final = (
    _odd(refund("25.00", _LONG)),
    _odd(cancel(_LONG), status=OrderStatus.NEW),
    _odd(refund(None, _LONG)),
)


@rule(
    "client.reason-bounded",
    SHOULD,
    BODY,
    CANCEL,
    after=(_CANCEL, _PART),
    cases=_TOO_LONG,
    profile=Profile.STANDARD,
)
def a_reason_is_bounded(records: list[Record]) -> None:
    """A client SHOULD never send a reason of more than 500 characters: cut it, or refuse it."""
    for record in records:
        for sent in sent_as(record, "reason"):
            if isinstance(sent, str) and len(sent) > REASON_MAX:
                raise broken(
                    record,
                    "a reason is too long",
                    expected=f"at most {REASON_MAX} characters",
                    got=f"{len(sent)} characters",
                )


@rule(
    "client.long-reason-is-told-truly",
    MUST,
    CANCEL,
    inferred("what is refused with 422 is not done, whatever was wrong with it"),
    after=(_CANCEL, _FULL, _PART),
    cases=_TOO_LONG,
)
def a_refused_reason_is_not_done(records: list[Record]) -> None:
    """What is refused for a reason of more than 500 characters MUST NOT be called done."""
    honest(records)
