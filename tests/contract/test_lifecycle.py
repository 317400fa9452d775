"""The lifecycle, typed a second time by hand: the shipped table must say the same.

A word is where the action leads, ``-`` a refusal, ``?word`` an arrow that the sources dispute.
"""

from collections.abc import Iterator

import pytest

from points_conformance.contract.lifecycle import (
    ACTIONS,
    DISPUTED,
    TRANSITIONS,
    Action,
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
new                 -         authorized -        cancelled   -                  -              -
authorized          -         -          captured cancelled   -                  -              -
approved            -         -          -        ?cancelled  partially_refunded fully_refunded -
captured            -         -          -        ?cancelled  partially_refunded fully_refunded -
partially_refunded  -         -          -        ?cancelled  partially_refunded fully_refunded -
fully_refunded      -         -          -        -           -                  -              -
cancelled           -         -          -        -           -                  -              -
"""

# status            complete  authorize  capture  cancel      part               rest           auto
REPLACING = """
new                 approved  authorized -        cancelled   -                  -              -
authorized          -         -          captured cancelled   -                  -              -
approved            -         -          -        ?cancelled  partially_refunded fully_refunded fully_refunded
captured            ?approved -          -        ?cancelled  partially_refunded fully_refunded fully_refunded
partially_refunded  -         -          -        ?cancelled  partially_refunded fully_refunded fully_refunded
fully_refunded      -         -          -        -           -                  -              -
cancelled           -         -          -        -           -                  -              -
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


def _certain(word: str) -> OrderStatus | None:
    return None if word.startswith(("-", "?")) else OrderStatus(word)


def _followed(word: str) -> OrderStatus | None:
    return None if word == "-" else OrderStatus(word.removeprefix("?"))


@pytest.mark.parametrize(("kind", "status", "action", "word"), CELLS, ids=IDS)
def test_the_table_says_what_the_contract_says(
    kind: OrderType, status: OrderStatus, action: Action, word: str
) -> None:
    """Each undisputed arrow leads where the contract says; everything else is refused."""
    assert next_status(kind, status, action) is _certain(word)


@pytest.mark.parametrize(("kind", "status", "action", "word"), CELLS, ids=IDS)
def test_disputed_arrows_are_followed_only_when_asked_for(
    kind: OrderType, status: OrderStatus, action: Action, word: str
) -> None:
    """With the disputed arrows, exactly those marked in the table are added."""
    assert next_status(kind, status, action, disputed=True) is _followed(word)


def test_the_hand_typed_table_is_total() -> None:
    """The table in this file names every type, status and action once."""
    cells = [cell[:3] for cell in CELLS]
    assert len(cells) == len(set(cells)) == len(OrderType) * len(OrderStatus) * len(Action)


@pytest.mark.parametrize("table", [TRANSITIONS, DISPUTED], ids=["certain", "disputed"])
def test_every_status_has_a_row(table: dict[OrderStatus, object]) -> None:
    """A missing row would be an error where a refusal is meant."""
    assert set(table) == set(OrderStatus)


def test_every_type_has_its_actions() -> None:
    """Both types are listed with what they know."""
    assert set(ACTIONS) == set(OrderType)


@pytest.mark.parametrize("status", list(OrderStatus))
def test_no_arrow_is_both_certain_and_disputed(status: OrderStatus) -> None:
    """A matter is disputed or it is not."""
    assert not set(TRANSITIONS[status]) & set(DISPUTED[status])


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.FULLY_REFUNDED])
def test_terminal_statuses_have_empty_rows(status: OrderStatus) -> None:
    """Nothing leaves a cancelled or fully refunded order, on no reading."""
    assert not TRANSITIONS[status]
    assert not DISPUTED[status]
