"""Orders and merchants of the live world; what only the simulator knows of them skips the test."""

from dataclasses import fields
from typing import Any, ClassVar

from points_conformance.contract.names import OrderType
from points_conformance.plugin.live.endings import only_simulated
from points_conformance.plugin.live.secret import Secret
from points_conformance.simulator.world import Merchant, Order
from points_conformance.targets.api.order import TestOrder

__all__ = ["RealMerchant", "RealOrder"]


class _Real:
    """Stands where the simulator has an object of its own."""

    _in_place_of: ClassVar[type]

    def __getattr__(self, name: str) -> Any:
        if name in {field.name for field in fields(self._in_place_of)}:
            only_simulated(
                f"an {self._in_place_of.__name__.lower()}'s {name}",
                "points.read(order) is there in both worlds, or mark the test points_simulator",
            )
        raise AttributeError(name)


class RealOrder(_Real):
    """An order of the live server: its uuid, number and type, and what it cost, in halalas."""

    _in_place_of = Order

    def __init__(self, order: TestOrder) -> None:
        self.uuid: str = order.uuid
        self.number: str | None = order.number
        self.kind: OrderType = order.kind
        self.total: int = order.total

    def __repr__(self) -> str:
        return f"<order {self.uuid}>"


class RealMerchant(_Real):
    """A merchant of the live server, by its keys."""

    _in_place_of = Merchant

    def __init__(self, key: Secret, public_key: str = "") -> None:
        self.key = key
        self.public_key = public_key
