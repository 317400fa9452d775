"""What a client is given to do, and that only its own doing is judged."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import Any

import pytest
from tests.standstill import stand_still

from points_conformance.defects.client.sample import SampleClient
from points_conformance.targets.client.case import Case, refund
from points_conformance.targets.client.objects import ObjectClients
from points_conformance.targets.client.outcome import ClientOutcome
from points_conformance.targets.client.target import ClientTarget

PLAIN = Case(operations=(refund("25.00", "One item came back"),))


@contextmanager
def target_of(make: Callable[..., Any]) -> Iterator[ClientTarget]:
    """A client in this process."""
    with closing(ClientTarget(ObjectClients(make, timeout=10), timeout=10)) as target:
        yield target


class Disturbed:
    """A sound client on a machine that stands still during its first ``times`` operations, so that
    it gives up on an answer.
    """

    def __init__(self, times: int) -> None:
        self.times = times
        self.uuids: list[str] = []

    def __call__(self, base_url: str, api_key: str) -> "Disturbed":
        """The client is made."""
        self.sound = SampleClient(base_url, api_key)
        return self

    def refund(self, order_uuid: str, amount: Decimal, reason: str) -> ClientOutcome:
        """Refund, or give up."""
        self.uuids.append(order_uuid)
        if len(self.uuids) > self.times:
            return self.sound.refund(order_uuid, amount, reason)
        stand_still(0.8)
        return ClientOutcome.UNKNOWN


@pytest.mark.parametrize("times", [1, 2])
def test_a_case_is_run_again_where_its_sandbox_stood_still(times: int) -> None:
    """On another order, for the client may remember the first one."""
    client = Disturbed(times)
    with target_of(client) as target:
        (record,) = target.run(PLAIN)
    (turn,) = record.turns
    assert (turn.said.outcome, turn.moved) == (ClientOutcome.DONE, 25_00)
    assert record.uuid == client.uuids[-1]
    assert len(set(client.uuids)) == len(client.uuids) == times + 1


def test_a_client_that_always_stands_still_is_judged_as_it_is() -> None:
    """After three attempts, and no more."""
    client = Disturbed(9)
    with target_of(client) as target:
        (record,) = target.run(PLAIN)
    assert len(client.uuids) == 3
    assert record.turns[0].said.outcome is ClientOutcome.UNKNOWN


def test_what_is_printed_is_of_one_attempt() -> None:
    """The key of another one would stand in it."""
    client = Disturbed(9)
    with target_of(client) as target:
        target.run(Case(operations=PLAIN.operations, watched=True))
    assert len(client.uuids) == 1
