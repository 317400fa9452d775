"""The inbox of the embedded simulator: what is queued does not wait for somebody who looks."""

from points_conformance.contract.money import sar
from points_conformance.targets.api.build import embedded_target


def test_after_many_calls_what_is_queued_is_sent() -> None:
    """The simulator keeps so many deliveries and no more: rules side by side that do not look would
    lose the oldest.
    """
    api = embedded_target()
    inbox = api.webhooks()
    order = api.refundable()
    for _ in range(60):
        assert api.refund(order, amount=sar(100)).accepted
    heard = [one.event for one in inbox.heard(order.uuid)]
    assert set(heard) == {"refunded"}
    assert 40 <= len(heard) < 60
    api.client.close()
