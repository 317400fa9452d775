"""The lifecycle, typed a second time by hand: the shipped table must say the same.

A word is where the action leads, ``x`` a refusal that the sources name, ``-`` what they say
nothing of, ``?word`` an arrow that they dispute.
"""

from collections.abc import Iterator

import pytest

from points_conformance.contract.dialect import Dialect
from points_conformance.contract.lifecycle import (
    ARROWS,
    FINAL,
    REFUSED,
    Action,
    Disputed,
    arrow,
    every_arrow,
    next_status,
)
from points_conformance.contract.names import OrderStatus, OrderType

COLUMNS = (
    Action.COMPLETE,
    Action.AUTHORIZE,
    Action.CAPTURE,
    Action.CANCEL,
    Action.REFUND_PART,
    Action.REFUND_REST,
    Action.AUTO_REFUND,
)

# status            complete  authorize  capture  cancel      part               rest           auto
EARNING = """
new                 x         authorized x        cancelled   x                  x              -
authorized          x         -          captured cancelled   x                  x              -
approved            x         -          x        ?cancelled  partially_refunded fully_refunded -
captured            x         -          -        ?cancelled  partially_refunded fully_refunded -
partially_refunded  x         x          -        ?cancelled  partially_refunded fully_refunded -
fully_refunded      x         x          x        x           x                  x              -
cancelled           x         x          x        x           x                  x              -
"""

# status            complete  authorize  capture  cancel      part               rest           auto
REPLACING = """
new                 approved  authorized x        cancelled   x                  x              -
authorized          -         -          captured cancelled   x                  x              -
approved            x         -          x        ?cancelled  partially_refunded fully_refunded fully_refunded
captured            ?approved -          -        ?cancelled  partially_refunded fully_refunded fully_refunded
partially_refunded  x         x          -        ?cancelled  partially_refunded fully_refunded fully_refunded
fully_refunded      x         x          x        x           x                  x              -
cancelled           x         x          x        x           x                  x              -
"""  # noqa: E501

Cell = tuple[OrderType, OrderStatus, Action, str]


def _cells() -> Iterator[Cell]:
    for kind, table in ((OrderType.EARNING, EARNING), (OrderType.REPLACING, REPLACING)):
        for row in table.strip().splitlines():
            status, *words = row.split()
            for action, word in zip(COLUMNS, words, strict=True):
                yield kind, OrderStatus(status), action, word


CELLS = list(_cells())
IDS = [f"{kind}-{status}-{action}" for kind, status, action, _ in CELLS]


#: Which field of the dialect decides each disputed arrow.
FIELDS = {
    ("approved", "cancel"): "cancel_approved",
    ("captured", "cancel"): "cancel_captured",
    ("partially_refunded", "cancel"): "cancel_partially_refunded",
    ("captured", "complete"): "complete_captured",
}
NO_ARROW = Dialect().with_(**dict.fromkeys(FIELDS.values(), "refused"))


def _led(word: str, *, disputed: bool) -> OrderStatus | None:
    if word in ("x", "-") or (word.startswith("?") and not disputed):
        return None
    return OrderStatus(word.removeprefix("?"))


@pytest.mark.parametrize(("kind", "status", "action", "word"), CELLS, ids=IDS)
def test_the_table_says_what_the_contract_says(
    kind: OrderType, status: OrderStatus, action: Action, word: str
) -> None:
    """Each cell is an arrow, a disputed arrow with its field, a refusal, or nothing."""
    found = arrow(kind, status, action)
    if word.startswith("?"):
        field = FIELDS[status.value, action.value]
        assert found == Disputed(OrderStatus(word.removeprefix("?")), field)
    else:
        assert found == {"x": REFUSED, "-": None}.get(word, word)


@pytest.mark.parametrize(("kind", "status", "action", "word"), CELLS, ids=IDS)
def test_disputed_arrows_are_followed_only_by_dialects_that_accept_them(
    kind: OrderType, status: OrderStatus, action: Action, word: str
) -> None:
    """Each undisputed arrow leads where the contract says; everything else is refused."""
    assert next_status(kind, status, action, NO_ARROW) is _led(word, disputed=False)
    assert next_status(kind, status, action, every_arrow()) is _led(word, disputed=True)


@pytest.mark.parametrize("field", FIELDS.values())
def test_each_disputed_arrow_has_a_field_of_its_own(field: str) -> None:
    """A dialect that accepts one follows one arrow more, from its status alone."""
    dialect = NO_ARROW.with_(**{field: "accepted"})
    more = {
        (status.value, action.value)
        for kind, status, action, _ in CELLS
        if next_status(kind, status, action, dialect)
        is not next_status(kind, status, action, NO_ARROW)
    }
    assert [FIELDS[cell] for cell in more] == [field]


def test_the_hand_typed_table_is_total() -> None:
    """The table in this file names every type, status and action once."""
    cells = [cell[:3] for cell in CELLS]
    assert len(cells) == len(set(cells)) == len(OrderType) * len(OrderStatus) * len(Action)


def test_every_status_has_a_row() -> None:
    """A missing row would be an error where a refusal is meant."""
    assert set(ARROWS) == set(OrderStatus)


def test_terminal_statuses_lead_nowhere() -> None:
    """Nothing leaves a cancelled or fully refunded order, on no reading."""
    assert FINAL == (OrderStatus.CANCELLED, OrderStatus.FULLY_REFUNDED)
