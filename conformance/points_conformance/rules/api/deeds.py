"""What is asked of an order in a status: all that the lifecycle refuses there, and more beside."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from points_conformance.contract.lifecycle import Action
from points_conformance.contract.money import sar
from points_conformance.rules.api.ways import Way, refused_at
from points_conformance.simulator.messages import dump_json
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.target import ApiTarget

__all__ = ["Deed", "call_of", "deeds_at", "shipping_status"]


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that is asked of an order. ``codes``: how it is refused; none: it may be done."""

    name: str
    ask: Callable[[ApiTarget, TestOrder], Answer]
    codes: tuple[int, ...] = ()


def _refund(share: int | None) -> Callable[[ApiTarget, TestOrder], Answer]:
    """A refund of one part of so many, or one that names no amount."""

    def ask(api: ApiTarget, order: TestOrder) -> Answer:
        if share is None:
            return api.refund(order)
        return api.refund(order, amount=sar(order.total // share))

    return ask


def call_of(action: Action) -> Callable[[ApiTarget, TestOrder], Answer]:
    """The call for an action that is no refund."""

    def ask(api: ApiTarget, order: TestOrder) -> Answer:
        if action is Action.CANCEL:
            return api.cancel(order)
        return api.step(order, action.value)

    return ask


def _refusals(action: Action) -> Iterator[Deed]:
    """The calls that mean an action. Of an amount the code may be that of the amount."""
    if action is Action.REFUND_PART:
        yield Deed(action.value, _refund(4), (400, 422))
    elif action is Action.REFUND_REST:
        yield Deed("refund of the total", _refund(1), (400, 422))
        yield Deed("refund of nothing named", _refund(None), (400,))
    else:
        yield Deed(action.value, call_of(action), (400,))


def shipping_status(status: str) -> Deed:
    """A shipping status, which may be taken and is nothing to the order."""

    def ask(api: ApiTarget, order: TestOrder) -> Answer:
        body = dump_json({"status": status})
        return api.call("POST", f"/orders/{order.uuid}/status", body=body)

    return Deed(f"shipping status {status}", ask)


def deeds_at(way: Way) -> list[Deed]:
    """All that is refused at the end of a way."""
    return [deed for action in refused_at(way.kind, way.end) for deed in _refusals(action)]
