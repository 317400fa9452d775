"""The clients' rules with made-up records: each passes a careful client, and fails a wrong one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.rules.made_up_clients import (
    DONE,
    KEY,
    REFUSED,
    UNKNOWN,
    UUID,
    MadeUpTarget,
    Spoiled,
    also_calls,
    body,
    call,
    calls_at,
    careful,
    header,
    moves,
    says,
    second,
    sends,
)

from points_conformance.contract.names import OrderStatus
from points_conformance.judging.finding import Finding, NotExercised
from points_conformance.judging.rule import Level, Rule
from points_conformance.rules.client.judging import (
    PART,
    asked_with,
    at_most,
    broken,
    gaps_after_faults,
    honest,
    moved_at_most_once,
    not_said_done,
    not_said_refused,
    refused,
    was_done,
)
from points_conformance.simulator.messages import Request
from points_conformance.subjects import Subject, catalogue
from points_conformance.targets.client.case import Case, Fault, Operation, What, cancel, refund
from points_conformance.targets.client.record import Record

CATALOGUE = catalogue(Subject.CLIENT)
JUDGING = [rule for rule in CATALOGUE if rule.level is not Level.OBSERVE]
#: Cases of all sorts, for the rules that look at whatever was run.
ALL_SORTS = (
    asked_with(),
    asked_with(Fault(what=What.CLOSED, carried_out=True)),
    asked_with(Fault(what=What.STATUS, status=503, always=True)),
    asked_with(operations=(PART, PART)),
)
TWICE = moves(2)
HUNG = says(None, hung=True, how="did not end within 35 s")
ELEVEN = calls_at(range(11))
EARLY = calls_at((1.0, 2.5))


def with_amount(change: Callable[[Any], Any]) -> Spoiled:
    """The amount, where there is one, is another."""
    return body(amount=lambda amount: change(amount or Decimal(25)))


def moved_to(path: Callable[[Request], str], query: str = "") -> Spoiled:
    """The calls go elsewhere."""
    return sends(lambda request: replace(request, path=path(request), query=query))


#: For each rule, what a client would have left behind that breaks it.
WRONG: Mapping[str, tuple[Spoiled, ...]] = {
    "client.cancel": (says(UNKNOWN), says(None), moves(1)),
    "client.full-refund": (says(REFUSED), moves(0), moves(0.5)),
    "client.partial-refund": (says(UNKNOWN), moves(0), moves(0.5), TWICE),
    "client.remainder": (says(UNKNOWN), second(moves(0)), second(moves(0.5))),
    "client.two-equal-refunds": (second(moves(0)), second(says(REFUSED))),
    "client.exact-amount": (
        with_amount(lambda amount: amount + Decimal("0.0000000000001")),
        with_amount(lambda amount: amount - Decimal("0.01")),
        with_amount(lambda amount: True),
        with_amount(lambda amount: f" {amount}"),
        moves(0.5),
    ),
    "client.amount-is-a-number": (with_amount(str), with_amount(lambda amount: True)),
    "client.no-amount-when-full": (body(amount=None), body(amount=0), body(amount=Decimal("0.00"))),
    "client.reason-as-given": (
        body(reason=lambda reason: reason.encode("ascii", "replace").decode()),
        body(reason=lambda reason: reason[:255].strip("\n") + "!"),
        sends(lambda request: replace(request, body=b"{}")),
    ),
    "client.reason-absent": (body(reason=None), body(reason=" "), body(reason="None")),
    "client.reason-bounded": (body(reason="x" * 501),),
    "client.content-type": (header("content-type", "text/plain"), header("content-type", "")),
    "client.only-its-operation": (
        moved_to(lambda request: request.path.replace("/cancel", "/refund").replace("x", "y")),
        moved_to(lambda request: request.path.replace("/refund", "/cancel")),
        moved_to(lambda request: request.path.replace(UUID, "another")),
    ),
    "client.key-in-header-only": (
        moved_to(lambda request: request.path, f"key={KEY}"),
        moved_to(lambda request: f"{request.path}/{KEY}"),
        body(key=KEY),
        header("authorization", f"Bearer {KEY}"),
    ),
    "client.key-not-shown": (
        says(DONE, output=f"POST with {KEY}"),
        lambda record: replace(record, printed=f"DEBUG x-api-key: {KEY}"),
    ),
    "client.lost-partial-answer": (TWICE, says(REFUSED), moves(0.5)),
    "client.lost-full-answer": (says(REFUSED),),
    "client.lost-cancel-answer": (says(REFUSED), moves(1)),
    "client.lost-request": (says(DONE), TWICE),
    "client.lost-second-partial": (second(says(DONE)), second(says(REFUSED)), second(TWICE)),
    "client.lost-answer-and-read": (TWICE, says(REFUSED)),
    "client.error-after-commit": (TWICE, says(REFUSED)),
    "client.error-before-commit": (says(DONE), TWICE),
    "client.hanging-answer": (TWICE, says(REFUSED)),
    "client.hanging-ends": (HUNG, says(DONE)),
    "client.slow-answer": (TWICE, says(REFUSED)),
    "client.late-commit": (says(REFUSED),),
    "client.refused-is-refused": (says(UNKNOWN), says(DONE), says(None)),
    "client.refusal-is-no-key-matter": (
        says(REFUSED, output="raised ApiError: the API key is not valid"),
        says(REFUSED, output="AuthenticationError (HTTP 400)"),
        says(REFUSED, output="Unauthorized: check your key"),
        says(REFUSED, output="InvalidApiKey"),
    ),
    "client.zero-moves-nothing": (second(moves(1)), second(moves(0.5))),
    "client.third-decimal": (moves(0.9995), says(REFUSED), TWICE),
    "client.long-reason-is-told-truly": (moves(0), TWICE),
    "client.orders-apart": (says(DONE), says(REFUSED), second(says(UNKNOWN))),
    "client.orders-at-once": (says(DONE), says(REFUSED), TWICE),
    "client.not-found-is-refused": (says(UNKNOWN), says(DONE)),
    "client.invalid-is-refused": (says(UNKNOWN), says(DONE)),
    "client.no-retry-after-refusal": (calls_at((1.0, 9.0)),),
    "client.changed-key": (says(DONE), ELEVEN),
    "client.status-false": (says(DONE),),
    "client.unchanged-order": (says(DONE),),
    "client.no-order": (says(DONE),),
    "client.html-answer": (says(DONE),),
    "client.truncated-answer": (says(DONE), says(REFUSED), TWICE),
    "client.unknown-status": (says(DONE), says(REFUSED), TWICE),
    "client.key-not-redirected": (
        also_calls(host="elsewhere"),
        also_calls(host="elsewhere", request=Request("GET", "/", {}, b"", f"key={KEY}")),
        also_calls(host="elsewhere", request=Request("POST", "/", {}, KEY.encode())),
    ),
    "client.redirect-is-not-done": (says(DONE),),
    "client.tolerant": (says(UNKNOWN), says(None)),
    "client.trusts-its-ca": (
        also_calls(host="in clear"),
        moves(0),
        says(UNKNOWN),
    ),
    "client.untrusted-certificate": (also_calls(), also_calls(host="in clear"), says(DONE)),
    "client.wrong-host-certificate": (also_calls(), says(DONE)),
    "client.expired-certificate": (also_calls(), says(DONE)),
    "client.turned-away": (TWICE, says(DONE)),
    "client.waits-as-told": (EARLY,),
    "client.waits-until-date": (EARLY,),
    "client.long-wait-ends": (HUNG,),
    "client.too-many-bounded": (ELEVEN,),
    "client.errors-bounded": (ELEVEN,),
    "client.no-hammering": (calls_at((1, 1.1, 1.2, 1.3, 1.4, 1.9)),),
    "client.connection-refused": (HUNG, says(DONE)),
    "client.generated": (TWICE, says(DONE), says(REFUSED)),
    "client.ends-in-time": (HUNG,),
    "client.tells-its-outcome": (says(None, how="exit status 1"),),
    "client.leaves-nothing-running": (says(DONE, left=1),),
}
#: What looks wrong to somebody in a hurry, and is right.
RIGHT: Mapping[str, tuple[Spoiled, ...]] = {
    "client.refusal-is-no-key-matter": (
        says(REFUSED, output="raised Refused: HTTP 400, the order cannot be refunded"),
        says(REFUSED, output="HTTP 400: a bad key, or a state in which nothing can be refunded"),
        says(REFUSED, output="POST /orders/1/refund x-api-key: *** -> 400"),
        says(REFUSED, output=""),
    ),
    "client.zero-moves-nothing": (says(DONE), says(None, how="exit status 1")),
    "client.third-decimal": (says(UNKNOWN),),
    "client.orders-at-once": (says(UNKNOWN), says(None)),
    "client.exact-amount": (with_amount(str), with_amount(lambda amount: amount * Decimal("1.00"))),
    "client.reason-absent": (body(reason="Refunded by the shop"),),
    "client.lost-partial-answer": (says(UNKNOWN), says(DONE), says(None)),
    "client.lost-request": (says(UNKNOWN), says(REFUSED)),
    "client.late-commit": (TWICE, says(DONE)),
    "client.no-order": (says(REFUSED),),
    "client.key-not-redirected": (
        also_calls(host="elsewhere", request=Request("POST", "/", {}, b"{}")),
    ),
    "client.waits-as-told": (calls_at((1.0, 2.95)), calls_at((1.0,))),
    "client.too-many-bounded": (calls_at(range(10)),),
    "client.no-hammering": (calls_at((1, 1.1, 1.2, 1.3, 1.4, 2.0)),),
    "client.ends-in-time": (says(None),),
    "client.tells-its-outcome": (HUNG,),
}


def judged(rule: Rule, spoil: Spoiled | None = None) -> None:
    """Check a rule on made-up records. Raises what the check does."""
    target = MadeUpTarget(lambda case: spoil(careful(case)) if spoil else careful(case))
    if rule.closing:
        target.run(*ALL_SORTS)
    rule.check(target)


def test_every_must_is_shown_to_fail() -> None:
    """Each MUST and SHOULD has a made-up record that breaks it."""
    assert sorted(WRONG) == sorted(rule.id for rule in JUDGING)
    assert set(RIGHT) <= set(WRONG)


@pytest.mark.parametrize("rule", JUDGING, ids=lambda rule: rule.id)
def test_a_rule_passes_what_a_careful_client_does(rule: Rule) -> None:
    """Once called, unknown where it is unclear."""
    judged(rule)


@pytest.mark.parametrize(
    ("id_", "number"), [(id_, number) for id_ in WRONG for number in range(len(WRONG[id_]))]
)
def test_a_rule_fails_what_breaks_it(id_: str, number: int) -> None:
    """With the schedule, the calls, and without the key."""
    with pytest.raises(Finding) as found:
        judged(CATALOGUE[id_], WRONG[id_][number])
    finding = found.value
    assert (finding.title, finding.expected, finding.got) != ("", "", "")
    assert any(line.endswith(" SAR, approved") or "order" in line for line in finding.story)
    told = "\n".join((finding.expected, finding.got, *finding.story, repr(finding.exchanges)))
    assert KEY not in told


@pytest.mark.parametrize(
    ("id_", "number"), [(id_, number) for id_ in RIGHT for number in range(len(RIGHT[id_]))]
)
def test_a_rule_passes_what_only_looks_wrong(id_: str, number: int) -> None:
    """No client is blamed for it."""
    judged(CATALOGUE[id_], RIGHT[id_][number])


def test_a_client_that_uses_none_of_the_variables_is_not_blamed_for_https() -> None:
    """It cannot be told whom to trust; which variables there are is said."""

    def never_called(case: Case) -> Record:
        return says(UNKNOWN)(moves(0)(replace(careful(case), seen=())))

    with pytest.raises(NotExercised, match=r"POINTS_CA_FILE.*NODE_EXTRA_CA_CERTS"):
        CATALOGUE["client.trusts-its-ca"].check(MadeUpTarget(never_called))


def test_who_says_done_without_a_call_is_blamed() -> None:
    """For that is no matter of certificates."""

    def lies(case: Case) -> Record:
        return says(DONE)(moves(0)(replace(careful(case), seen=())))

    with pytest.raises(Finding, match="not carried out as asked"):
        CATALOGUE["client.trusts-its-ca"].check(MadeUpTarget(lies))


# ---------------------------------------------------------------------- what is read
def read(*, at: float) -> Any:
    """A read of the order."""
    request = Request("GET", f"/api/v1/orders/{UUID}", {"x-api-key": KEY})
    return call(PART, at=at, answered_at=at, request=request, writes=False, reads=True)


@pytest.mark.parametrize(
    ("later", "outcome", "reading"),
    [
        ((), UNKNOWN, "neither reads nor repeats, says unknown"),
        ((read(at=2),), DONE, "reads the order, says done"),
        ((call(PART, at=2),), DONE, "repeats without reading, says done"),
        ((read(at=2), call(PART, at=3)), REFUSED, "reads the order, then repeats, says refused"),
        ((call(PART, at=2), read(at=3)), None, "repeats without reading, says nothing"),
    ],
)
def test_how_a_lost_answer_is_recovered_is_read(
    later: tuple[Any, ...], outcome: Any, reading: str
) -> None:
    """From the calls after the first one that changes anything; reads before it say nothing."""

    def of(case: Case) -> Record:
        made = careful(case)
        return says(outcome)(replace(made, seen=(read(at=0.5), *made.seen, *later)))

    assert CATALOGUE["client.recovery"].check(MadeUpTarget(of)) == {"recovery": reading}


@pytest.mark.parametrize("spoil", [lambda record: replace(record, seen=()), moves(0)])
def test_a_client_that_never_calls_is_read_all_the_same(spoil: Spoiled) -> None:
    """A reading never ends in an error of the kit's."""
    target = MadeUpTarget(lambda case: spoil(careful(case)))
    assert set(CATALOGUE["client.recovery"].check(target)) == {"recovery"}


@pytest.mark.parametrize(
    ("times", "word"), [(0, "not at all"), (1, "once"), (2, "twice"), (3, "more than twice")]
)
def test_what_a_late_commit_does_is_read(times: int, word: str) -> None:
    """And what was said of it."""
    target = MadeUpTarget(lambda case: moves(times)(careful(case)))
    read_as = CATALOGUE["client.late-commit-twice"].check(target)
    assert read_as == {"late-commit": f"moved {word}, said unknown"}


# ---------------------------------------------------------------------- what decides
def of(*faults: Fault, operations: tuple[Operation, ...] = (PART,), **order: Any) -> Record:
    """A careful client's record of such a case."""
    return careful(asked_with(*faults, operations=operations, **order))


LOST = Fault(what=What.CLOSED, carried_out=True)
OFF = {"operations": (cancel(),), "status": OrderStatus.NEW}


def test_what_was_done_is_done_as_asked_and_said() -> None:
    """All three at once, for each operation."""
    was_done(of())
    was_done(of(**OFF))
    was_done(of(operations=(PART, refund())))
    for record, title in (
        (says(UNKNOWN)(of()), "what was done is not said to be done"),
        (moves(0)(of()), "the operation was not carried out as asked"),
        (moves(1)(of(**OFF)), "the operation was not carried out as asked"),
        (of(**OFF | {"status": OrderStatus.CANCELLED}), "what was done is not said to be done"),
    ):
        with pytest.raises(Finding, match=title):
            was_done(record)


def test_money_moves_once_or_not_at_all() -> None:
    """Never more, never another amount; a cancel moves none."""
    for record in (of(), moves(0)(of()), of(LOST), of(**OFF), of(operations=(PART, PART))):
        moved_at_most_once(record)
    with pytest.raises(Finding, match="more went back") as more:
        moved_at_most_once(TWICE(of()))
    assert (more.value.expected, more.value.got) == (
        "at most 25.00 SAR, once",
        "50.00 SAR, by 2 calls that were carried out",
    )
    with pytest.raises(Finding, match="another amount went back"):
        moved_at_most_once(moves(0.5)(of()))


def test_unknown_is_never_a_lie() -> None:
    """Nor is silence one, here; done and refused are held against the books."""
    for outcome in (UNKNOWN, None):
        honest([says(outcome)(of()), says(outcome)(of(LOST)), says(outcome)(moves(0)(of()))])
    with pytest.raises(Finding, match="what was not done is said to be done"):
        not_said_done(says(DONE)(moves(0)(of())))
    with pytest.raises(Finding, match="what was done is said to be refused"):
        not_said_refused(says(REFUSED)(of(LOST)))
    not_said_done(says(REFUSED)(of(LOST)))
    not_said_refused(says(DONE)(moves(0)(of())))


def test_a_refusal_is_judged_by_the_last_operation() -> None:
    """The one before it may have been done."""
    refused([of(status=OrderStatus.CANCELLED)])
    refused([of(operations=(refund(), refund()))])
    for record in (of(), says(UNKNOWN)(of(exists=False)), says(REFUSED)(of())):
        with pytest.raises(Finding, match="a refusal is not said to be one"):
            refused([record])


def test_calls_are_counted_for_each_operation() -> None:
    """And only those that may change something."""
    two = of(operations=(PART, PART))
    at_most(two, 1, "call")
    at_most(replace(two, seen=(*two.seen, read(at=5))), 1, "call")
    with pytest.raises(Finding, match="too many calls") as found:
        at_most(replace(two, seen=(*two.seen, call(PART, 2))), 1, "call, for it is one")
    assert (found.value.expected, found.value.got) == (
        "at most 1 call, for it is one",
        "2 calls in 0.5 s",
    )


def test_gaps_follow_faults_within_an_operation() -> None:
    """From the answer to the next call; what follows a good answer is none."""
    fault = Fault(what=What.STATUS, status=429)
    calls = (
        call(PART, at=1.0, answered_at=1.5, fault=fault),
        call(PART, at=2.0, answered_at=2.0),
        call(PART, at=2.1, answered_at=2.1, fault=fault),
        call(PART, 2, at=2.2, answered_at=2.2, fault=fault),
        call(PART, 2, at=5.0, answered_at=5.0),
    )
    gaps = gaps_after_faults(replace(of(operations=(PART, PART)), seen=calls))
    assert gaps == pytest.approx([0.5, 2.8])


def test_a_finding_tells_the_schedule_and_hides_the_key() -> None:
    """Order, faults, what was asked and said, in the order of time."""
    record = says(DONE, how=f"returned {KEY}")(header("x-shop", KEY)(of(LOST)))
    finding = broken(record, "title", expected="this", got=f"that with {KEY}")
    assert finding.story == (
        "an order of 100.00 SAR, approved",
        "fault: operation 1, call 1: carried out, the connection is closed without an answer",
        "  1.00 s  asked: refund 25.00 SAR",
        f"  1.10 s  POST /api/v1/orders/{UUID}/refund "
        '{"amount":25.00,"reason":"One item came back"} '
        "-> carried out, the connection is closed without an answer, the books change",
        "  1.50 s  said: done (returned $POINTS_API_KEY); in truth 25.00 SAR went back",
    )
    assert finding.got == "that with $POINTS_API_KEY"
    assert KEY not in repr(finding.exchanges)
    assert len(finding.exchanges) == 1
