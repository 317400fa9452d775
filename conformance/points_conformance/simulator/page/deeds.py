"""What can be done on the page: a table of forms, each a short function over the simulator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from points_conformance.contract.bounds import MOST_DIGITS
from points_conformance.contract.limits import API_PREFIX, KEY_HEADER
from points_conformance.contract.money import sar_text
from points_conformance.simulator.clock import MovableClock
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.messages import Refusal, Request, dump_json
from points_conformance.simulator.world import Order

__all__ = ["DEEDS", "FAULTS", "Desktop", "Told"]

Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a form: the line to show, whether it was refused, the row it is about."""

    line: str
    refused: bool = False
    row: str = ""


@dataclass(frozen=True, slots=True)
class Desktop:
    """What a form acts on: the simulator with its faults, and who sends its deliveries."""

    faults: Faults
    courier: Courier | None = None

    def do(self, deed: str, form: Form) -> Told:
        """Carry out one form of :data:`DEEDS`; whatever is asked wrongly is told, not raised."""
        try:
            return DEEDS[deed](self, form)
        except Refusal as refusal:
            why = refusal.message
        except (ValueError, TypeError, ArithmeticError) as wrong:
            why = str(wrong)
        return Told(why, refused=True, row=f"order-{form['uuid']}" if "uuid" in form else deed)

    def order(self, form: Form) -> Order:
        """The order that a form is about."""
        try:
            return self.faults.simulator.order(form.get("uuid", ""))
        except KeyError:
            raise ValueError("there is no such order any more") from None

    def call(self, form: Form, operation: str, body: Mapping[str, Any]) -> Told:
        """Call the API as the order's merchant; faults are for clients, and do not meet it."""
        order = self.order(form)
        headers = {KEY_HEADER: order.merchant.key, "content-type": "application/json"}
        path = f"{API_PREFIX}/orders/{order.uuid}/{operation}"
        answer = self.faults.simulator.handle(Request("POST", path, headers, dump_json(body)))
        said = str(answer.json().get("message", ""))
        line = f"{operation} of {order.number}: HTTP {answer.status}, {said}"
        return Told(line, answer.status >= 400, f"order-{order.uuid}")


# ---------------------------------------------------------------------- orders
def make_order(desk: Desktop, form: Form) -> Told:
    """An order in any state."""
    simulator = desk.faults.simulator
    merchants = {str(one.id): one for one in simulator.world.merchants}
    if form.get("merchant", "1") not in merchants:
        raise ValueError("there is no such merchant")
    order = simulator.make_order(
        form.get("type", "earning"),
        form.get("status", "approved"),
        form.get("total_price", "").strip() or "100.00",
        merchant=merchants[form.get("merchant", "1")],
        refunded=form.get("refunded", "").strip() or None,
    )
    price = sar_text(order.ledger.total)
    return Told(f"made {order.number} of {price} SAR", row=f"order-{order.uuid}")


def cancel(desk: Desktop, form: Form) -> Told:
    """Cancel, as the merchant."""
    return desk.call(form, "cancel", _reason(form))


def refund(desk: Desktop, form: Form) -> Told:
    """Refund an amount, or without one what the dialect takes that for."""
    amount = {"amount": _number(form, "amount")} if form.get("amount", "").strip() else {}
    return desk.call(form, "refund", {**amount, **_reason(form)})


def auto_refund(desk: Desktop, form: Form) -> Told:
    """The platform refunds by itself."""
    order = desk.faults.simulator.auto_refund(desk.order(form).uuid)
    return Told(f"the platform refunded {order.number}", row=f"order-{order.uuid}")


def _reason(form: Form) -> dict[str, str]:
    reason = form.get("reason", "").strip()
    return {"reason": reason} if reason else {}


# ---------------------------------------------------------------------- webhooks
def redeliver(desk: Desktop, form: Form) -> Told:
    """Send a delivery again, to the byte."""
    number = int(_number(form, "number"))
    with desk.faults.simulator.lock:
        found = [one for one in desk.faults.simulator.deliveries if one.number == number]
    if not found:
        raise ValueError(f"delivery {number} is remembered no more")
    if found[0].endpoint not in found[0].merchant.endpoints:
        raise ValueError(f"delivery {number} has no endpoint to go to")
    if desk.courier is None:
        raise ValueError("nobody sends the deliveries of this sandbox")
    desk.courier.send_again(found[0])
    return Told(f"delivery {number} is sent again", row=f"delivery-{number}")


def register(desk: Desktop, form: Form) -> Told:
    """Register a webhook endpoint."""
    url, simulator = form.get("url", "").strip(), desk.faults.simulator
    if not url.startswith(("http://", "https://")):
        raise ValueError("an endpoint's URL begins with http:// or https://")
    with simulator.lock:
        merchants = {str(one.id): one for one in simulator.world.merchants}
        merchant = merchants.get(form.get("merchant", "1"), simulator.merchant)
        endpoint = simulator.open_endpoint(merchant, form.get("name", "").strip() or "Page", url)
    return Told(f"{endpoint.name} hears of {merchant.name}'s orders from now on", row="endpoints")


def remove(desk: Desktop, form: Form) -> Told:
    """Remove a webhook endpoint."""
    simulator = desk.faults.simulator
    with simulator.lock:
        for merchant in simulator.world.merchants:
            for endpoint in merchant.endpoints:
                if endpoint.uuid == form.get("uuid"):
                    merchant.endpoints.remove(endpoint)
                    return Told(f"{endpoint.name} hears no more", row="endpoints")
    raise ValueError("there is no such endpoint any more")


# ---------------------------------------------------------------------- faults and time
#: The faults that the page offers, as they are read there.
FAULTS: Final[Mapping[str, tuple[str, Callable[[Faults, str, int], None]]]] = {
    "lose_answer": (
        "carry it out, drop the answer",
        lambda faults, operation, times: faults.lose_answer(operation, times=times),
    ),
    "lose_request": (
        "drop it before it is heard",
        lambda faults, operation, times: faults.lose_request(operation, times=times),
    ),
    "500": (
        "carry it out, answer 500",
        lambda faults, operation, times: faults.answer(
            operation, 500, times=times, carried_out=True
        ),
    ),
    "503": (
        "do not carry it out, answer 503",
        lambda faults, operation, times: faults.answer(operation, 503, times=times),
    ),
    "429": (
        "do not carry it out, answer 429, Retry-After 2",
        lambda faults, operation, times: faults.answer(
            operation, 429, times=times, headers={"Retry-After": "2"}
        ),
    ),
    "delay": (
        "carry it out, answer 35 s late",
        lambda faults, operation, times: faults.delay(operation, 35, times=times),
    ),
}


def plan_fault(desk: Desktop, form: Form) -> Told:
    """Plan a fault of the next calls."""
    kind, operation = form.get("fault", "lose_answer"), form.get("operation", "any")
    if kind not in FAULTS:
        raise ValueError("there is no such fault")
    FAULTS[kind][1](desk.faults, operation, int(_number({"times": "1", **form}, "times")))
    return Told(f"planned for {operation}: {FAULTS[kind][0]}", row="faults")


def lose_delivery(desk: Desktop, form: Form) -> Told:
    """The next webhook gets lost."""
    desk.faults.deliveries.lose(1)
    return Told("the next webhook gets lost", row="faults")


def forget_faults(desk: Desktop, form: Form) -> Told:
    """Forget every fault."""
    desk.faults.clear()
    return Told("every fault is forgotten", row="faults")


def move_clock(desk: Desktop, form: Form) -> Told:
    """Move the clock forward."""
    clock, hours = desk.faults.simulator.clock, _number(form, "hours")
    if not isinstance(clock, MovableClock):
        raise ValueError("this is the machine's clock, which is not ours to move")
    clock.advance(float(hours * 3600))
    return Told(f"the clock went {hours} h forward", row="clock")


def _number(form: Form, name: str) -> Decimal:
    """A field as an exact number, however many decimals: what that means is the API's to say."""
    written = form.get(name, "").strip()
    try:
        number = Decimal(written)
    except InvalidOperation:
        raise ValueError(f"{name} is no number: {written}") from None
    # A short 1e9999999 is a number of ten million digits as soon as it is made whole.
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
        raise ValueError(f"{name} is no number: {written}")
    return number


DEEDS: Final[Mapping[str, Callable[[Desktop, Form], Told]]] = {
    "order": make_order,
    "cancel": cancel,
    "refund": refund,
    "auto-refund": auto_refund,
    "redeliver": redeliver,
    "register": register,
    "remove": remove,
    "fault": plan_fault,
    "lose-delivery": lose_delivery,
    "forget-faults": forget_faults,
    "clock": move_clock,
}
