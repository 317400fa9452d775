"""What each step of a story must come to: the oracle of the stories, typed again by hand."""

import pytest

from points_conformance.contract import lifecycle
from points_conformance.contract.dialect import Dialect
from points_conformance.contract.lifecycle import REFUSED, Action, Disputed
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.ledger import OrderLedger
from points_conformance.rules.api.machine import Do, Must, StoryStep, blamed, predict
from points_conformance.simulator import Simulator
from points_conformance.simulator.messages import Request

S = OrderStatus
ACCEPT, REFUSE, EITHER, NOTHING = Must.ACCEPT, Must.REFUSE, Must.EITHER, Must.NOTHING

#: Status, then what cancel, refund without amount, a part, the rest and a halala more come to.
REVERSALS = [
    (S.NEW, ACCEPT, REFUSE, REFUSE, REFUSE, REFUSE),
    (S.AUTHORIZED, ACCEPT, REFUSE, REFUSE, REFUSE, REFUSE),
    (S.APPROVED, EITHER, ACCEPT, ACCEPT, ACCEPT, REFUSE),
    (S.CAPTURED, EITHER, ACCEPT, ACCEPT, ACCEPT, REFUSE),
    (S.PARTIALLY_REFUNDED, EITHER, EITHER, ACCEPT, ACCEPT, REFUSE),
    (S.FULLY_REFUNDED, REFUSE, REFUSE, REFUSE, REFUSE, REFUSE),
    (S.CANCELLED, REFUSE, REFUSE, REFUSE, REFUSE, REFUSE),
]
#: Status of a replacing order, then authorize, capture, complete.
FORWARD = [
    (S.NEW, ACCEPT, REFUSE, ACCEPT),
    (S.AUTHORIZED, NOTHING, ACCEPT, NOTHING),
    (S.APPROVED, NOTHING, REFUSE, REFUSE),
    (S.CAPTURED, NOTHING, NOTHING, NOTHING),
    (S.PARTIALLY_REFUNDED, REFUSE, NOTHING, REFUSE),
    (S.FULLY_REFUNDED, REFUSE, REFUSE, REFUSE),
    (S.CANCELLED, REFUSE, REFUSE, REFUSE),
]


def books(status: OrderStatus, kind: OrderType = OrderType.REPLACING) -> OrderLedger:
    """The books of an order of 100 SAR in a status; 40 SAR have gone back where some have."""
    gone = {S.PARTIALLY_REFUNDED: 4_000, S.FULLY_REFUNDED: 10_000}.get(status, 0)
    return OrderLedger(
        kind=kind,
        status=status,
        total=10_000,
        points=2_000,
        refunded=gone,
        refunded_points=gone // 5,
    )


@pytest.mark.parametrize(
    ("status", "do", "must"),
    [
        (status, do, must)
        for status, *musts in REVERSALS
        for do, must in zip((Do.CANCEL, Do.REFUND, Do.PART, Do.REST, Do.MORE), musts, strict=True)
    ],
)
def test_a_reversal_comes_to_what_the_contract_says(
    status: OrderStatus, do: Do, must: Must
) -> None:
    """Every reversal from every status, as the contract has it."""
    assert predict(books(status), StoryStep(do, 0, 1_000)).must is must


@pytest.mark.parametrize(
    ("status", "do", "must"),
    [
        (status, do, must)
        for status, *musts in FORWARD
        for do, must in zip((Do.AUTHORIZE, Do.CAPTURE, Do.COMPLETE), musts, strict=True)
    ],
)
def test_a_step_forward_comes_to_what_the_contract_says(
    status: OrderStatus, do: Do, must: Must
) -> None:
    """Every step forward from every status; what no source says is left out."""
    assert predict(books(status), StoryStep(do, 0)).must is must


def test_an_earning_order_is_never_completed() -> None:
    """Complete of an earning order is refused from wherever the contract knows a complete."""
    for status in (S.NEW, S.APPROVED, S.CANCELLED):
        assert predict(books(status, OrderType.EARNING), StoryStep(Do.COMPLETE, 0)).must is REFUSE


def test_the_rest_ends_the_refund_and_a_part_does_not() -> None:
    """The books after an accepted refund: what is left decides the status."""
    part = predict(books(S.APPROVED), StoryStep(Do.PART, 0, 2_500)).after
    rest = predict(part, StoryStep(Do.REST, 0)).after
    assert (part.status, part.left) == (S.PARTIALLY_REFUNDED, 7_500)
    assert (rest.status, rest.left) == (S.FULLY_REFUNDED, 0)


def test_a_strangers_refund_is_refused_from_every_status() -> None:
    """Another merchant's refund is refused whatever the order is."""
    assert {predict(books(status), StoryStep(Do.STRANGER, 0)).must for status in S} == {REFUSE}


@pytest.mark.parametrize(
    ("now", "left", "shown", "rule"),
    [
        # An old answer: the order has left that status.
        (S.PARTIALLY_REFUNDED, {S.APPROVED}, "approved", "refund.read-after-write"),
        (S.FULLY_REFUNDED, {S.APPROVED, S.PARTIALLY_REFUNDED}, "partially_refunded",
         "refund.read-after-write"),
        (S.CANCELLED, {S.NEW}, "new", "cancel.read-after-write"),
        # Changed by the stranger: the order never was in that status.
        (S.APPROVED, set(), "fully_refunded", "isolation.foreign-refund"),
        (S.PARTIALLY_REFUNDED, {S.APPROVED}, "fully_refunded", "isolation.foreign-refund"),
        (S.FULLY_REFUNDED, {S.APPROVED}, "partially_refunded", "isolation.foreign-refund"),
        (S.APPROVED, set(), "no word of ours", "isolation.foreign-refund"),
    ],
)  # fmt: skip
def test_a_stale_read_after_a_strangers_attempt_is_no_matter_of_isolation(
    now: OrderStatus, left: set[OrderStatus], shown: str, rule: str
) -> None:
    """Unless the attempt changed something, which shows in a status that is new to the order."""
    assert blamed("isolation.foreign-refund", Do.STRANGER, books(now), shown, left) == rule


def test_a_wrong_read_after_the_merchants_own_step_is_laid_to_the_step() -> None:
    """A refused refund may well bring back an old status."""
    args = (Do.MORE, books(S.PARTIALLY_REFUNDED), "approved", {S.APPROVED})
    assert blamed("refund.sum-bounded", *args) == "refund.sum-bounded"


def test_a_prediction_names_a_rule_of_the_catalogue() -> None:
    """What a story breaks is laid to a rule that exists."""
    from points_conformance.subjects import catalogue

    ids = {rule.id for rule in catalogue()}
    named = {
        predict(books(status, kind), StoryStep(do, 0, amount)).rule
        for status in S
        for kind in OrderType
        for do in Do
        for amount in (1, 6_000, 10_000, 10_001)
    }
    assert named - {""} <= ids


@pytest.fixture
def another_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table with three arrows more: certain, disputed and refused."""
    rows = {status: dict(row) for status, row in lifecycle.ARROWS.items()}
    rows[S.AUTHORIZED][Action.COMPLETE] = S.APPROVED
    rows[S.AUTHORIZED][Action.CANCEL] = Disputed(S.CANCELLED, "cancel_approved")
    rows[S.CAPTURED][Action.AUTHORIZE] = REFUSED
    monkeypatch.setattr(lifecycle, "ARROWS", rows)


@pytest.mark.usefixtures("another_row")
@pytest.mark.parametrize(
    ("status", "do", "must"),
    [
        (S.AUTHORIZED, Do.COMPLETE, ACCEPT),
        (S.AUTHORIZED, Do.CANCEL, EITHER),
        (S.CAPTURED, Do.AUTHORIZE, REFUSE),
    ],
)
def test_a_new_arrow_is_a_row_and_no_code(status: OrderStatus, do: Do, must: Must) -> None:
    """Stories, the books and the simulator obey the table, whatever stands in it."""
    assert predict(books(status), StoryStep(do, 0)).must is must
    simulator = Simulator(dialect=Dialect(cancel_approved="refused"))
    order = simulator.make_order(kind=OrderType.REPLACING, status=status)
    key = {"x-api-key": order.merchant.key}
    answer = simulator.handle(Request("POST", f"/api/v1/orders/{order.uuid}/{do.value}", key))
    assert (answer.status == 200) is (must is ACCEPT)
