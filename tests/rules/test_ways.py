"""Ways into every status are read from the table of arrows: what is new there is gone."""

from types import MappingProxyType

import pytest

from points_conformance.contract import lifecycle
from points_conformance.contract.lifecycle import ARROWS, FINAL, REFUSED, Action, Disputed, arrow
from points_conformance.contract.names import STEPS, OrderStatus, OrderType
from points_conformance.rules.api import ways
from points_conformance.rules.api.ways import WAYS, Way, refused_at, ways_into
from points_conformance.subjects import catalogue

S = OrderStatus
EARNING, REPLACING = OrderType.EARNING, OrderType.REPLACING


def gone(found: list[Way]) -> list[tuple[OrderStatus, Action]]:
    """The last arrows of ways."""
    return [(way.statuses[-2], way.actions[-1]) for way in found if way.actions]


@pytest.mark.parametrize("kind", OrderType)
def test_each_arrow_is_the_last_of_one_way(kind: OrderType) -> None:
    """Of an earning order no source speaks of the steps before a refund."""
    steps = {step.value for step in STEPS} if kind is EARNING else set()
    arrows = [
        (status, action)
        for status in ARROWS
        for action in Action
        if isinstance(arrow(kind, status, action), OrderStatus | Disputed)
        and action.value not in steps
    ]
    reached = {way.end for way in ways_into(kind)}
    assert sorted(gone(ways_into(kind))) == sorted(a for a in arrows if a[0] in reached)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_way_follows_the_table(way: Way) -> None:
    """Step by step, and nothing but its last arrow is disputed."""
    for number, action in enumerate(way.actions):
        found = arrow(way.kind, way.statuses[number], action)
        to = way.statuses[number + 1]
        assert found is to or (found.to is to and action is way.last)


def test_every_status_is_reached_and_final_ones_also_as_they_are_given() -> None:
    """By an action where it is final, whichever type the order has."""
    assert {way.end for way in WAYS} == set(OrderStatus)
    for kind in OrderType:
        for status in FINAL:
            ends = [way for way in ways_into(kind) if way.end is status]
            assert {bool(way.actions) for way in ends} == {True, False}


def test_ways_have_more_than_one_step_and_parts_before_the_end() -> None:
    """A partial refund comes before a cancel, the rest and an auto-refund."""
    parted = {way.last for way in WAYS if way.end in FINAL and Action.REFUND_PART in way.actions}
    assert parted == {Action.CANCEL, Action.REFUND_REST, Action.AUTO_REFUND}
    assert max(len(way.actions) for way in WAYS) >= 4


def test_a_new_arrow_and_a_new_refusal_are_gone_without_new_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cancelled order that can be authorized again, and a captured one that is never again."""
    row = {**ARROWS[S.CANCELLED], Action.AUTHORIZE: S.AUTHORIZED}
    table = {**ARROWS, S.CANCELLED: row}
    table[S.CAPTURED] = {**ARROWS[S.CAPTURED], Action.AUTHORIZE: REFUSED}
    for module in (lifecycle, ways):
        monkeypatch.setattr(module, "ARROWS", MappingProxyType(table))
    assert (S.CANCELLED, Action.AUTHORIZE) in gone(ways_into(REPLACING))
    assert Action.AUTHORIZE in refused_at(REPLACING, S.CAPTURED)
    assert Action.AUTHORIZE not in refused_at(REPLACING, S.CANCELLED)


def test_each_status_has_its_rule() -> None:
    """Named after it."""
    ids = {rule.id for rule in catalogue() if rule.family == "status"}
    assert {f"status.{status.value.replace('_', '-')}" for status in OrderStatus} <= ids
