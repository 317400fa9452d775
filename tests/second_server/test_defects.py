"""Each defect of the second server shows over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.second_server import DEFECTS, SecondServer
from tests.second_server.client import DIALECTS, act, hooked, made, send, status_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[SecondServer], object]

# The defects: what a probe sees of the sound server and of the one with the defect differs.


def _refunds(server: SecondServer, total: str, *amounts: object) -> object:
    """Refund in steps (none: no amount); return codes, ledger and status."""
    uuid = server.make_order(total_price=total)["uuid"]
    bodies = [{} if amount is None else {"amount": amount} for amount in amounts]
    codes = [act(server, uuid, "refund", body).status for body in bodies]
    return codes, server.ledger(uuid), server.find_order(_number(server, uuid))["order_status"]


def _number(server: SecondServer, uuid: str) -> str:
    """Return an order's number."""
    return str(send(server, "GET", f"/orders/{uuid}").order["order_number"])


def _told(server: SecondServer, action: str, *bodies: object) -> object:
    """Call an action in steps; return what the webhooks said."""
    uuid = server.make_order(status="new" if action == "cancel" else "approved")["uuid"]
    fields = ("reason", "refund_amount", "left_points")
    with hooked(server) as inbox:
        for body in bodies:
            act(server, uuid, action, body)
        untold = _is(server, "WebhookMissingOnSecondPartial", "WebhookMissingOnCancel")
        expected = len(bodies) - untold
        return [
            [delivery.order.get(field) for field in fields] for delivery in inbox.wait(expected)
        ]


def _is(server: SecondServer, *names: str) -> bool:
    """Tell whether a server has one of these defects, to spare the wait for what never comes."""
    return type(server.shop.desk).__name__ in names


def _envelope(server: SecondServer) -> object:
    """Compare id and secret of a webhook with those that REST shows."""
    row = server.make_order()
    with hooked(server) as inbox:
        secret = send(server, "GET", "/webhooks").body["data"][0]["secret"]
        act(server, row["uuid"], "refund")
        (delivery,) = inbox.wait(1)
    return delivery.order["id"] == row["uuid"], delivery.headers["X-Webhook-Secret"] == secret


def _foreign(server: SecondServer) -> object:
    """Reach for another merchant's orders."""
    new, approved = server.make_order(status="new")["uuid"], server.make_order()["uuid"]
    return (
        act(server, new, "cancel", key=server.other_key).status,
        act(server, approved, "refund", key=server.other_key).status,
        send(server, "GET", f"/orders/{new}", key=server.other_key).status,
    )


def _without_key(server: SecondServer) -> object:
    """Read without a key."""
    return send(server, "GET", f"/orders/{server.make_order()['uuid']}", key=None).status


def _read_after_refund(server: SecondServer) -> object:
    """Read after a refund."""
    uuid = server.make_order()["uuid"]
    act(server, uuid, "refund")
    return status_of(server, uuid)


def _at_once(server: SecondServer) -> object:
    """Refund all of an order four times at once, for several orders; return the worst."""
    worst = 0
    with ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            uuid = server.make_order()["uuid"]
            list(pool.map(lambda _, uuid=uuid: act(server, uuid, "refund"), range(4)))
            worst = max(worst, len(server.ledger(uuid)))
    return worst


def _reversed(server: SecondServer, status: str, action: str) -> object:
    """Call an action on an order in a status."""
    return act(server, server.make_order(status=status)["uuid"], action).status


PROBES: dict[str, Check] = {
    "float-ledger": lambda s: _refunds(s, "0.30", 0.1, 0.2),
    "double-full-refund": lambda s: _refunds(s, "150.00", None, None),
    "partial-sum-unbounded": lambda s: _refunds(s, "150.00", 100, 100),
    "zero-refunds-all": lambda s: _refunds(s, "150.00", 0),
    "race": _at_once,
    "wrong-default-reason": lambda s: _told(s, "cancel", {}),
    "cancel-drops-reason": lambda s: _told(s, "cancel", {"reason": "mine"}),
    "reason-unbounded": lambda s: made(s, "refund", {"reason": "x" * 501}),
    "foreign-order-refundable": _foreign,
    "foreign-order-cancellable": _foreign,
    "foreign-order-readable": _foreign,
    "refund-of-cancelled": lambda s: _reversed(s, "cancelled", "refund"),
    "cancel-twice": lambda s: _reversed(s, "cancelled", "cancel"),
    "cancel-of-refunded": lambda s: _reversed(s, "fully_refunded", "cancel"),
    "webhook-missing-on-second-partial": lambda s: _told(s, "refund", {"amount": 1}, {"amount": 2}),
    "webhook-missing-on-cancel": lambda s: _told(s, "cancel", {}),
    "webhook-cumulative-amount": lambda s: _told(s, "refund", {"amount": 1}, {"amount": 2}),
    "webhook-integer-id": _envelope,
    "webhook-wrong-secret": _envelope,
    "stale-read": _read_after_refund,
    "truncated-halalas": lambda s: _refunds(s, "150.00", 19.99),
    "large-amount-drops-halalas": lambda s: _refunds(s, "20000.50", 10000.25),
    "points-not-reversed": lambda s: _told(s, "refund", {"amount": 75}),
    "missing-key-accepted": _without_key,
    "remainder-stays-partial": lambda s: _refunds(s, "150.00", 100, 50),
    "refusal-mutates": lambda s: _refunds(s, "150.00", 151),
    "deep-series": lambda s: _refunds(s, "150.00", *[1] * 20),
}


def test_every_defect_has_a_probe() -> None:
    """No defect goes without proof."""
    assert set(PROBES) == set(DEFECTS)
    assert all(DEFECTS.values())


@pytest.mark.parametrize("defect", PROBES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_defect_shows(dialect: str, defect: str) -> None:
    """What a client sees of a defect differs from the sound server."""
    seen = []
    for variant in (None, defect):
        with SecondServer(dialect, variant) as server:
            seen.append(PROBES[defect](server))
            assert server.failures == []
    assert seen[0] != seen[1]
