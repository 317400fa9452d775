"""``race.*``: calls at once on one order, on real connections, released together.

Races and timing are exempt from "same seed, same verdict"; a finding says in how many rounds. Some
or all of the calls may be turned away (409, 423, 429, 503): at most one of two exclusive calls is
accepted, and what goes back stays within the total.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from points_conformance.contract.money import sar
from points_conformance.contract.names import OrderStatus
from points_conformance.judging.finding import Finding, NotExercised
from points_conformance.judging.rule import ALL, Level, Profile, inferred, promised
from points_conformance.rules.api import readings
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.target import REASON, ApiTarget

__all__ = ["no_server_error", "rule"]

MUST = Level.MUST
TWICE = promised("no double refunds")
BOUNDED = promised("partial sums bounded")
AT_ONCE = inferred("calls at once are calls; one of two exclusive ones is first")

#: Calls at once in a round, and rounds by profile, on loopback and off it.
CROWD = 5
ROUNDS = {Profile.SMOKE: 1, Profile.STANDARD: 4, Profile.DEEP: 12}
FAR_ROUNDS = {Profile.SMOKE: 1, Profile.STANDARD: 1, Profile.DEEP: 6}
#: Calls of one round: an order, the crowd, and three looks afterwards.
_ROUND = CROWD + 5
CALLS = {profile: rounds * _ROUND for profile, rounds in ROUNDS.items()}
FAR_CALLS = {profile: rounds * _ROUND for profile, rounds in FAR_ROUNDS.items()}
rule = family(TWICE, AT_ONCE, calls=CALLS, far_calls=FAR_CALLS, alone=ALL)

WITH_REASON: Mapping[str, Any] = {"reason": REASON}
Calls = Sequence[tuple[str, Mapping[str, Any]]]


def _rounds(api: ApiTarget, one: Callable[[], None]) -> None:
    """Play rounds within the rule's calls; a finding says in how many of them."""
    rounds = max(api.allowance // _ROUND, 1)
    findings = []
    for _ in range(rounds):
        first = len(api.exchanges)
        try:
            one()
        except Finding as finding:
            finding.exchanges = tuple(api.exchanges[first:])
            findings.append(finding)
    if findings:
        findings[0].rounds = f"{len(findings)} of {rounds} rounds"
        raise findings[0]


def no_server_error(answers: Sequence[Answer]) -> None:
    """However many calls come at once, none is a server error. A gateway's is the network's."""
    codes = Counter(answer.status for answer in answers)
    failed = [code for code in codes if code >= 500 and code not in (502, 503, 504)]
    fail_unless(
        not failed,
        "server error under calls at once",
        expected="each call to be carried out or refused",
        got=", ".join(f"{count} times {code}" for code, count in sorted(codes.items())),
    )


def _at_most(answers: Sequence[Answer], most: int, title: str) -> int:
    accepted = sum(answer.accepted for answer in answers)
    fail_unless(
        accepted <= most,
        title,
        expected=f"at most {most} of {len(answers)} calls at once to be accepted",
        got=f"{accepted} accepted",
    )
    return accepted


@rule("race.full-refunds", MUST, after="refund.second-full-is-refused")
def of_full_refunds_at_once_one_is_accepted(api: ApiTarget) -> None:
    """Of several full refunds of one order at once at most one MUST be accepted."""

    def one() -> None:
        order = api.refundable()
        answers = api.at_once(order, [("refund", WITH_REASON)] * CROWD)
        no_server_error(answers)
        accepted = _at_most(answers, 1, "several full refunds at once were accepted")
        if accepted:
            expect(api.read(order)).shows(OrderStatus.FULLY_REFUNDED)

    _rounds(api, one)


@rule("race.partial-refunds", MUST, BOUNDED, AT_ONCE, after="refund.sum-bounded")
def partial_refunds_at_once_stay_within_the_total(api: ApiTarget) -> None:
    """Partial refunds of one order at once MUST stay within its total, each counted once."""

    def one() -> None:
        order = api.refundable()
        part = order.total * 3 // 10
        answers = api.at_once(order, [("refund", {**WITH_REASON, "amount": sar(part)})] * CROWD)
        no_server_error(answers)
        accepted = _at_most(answers, 3, "partial refunds at once exceed the total")
        if accepted and len(answers) == CROWD:
            left = order.total - accepted * part
            above = api.refund(order, amount=sar(left + 1))
            fail_unless(
                above.refused,
                "a partial refund at once was not counted",
                expected=f"{sar(left)} SAR to be left after {accepted} refunds of {sar(part)}",
                got=f"a refund of {sar(left + 1)} was answered with HTTP {above.status}",
            )

    _rounds(api, one)


@rule("race.cancels", MUST, AT_ONCE, after="cancel.second-is-refused")
def of_cancels_at_once_one_is_accepted(api: ApiTarget) -> None:
    """Of several cancels of one order at once at most one MUST be accepted."""

    def one() -> None:
        order = readings.cancellable(api)
        answers = api.at_once(order, [("cancel", WITH_REASON)] * CROWD)
        no_server_error(answers)
        if _at_most(answers, 1, "several cancels at once were accepted"):
            expect(api.read(order)).shows(OrderStatus.CANCELLED)

    _rounds(api, one)


@rule("race.cancel-or-refund", MUST, after=("cancel.ends-cancelled", "refund.cancelled-is-refused"))
def a_cancel_and_a_refund_at_once_exclude_each_other(api: ApiTarget) -> None:
    """Of cancels and full refunds of one order at once at most one MUST be accepted."""
    if readings.cancel_settled(api, OrderStatus.APPROVED) != "accepted":
        raise NotExercised(
            "this target refuses to cancel paid orders: no call excludes another",
            lacks="cancels of paid orders",
        )

    def one() -> None:
        order = api.order(OrderStatus.APPROVED)
        calls: Calls = [("cancel", WITH_REASON), ("refund", WITH_REASON)] * 2
        answers = api.at_once(order, calls)
        no_server_error(answers)
        _at_most(answers, 1, "a cancel and a refund at once were both accepted")

    _rounds(api, one)
