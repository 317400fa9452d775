"""Servers that change, by a reversal, what it does not own, or give it a time of elsewhere."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from points_conformance.contract.names import Event
from points_conformance.defects.api.defect import ServerDefect, answer_of
from points_conformance.defects.api.webhooks import TOLD
from points_conformance.defects.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.ledger import Booked
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.forms import RefundForm
from points_conformance.simulator.messages import Response, dump_json
from points_conformance.simulator.operations import Call
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Order

__all__ = ["seed"]

REFUND, CANCEL, AUTO = "fields.refund-keeps", "fields.cancel-keeps", "fields.auto-refund-keeps"
#: Riyadh is three hours ahead of UTC.
RIYADH = timedelta(hours=3)
seed = Seeds(ServerDefect, related=TOLD, profile=Profile.STANDARD)


# ---------------------------------------------------------------------- in answers and reads
@seed.on(Desk.refund, "refund-saves-half-a-model", REFUND)
def saves_half_a_model(desk: Desk, order: Order, form: RefundForm) -> None:
    """A refund empties an order's metadata."""
    # An ORM's ``save()`` of a model that was loaded with a few columns only.
    Desk.refund(desk, order, form)
    order.metadata = None


@seed.on(Desk.refund, "refund-encodes-metadata-again", REFUND)
def encodes_again(desk: Desk, order: Order, form: RefundForm) -> None:
    """A refund turns the nested values of metadata into text."""
    # ``json_encode`` of each value in a setter, where a cast does it once more.
    Desk.refund(desk, order, form)
    order.metadata = order.metadata and {
        name: dump_json(value).decode() if isinstance(value, dict) else value
        for name, value in order.metadata.items()
    }


@seed.on(Desk.commit, "refund-touches-created-at", REFUND, CANCEL)
def touches_created_at(desk: Desk, order: Order, booked: Booked) -> None:
    """Whatever changes an order sets its created_at anew."""
    # MySQL's first TIMESTAMP column is ON UPDATE CURRENT_TIMESTAMP by default.
    Desk.commit(desk, order, booked)
    order.created_at = order.updated_at + timedelta(days=1)


@seed.on(Desk.refund, "refund-takes-its-points-off-the-order", REFUND)
def takes_points_off(desk: Desk, order: Order, form: RefundForm) -> None:
    """REST's total_points are those that are left."""
    # One column for the award and for the balance.
    Desk.refund(desk, order, form)
    ledger = order.ledger
    order.ledger = replace(ledger, points=ledger.left_points, refunded_points=0)


@seed.on(Desk.refund, "refund-of-all-empties-the-basket", REFUND)
def empties_the_basket(desk: Desk, order: Order, form: RefundForm) -> None:
    """A full refund takes the items out of the order."""
    # What has come back is in the basket no more.
    Desk.refund(desk, order, form)
    if order.ledger.left == 0:
        order.items = []


@seed.on(Desk.cancel, "cancel-draws-a-new-reference", CANCEL)
def draws_a_new_reference(desk: Desk, order: Order, reason: str | None) -> None:
    """A cancel gives the order a new reference number."""
    # A hook before each save makes one, not only before the first.
    Desk.cancel(desk, order, reason)
    order.reference = f"{order.reference}-C"


@seed("refund-answers-from-the-cache", REFUND, operation="refund")
def answers_from_the_cache(sim: Simulator, call: Call) -> Response:
    """The answer to a refund shows the metadata of the order that was made last."""
    # A cache whose key is the route, not the order.
    order = sim.gate.order(call.merchant, call.name)
    latest = [one for one in sim.world.orders.values() if one.metadata]
    own = order.metadata
    sim.desk.refund(order, sim.forms.refund(call.request))
    order.metadata = own and latest[-1].metadata
    try:
        return sim.presenter.order_answer(order, "Order refunded successfully")
    finally:
        order.metadata = own


@seed("refund-answers-with-its-own-id", REFUND, operation="refund")
def answers_with_its_own_id(sim: Simulator, call: Call) -> Response:
    """The answer to a refund shows the refund's id as the order's."""
    # A join of two tables that both have an ``id``: the last one wins.
    order = sim.gate.order(call.merchant, call.name)
    own, order.id = order.id, 70_000 + sim.world.deliveries.total
    try:
        return answer_of("refund")(sim, call)
    finally:
        order.id = own


@seed.on(Desk.auto_refund, "auto-refund-marks-its-metadata", AUTO)
def marks_metadata(desk: Desk, order: Order) -> None:
    """An auto-refund writes a mark of its own into the merchant's metadata."""
    # A JSON column is a good place for anything.
    order.metadata = {**(order.metadata or {}), "auto_refund": True}
    Desk.auto_refund(desk, order)


@seed.on(Desk.refund, "refund-resets-the-shipping", "fields.shipping-status-stays")
def resets_shipping(desk: Desk, order: Order, form: RefundForm) -> None:
    """A refund sets the shipping status to that of a new order."""
    # ``fill($defaults)``.
    Desk.refund(desk, order, form)
    order.shipping = "new"


# ---------------------------------------------------------------------- in events
class _Snapshot(Presenter):
    """Tells one thing of an event otherwise."""

    def payload(
        self, event: Event, order: Order, at: datetime, extra: dict[str, Any]
    ) -> dict[str, Any]:
        """The sound payload, spoilt."""
        payload = super().payload(event, order, at, extra)
        self.spoil(payload, order, at)
        return payload

    def spoil(self, payload: dict[str, Any], order: Order, at: datetime) -> None:
        """Change what is told."""


_TELL = (
    "fields.refund-tells-its-order",
    "fields.cancel-tells-its-order",
    "fields.auto-refund-tells-its-order",
)


@seed("webhook-metadata-of-another-order", *_TELL)
class TellsAnothersMetadata(Presenter):
    """An event tells the metadata of the order that was read last before it."""

    last: Any = None

    def order(self, order: Order) -> dict[str, Any]:
        """Remember what was shown."""
        if order.metadata:
            self.last = order.metadata
        return super().order(order)

    def payload(
        self, event: Event, order: Order, at: datetime, extra: dict[str, Any]
    ) -> dict[str, Any]:
        """A static property of a resource class that lives as long as its worker."""
        payload = super().payload(event, order, at, extra)
        if payload["order"].get("metadata") and self.last:
            payload["order"]["metadata"] = self.last
        return payload


@seed.on(_Snapshot.spoil, "webhook-created-now", *_TELL)
def tells_created_now(
    presenter: _Snapshot, payload: dict[str, Any], order: Order, at: datetime
) -> None:
    """An event tells the moment of its telling as created_at."""
    # The created_at of the row in the table of events.
    payload["order"]["created_at"] = presenter.timestamp(at + timedelta(minutes=1))


@seed.on(_Snapshot.spoil, "webhook-metadata-is-flat", *_TELL)
def tells_flat_metadata(
    presenter: _Snapshot, payload: dict[str, Any], order: Order, at: datetime
) -> None:
    """An event tells nested metadata as text."""
    # ``Map<String, String>``.
    shown = payload["order"].get("metadata")
    if shown:
        flat = {n: v if isinstance(v, str) else dump_json(v).decode() for n, v in shown.items()}
        payload["order"]["metadata"] = flat


@seed.on(_Snapshot.spoil, "webhook-metadata-is-null", "fields.shown-as-they-are")
def tells_null_metadata(
    presenter: _Snapshot, payload: dict[str, Any], order: Order, at: datetime
) -> None:
    """An event tells metadata as null."""
    # Jackson writes what a query did not fetch.
    if "metadata" in payload["order"]:
        payload["order"]["metadata"] = None


# ---------------------------------------------------------------------- times
_AGREE = ("fields.refund-times-agree", "fields.cancel-times-agree")


@seed.on(_Snapshot.spoil, "webhook-timestamp-is-local", *_AGREE)
def tells_local_time(
    presenter: _Snapshot, payload: dict[str, Any], order: Order, at: datetime
) -> None:
    """The timestamp of an event is Riyadh's time with a Z behind it."""
    # ``date('Y-m-d\TH:i:s\Z')`` writes the letter, whatever the zone.
    payload["timestamp"] = presenter.timestamp(at + RIYADH)


@seed.on(
    Desk.commit,
    "updated-at-is-set-by-another-clock",
    "fields.updated-at-after-a-refund",
    "fields.updated-at-after-a-cancel",
    *_AGREE,
    "fields.times-are-of-now",
)
def sets_updated_at_elsewhere(desk: Desk, order: Order, booked: Booked) -> None:
    """A reversal sets updated_at three hours back."""
    # ``NOW()`` of a database in another zone than the application that made the order.
    Desk.commit(desk, order, booked)
    order.updated_at -= RIYADH


@seed("every-time-is-local", "fields.times-are-of-now")
class ShowsLocalTime(Presenter):
    """All times are Riyadh's, with a Z behind them."""

    def timestamp(self, at: datetime) -> str:
        """``LocalDateTime.now() + "Z"``."""
        return super().timestamp(at + RIYADH)


@seed.on(
    Desk.cancel,
    "cancel-restores-updated-at",
    "fields.updated-at-after-a-cancel",
)
def restores_updated_at(desk: Desk, order: Order, reason: str | None) -> None:
    """After its answer a cancelled order shows the updated_at of long before."""
    # ``replicate`` of an old copy.
    Desk.cancel(desk, order, reason)
    order.updated_at = order.created_at - timedelta(seconds=100)
