"""Histories of a run's orders, from what it recorded."""

import pytest

from points_conformance.rules.api import histories
from points_conformance.targets.api.build import embedded_target


def test_orders_are_looked_at_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many: each once, in order, with its own calls and no others."""
    api = embedded_target()
    for amount in (10, 20, 30, 40, 50):
        order = api.refundable()
        api.refund(order, amount=amount)
        api.read(order)
    whole = list(histories.histories(api))
    monkeypatch.setattr(histories, "_AT_A_TIME", 2)
    assert list(histories.histories(api)) == whole
    assert [history.order for history in whole] == [order.uuid for order in api.orders]
    amounts = [asked.amounts for history in whole for asked in history.asked]
    assert amounts == [frozenset({amount * 100}) for amount in (10, 20, 30, 40, 50)]
    assert all(len(history.shown) == 1 for history in whole)
