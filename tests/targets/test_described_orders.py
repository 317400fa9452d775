"""Orders that are described by metadata, where they are made and a server takes it."""

from typing import Any

import pytest

from points_conformance.contract.names import OrderStatus
from points_conformance.defects.trial import run_rules
from points_conformance.judging.rule import Profile
from points_conformance.simulator.core import Parts, Simulator
from points_conformance.simulator.forms import Forms, OrderForm, invalid
from points_conformance.simulator.messages import Request
from points_conformance.subjects import Subject, catalogue
from points_conformance.targets.api.build import embedded_target
from points_conformance.targets.api.live import EarningSource
from points_conformance.targets.api.order import Wanted
from points_conformance.targets.api.target import ApiTarget

METADATA = {"basket": {"till": 7, "open": True}}


class TakesNone(Forms):
    """Refuses metadata."""

    def earning(self, request: Request) -> OrderForm:
        """With a 422."""
        if "metadata" in self.body(request):
            raise invalid({"metadata": ["The metadata field is prohibited."]})
        return super().earning(request)


def earning(parts: Parts | None = None) -> ApiTarget:
    """A target whose orders come from the earning endpoint."""
    target = embedded_target(parts=parts)
    target.sources[:] = [EarningSource()]
    return target


def test_an_order_that_is_made_has_the_metadata_that_was_wanted() -> None:
    """By the endpoint and by the simulator's own source, with an item each; others have none."""
    for api in (earning(), embedded_target()):
        shown = api.read(api.order(metadata=METADATA)).order
        assert shown["metadata"] == METADATA
        assert len(shown["items"]) == 1
        assert api.read(api.order()).order["metadata"] is None
        api.client.close()


def test_a_server_that_takes_no_metadata_is_asked_once() -> None:
    """Orders without it serve as well."""
    api = earning(Parts(forms=TakesNone))
    orders = [api.order(metadata=METADATA) for _ in range(3)]
    assert all(api.read(order).order_status == "approved" for order in orders)
    refused = [exchange.status for exchange in api.exchanges if exchange.method == "POST"]
    assert refused == [422, 200, 200, 200]
    api.client.close()


@pytest.mark.parametrize(
    ("parts", "read"),
    [
        pytest.param(None, "all", id="described"),
        pytest.param(Parts(forms=TakesNone), "all but metadata", id="not described"),
    ],
)
def test_what_no_order_shows_is_told_not_to_be_judged(parts: Parts | None, read: str) -> None:
    """Else a rule on metadata would pass where there is none."""
    api = earning(parts)
    rules = catalogue().with_prerequisites([catalogue()["reading.order-fields"]])
    judged = run_rules(Subject.API, api, rules, profile=Profile.STANDARD)
    (result,) = (one for one in judged.results if one.rule.id == "reading.order-fields")
    assert result.readings == {"order-fields": read}
    api.client.close()


def test_metadata_is_nothing_that_orders_are_told_apart_by() -> None:
    """What is wanted without it is the same thing to want."""
    status = OrderStatus.APPROVED
    plain = Wanted(kind=None, status=status, total=100, exact=False)
    described = Wanted(kind=None, status=status, total=100, exact=False, metadata=METADATA)
    assert plain == described
    assert hash(plain) == hash(described)


@pytest.mark.parametrize("dialect_status", ["ready_shipping", "delivered"])
def test_rest_shows_a_shipping_status_as_an_integer(dialect_status: str) -> None:
    """And null before there is one."""
    simulator = Simulator()
    order = simulator.make_order()
    shown: list[Any] = [simulator.presenter.order(order)["status"]]
    simulator.desk.ship(order, dialect_status)
    shown.append(simulator.presenter.order(order)["status"])
    assert shown[0] is None
    assert isinstance(shown[1], int)
