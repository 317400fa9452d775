"""The simulator through its one door: what each endpoint answers, refuses and tells."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args, get_type_hints

import pytest

from points_conformance.contract.dialect import Dialect
from points_conformance.contract.specs import example
from points_conformance.simulator import ManualClock, Order, Request, Response, Simulator
from points_conformance.simulator.messages import Refusal, dump_json

DEFAULT_REASON = "Order cancelled via API"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
NEW_ORDER: Mapping[str, Any] = {
    "phone_number": "500000002",
    "total_price": Decimal("150.75"),
    "order_number": "SHOP-1",
    "products": [{"product_name": "Beans", "product_price": Decimal("50.25"), "quantity": 3}],
}
HOOK = {"name": "Shop", "url": "https://shop.example/points"}
NOTHING = object()


def short(value: object) -> str | None:
    """A test's name for a value that may be very long."""
    return ascii(value)[:30] if isinstance(value, str | bytes) else None


class Shop:
    """A merchant's shop that talks to a simulator of one dialect."""

    def __init__(self, **readings: str) -> None:
        self.sim = Simulator(dialect=Dialect().with_(**readings))
        self.key: str | None = self.sim.merchant.key

    def call(self, method: str, path: str, body: object = NOTHING, query: str = "") -> Response:
        """One request with the shop's key; bytes are sent as they are, all else as JSON."""
        raw = body if isinstance(body, bytes) else b"" if body is NOTHING else dump_json(body)
        headers = {} if self.key is None else {"x-api-key": self.key}
        return self.sim.handle(Request(method, "/api/v1" + path, headers, raw, query))

    def post(self, order: Order, action: str, body: object = NOTHING) -> Response:
        """One of the calls on an order."""
        return self.call("POST", f"/orders/{order.uuid}/{action}", body)

    def read(self, order: Order) -> Any:
        """The order as a read shows it."""
        return data(self.call("GET", f"/orders/{order.uuid}"))

    def earn(self, **changes: object) -> Response:
        """Make an earning order; ``NOTHING`` leaves a field out."""
        body = {**NEW_ORDER, **changes}
        return self.call(
            "POST",
            "/orders/earning",
            {name: value for name, value in body.items() if value is not NOTHING},
        )

    def checkout(self, **changes: object) -> Response:
        """Begin a checkout."""
        body = {"total_price": Decimal("150.75"), "order_number": "SHOP-1", **changes}
        return self.call("POST", f"/orders/checkout/{self.sim.merchant.public_key}", body)

    def told(self) -> list[tuple[str, Any]]:
        """Every event so far with its order."""
        return [(each.event, each.payload["order"]) for each in self.sim.deliveries]


def data(response: Response) -> Any:
    """The data of a success."""
    envelope = response.json()
    assert response.status == 200, envelope
    assert envelope["status"] is True
    assert envelope["message"] is None or isinstance(envelope["message"], str)
    assert response.headers["Content-Type"] == "application/json"
    return envelope.get("data")


def errors(response: Response) -> dict[str, list[str]]:
    """The errors of a validation."""
    envelope = response.json()
    assert response.status == 422, envelope
    assert envelope["status"] is False
    assert envelope["message"]
    assert envelope["appended_data"] == {}
    messages: dict[str, list[str]] = envelope["errors"]
    assert all(all(isinstance(line, str) for line in lines) for lines in messages.values())
    return messages


def assert_refused(response: Response, status: int) -> None:
    """A refusal is the error envelope with nothing else in it."""
    assert response.status == status, response.json()
    envelope = response.json()
    assert envelope["status"] is False
    assert isinstance(envelope["message"], str)
    assert set(envelope) == {"status", "message", "appended_data"} | (
        {"errors"} if status == 422 else set()
    )


@pytest.fixture
def shop() -> Shop:
    """A shop at a simulator of the default dialect."""
    return Shop()


class TestKeys:
    """A missing, unknown or inactive key is 400, on everything but checkout."""

    CALLS = (
        ("GET", f"/orders/{UNKNOWN}"),
        ("POST", f"/orders/{UNKNOWN}/cancel"),
        ("POST", f"/orders/{UNKNOWN}/refund"),
        ("POST", f"/orders/{UNKNOWN}/authorize"),
        ("POST", f"/orders/{UNKNOWN}/capture"),
        ("POST", f"/orders/{UNKNOWN}/complete"),
        ("POST", f"/orders/{UNKNOWN}/status"),
        ("POST", "/orders/earning"),
        ("GET", "/webhooks"),
        ("POST", "/webhooks"),
        ("GET", f"/webhooks/{UNKNOWN}"),
        ("PUT", f"/webhooks/{UNKNOWN}"),
        ("PATCH", f"/webhooks/{UNKNOWN}"),
        ("DELETE", f"/webhooks/{UNKNOWN}"),
    )

    @pytest.mark.parametrize("key", [None, "", "unknown"])
    @pytest.mark.parametrize(("method", "path"), CALLS)
    def test_a_wrong_key_is_400(self, shop: Shop, method: str, path: str, key: str | None) -> None:
        """Not 401, and before anything else is looked at."""
        shop.key = key
        assert_refused(shop.call(method, path), 400)

    def test_an_inactive_key_is_400(self, shop: Shop) -> None:
        """A key that was good is not, once switched off."""
        order = shop.sim.make_order()
        shop.sim.merchant.active = False
        assert_refused(shop.call("GET", f"/orders/{order.uuid}"), 400)
        assert_refused(shop.checkout(), 400)

    def test_the_public_key_is_no_private_key(self, shop: Shop) -> None:
        """The public key is good for checkout alone."""
        shop.key = shop.sim.merchant.public_key
        assert_refused(shop.call("GET", "/webhooks"), 400)

    def test_the_private_key_is_no_public_key(self, shop: Shop) -> None:
        """A private key has no business in a path."""
        path = f"/orders/checkout/{shop.sim.merchant.key}"
        assert_refused(shop.call("POST", path, {"total_price": 1, "order_number": "1"}), 400)

    def test_checkout_needs_no_private_key(self, shop: Shop) -> None:
        """The public key in the path is enough."""
        shop.key = None
        assert data(shop.checkout())["checkout_url"].startswith("https://")

    def test_any_key_can_be_a_merchants(self, shop: Shop) -> None:
        """The rig may take any key for one merchant's, but not none at all."""
        shop.sim.gate.anyone = shop.sim.merchant
        shop.key = "whatever"
        assert shop.call("GET", "/webhooks").status == 200
        shop.key = None
        assert_refused(shop.call("GET", "/webhooks"), 400)


class TestRouting:
    """What is no endpoint is refused in an envelope."""

    @pytest.mark.parametrize(
        "path", ["", "/", "/orders", "/nothing", f"/orders/{UNKNOWN}/cancel/again", "//webhooks"]
    )
    def test_an_unknown_path_is_404(self, shop: Shop, path: str) -> None:
        """No endpoint, no answer but 404."""
        assert_refused(shop.call("GET", path), 404)

    def test_a_path_outside_the_prefix_is_404(self, shop: Shop) -> None:
        """Everything lives under the prefix."""
        headers = {"x-api-key": shop.sim.merchant.key}
        assert_refused(shop.sim.handle(Request("GET", "/webhooks", headers)), 404)

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "post"])
    def test_a_wrong_method_is_405(self, shop: Shop, method: str) -> None:
        """A known path with another method."""
        order = shop.sim.make_order(status="new")
        assert_refused(shop.call(method, f"/orders/{order.uuid}/cancel"), 405)
        assert order.ledger.status == "new"


class TestOwnership:
    """Another merchant's order or endpoint is as good as unknown."""

    @pytest.mark.parametrize(
        ("method", "action"),
        [("GET", "")]
        + [("POST", "/" + a) for a in ("cancel", "refund", "authorize", "capture", "complete")]
        + [("POST", "/status")],
    )
    @pytest.mark.parametrize("whose", ["other", "nobody"])
    def test_an_order_of_somebody_else_is_404(
        self, shop: Shop, method: str, action: str, whose: str
    ) -> None:
        """Refused, unchanged, nothing told, and the same words as for one that never was."""
        order = shop.sim.make_order(status="new", merchant=shop.sim.other)
        uuid = order.uuid if whose == "other" else UNKNOWN
        before = (order.ledger, order.updated_at, order.shipping)
        response = shop.call(method, f"/orders/{uuid}{action}")
        assert_refused(response, 404)
        assert response == shop.call(method, f"/orders/{UNKNOWN}{action}")
        assert (order.ledger, order.updated_at, order.shipping) == before
        assert not shop.sim.deliveries

    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
    def test_an_endpoint_of_somebody_else_is_404(self, shop: Shop, method: str) -> None:
        """Neither read nor changed nor deleted."""
        endpoint = shop.sim.open_endpoint(shop.sim.other, "Theirs", "https://other.example")
        response = shop.call(method, f"/webhooks/{endpoint.uuid}", HOOK)
        assert_refused(response, 404)
        assert endpoint.secret not in response.body.decode()
        assert shop.sim.other.endpoints == [endpoint]
        assert endpoint.name == "Theirs"

    def test_the_merchants_own_order_is_found_in_any_case(self, shop: Shop) -> None:
        """A uuid is the same in capitals."""
        order = shop.sim.make_order()
        assert data(shop.call("GET", f"/orders/{order.uuid.upper()}"))["uuid"] == order.uuid

    def test_the_rest_integer_is_no_path(self, shop: Shop) -> None:
        """``id`` is internal and never used in a path."""
        order = shop.sim.make_order()
        assert_refused(shop.call("GET", f"/orders/{order.id}"), 404)


class TestRead:
    """The order as REST shows it."""

    def test_it_has_the_documented_fields(self, shop: Shop) -> None:
        """Exactly the fields of the documented example."""
        assert set(shop.read(shop.sim.make_order())) == set(example("rest-get")["data"])

    @pytest.mark.parametrize(("kind", "number"), [("earning", 1), ("replacing", 2)])
    def test_the_type_is_an_integer(self, shop: Shop, kind: str, number: int) -> None:
        """REST spells the type as 1 and 2."""
        assert shop.read(shop.sim.make_order(kind))["type"] == number

    def test_money_keeps_its_halalas(self, shop: Shop) -> None:
        """150.75 is written so, and never through a float."""
        order = shop.sim.make_order(total_price="150.75")
        raw = shop.call("GET", f"/orders/{order.uuid}").body
        assert b'"total_price":150.75' in raw
        assert b'"total_points":3000' in raw

    def test_reading_changes_and_tells_nothing(self, shop: Shop) -> None:
        """Two reads are the same, and no event comes of them."""
        order = shop.sim.make_order()
        assert shop.read(order) == shop.read(order)
        assert not shop.sim.deliveries

    def test_a_settled_order_says_so(self, shop: Shop) -> None:
        """The settlement shows in its own field."""
        assert shop.read(shop.sim.make_order(settled=True))["settlement_status"] == "settled"


class TestCancel:
    """Cancel: the status, the reason, the event, the refusals."""

    @pytest.mark.parametrize("status", ["new", "authorized"])
    def test_an_open_order_is_cancelled(self, shop: Shop, status: str) -> None:
        """The answer, a later read and the event agree."""
        order = shop.sim.make_order("replacing", status)
        assert data(shop.post(order, "cancel"))["order_status"] == "cancelled"
        assert shop.read(order)["order_status"] == "cancelled"
        ((event, told),) = shop.told()
        assert (event, told["order_status"], told["id"]) == ("cancelled", "cancelled", order.uuid)

    @pytest.mark.parametrize(
        "body",
        [NOTHING, b"  \n", {}, [], {"reason": None}],
        ids=["no body", "blank", "object", "list", "null"],
    )
    def test_an_omitted_reason_becomes_the_default(self, shop: Shop, body: object) -> None:
        """Nothing, blanks, an empty map however written: the default, to the letter."""
        shop.post(shop.sim.make_order(status="new"), "cancel", body)
        assert shop.told()[0][1]["reason"] == DEFAULT_REASON

    @pytest.mark.parametrize(
        "reason", ["Changed my mind", "نفد المخزون", "🎁" * 500, "x" * 500], ids=short
    )
    def test_a_given_reason_is_told(self, shop: Shop, reason: str) -> None:
        """Up to 500 characters, however many bytes."""
        assert (
            shop.post(shop.sim.make_order(status="new"), "cancel", {"reason": reason}).status == 200
        )
        assert shop.told()[0][1]["reason"] == reason

    @pytest.mark.parametrize("reason", ["x" * 501, "🎁" * 501, 5, True, ["a"], {"a": 1}], ids=short)
    def test_a_wrong_reason_is_422(self, shop: Shop, reason: object) -> None:
        """Too long or no text: refused and unchanged."""
        order = shop.sim.make_order(status="new")
        assert list(errors(shop.post(order, "cancel", {"reason": reason}))) == ["reason"]
        assert order.ledger.status == "new"
        assert not shop.sim.deliveries

    @pytest.mark.parametrize("status", ["cancelled", "fully_refunded", "partially_refunded"])
    def test_a_closed_order_is_refused(self, shop: Shop, status: str) -> None:
        """400, the same as before, and nothing is told."""
        order = shop.sim.make_order(status=status)
        before = shop.read(order)
        assert_refused(shop.post(order, "cancel"), 400)
        assert shop.read(order) == before
        assert not shop.sim.deliveries

    def test_a_second_cancel_is_refused(self, shop: Shop) -> None:
        """One cancel, one event."""
        order = shop.sim.make_order(status="new")
        assert shop.post(order, "cancel").status == 200
        assert_refused(shop.post(order, "cancel"), 400)
        assert len(shop.sim.deliveries) == 1


class TestRefund:
    """Refund: full, in part, the rest, too much, nothing."""

    @pytest.mark.parametrize("status", ["approved", "captured"])
    @pytest.mark.parametrize(
        "body",
        [NOTHING, {}, [], b" ", {"amount": 100}, {"amount": None}, b'{"amount":1.0000E+2}'],
        ids=["no body", "object", "list", "blank", "whole amount", "null", "exponent"],
    )
    def test_a_full_refund(self, shop: Shop, status: str, body: object) -> None:
        """No amount, no body, an empty map or the total: everything goes back."""
        order = shop.sim.make_order(status=status)
        assert data(shop.post(order, "refund", body))["order_status"] == "fully_refunded"
        ((event, told),) = shop.told()
        assert (event, told["order_status"]) == ("refunded", "fully_refunded")
        assert (told["refund_amount"], told["refund_points"]) == (100, 2000)
        assert (told["left_amount"], told["left_points"]) == (0, 0)

    def test_a_part_and_the_remainder(self, shop: Shop) -> None:
        """A part, then a refund without amount, end in fully refunded."""
        order = shop.sim.make_order(total_price="150.75")
        first = data(shop.post(order, "refund", {"amount": 25}))
        second = data(shop.post(order, "refund"))
        assert (first["order_status"], second["order_status"]) == (
            "partially_refunded",
            "fully_refunded",
        )
        assert [told["refund_amount"] for _, told in shop.told()] == [25, Decimal("125.75")]

    def test_the_classic_trap_of_floats(self, shop: Shop) -> None:
        """0.10 and 0.20 of 0.30 are all of it."""
        order = shop.sim.make_order(total_price="0.30")
        shop.post(order, "refund", b'{"amount": 0.1}')
        assert data(shop.post(order, "refund", b'{"amount": 0.2}'))["order_status"] == (
            "fully_refunded"
        )

    @pytest.mark.parametrize(
        "amount", [b"100.01", b"101", b"1e15", b"1e400", b"9" * 400], ids=short
    )
    def test_more_than_the_total_is_refused(self, shop: Shop, amount: bytes) -> None:
        """Refused with 400 or, where it is no order's amount at all, 422; unchanged."""
        order = shop.sim.make_order()
        before = order.ledger
        assert shop.post(order, "refund", b'{"amount":' + amount + b"}").status in (400, 422)
        assert order.ledger == before
        assert not shop.sim.deliveries

    def test_parts_are_bounded_by_the_total(self, shop: Shop) -> None:
        """The third part would go above the total: refused."""
        order = shop.sim.make_order()
        answers = [shop.post(order, "refund", {"amount": 40}).status for _ in range(3)]
        assert answers == [200, 200, 400]
        assert order.ledger.refunded == 8000

    @pytest.mark.parametrize("body", [b'{"amount":0}', b'{"amount":0.00}', b'{"amount":-0.0}'])
    def test_zero_is_not_omitted(self, shop: Shop, body: bytes) -> None:
        """Zero moves nothing and refunds nothing."""
        order = shop.sim.make_order()
        assert list(errors(shop.post(order, "refund", body))) == ["amount"]
        assert order.ledger.refunded == 0

    @pytest.mark.parametrize(
        "amount", [b"-1", b"-0.01", b"true", b"false", b"[]", b"[1]", b"{}", b'""', b'"25.00"',
                   b"0.001", b"25.00000000000000000000000000001", b"1e-400"],
    )  # fmt: skip
    def test_a_wrong_amount_is_422(self, shop: Shop, amount: bytes) -> None:
        """Whatever is no amount of money is refused, unchanged."""
        order = shop.sim.make_order()
        response = shop.post(order, "refund", b'{"amount":' + amount + b"}")
        assert list(errors(response)) == ["amount"]
        assert order.ledger.refunded == 0

    @pytest.mark.parametrize("status", ["new", "authorized", "cancelled", "fully_refunded"])
    @pytest.mark.parametrize("body", [NOTHING, {"amount": 1}], ids=["full", "part"])
    def test_a_wrong_status_is_400(self, shop: Shop, status: str, body: object) -> None:
        """What was not paid, or has gone back, is not refunded."""
        order = shop.sim.make_order(status=status)
        before = order.ledger
        assert_refused(shop.post(order, "refund", body), 400)
        assert order.ledger is before
        assert not shop.sim.deliveries

    def test_several_wrong_fields_are_named_together(self, shop: Shop) -> None:
        """Each field has its messages."""
        wrong = {"amount": -1, "reason": 5}
        assert set(errors(shop.post(shop.sim.make_order(), "refund", wrong))) == set(wrong)

    @pytest.mark.parametrize("length", [500, 501])
    def test_a_reason_has_at_most_500_characters(self, shop: Shop, length: int) -> None:
        """500 characters pass, emoji or not; one more is 422."""
        order = shop.sim.make_order()
        response = shop.post(order, "refund", {"reason": "🎁" * length})
        assert response.status == (200 if length == 500 else 422)

    def test_a_refund_has_no_default_reason(self, shop: Shop) -> None:
        """The default is the cancel's alone."""
        shop.post(shop.sim.make_order(), "refund")
        assert shop.told()[0][1]["reason"] is None

    def test_a_given_reason_is_told(self, shop: Shop) -> None:
        """What was given travels."""
        shop.post(shop.sim.make_order(), "refund", {"reason": "Broken"})
        assert shop.told()[0][1]["reason"] == "Broken"


class TestSteps:
    """Authorize, capture, complete and the shipping status."""

    @pytest.mark.parametrize(
        ("action", "before", "after", "event"),
        [
            ("authorize", "new", "authorized", "authorized"),
            ("capture", "authorized", "captured", "captured"),
            ("complete", "new", "approved", "completed"),
        ],
    )
    def test_a_step_leads_on(
        self, shop: Shop, action: str, before: str, after: str, event: str
    ) -> None:
        """The answer shows the new status and an event is told."""
        order = shop.sim.make_order("replacing", before)
        assert data(shop.post(order, action))["order_status"] == after
        assert [name for name, _ in shop.told()] == [event]

    @pytest.mark.parametrize(
        ("action", "status"),
        [("authorize", s) for s in ("cancelled", "fully_refunded", "partially_refunded")]
        + [("capture", s) for s in ("new", "approved", "captured", "cancelled")]
        + [("complete", s) for s in ("approved", "cancelled", "fully_refunded", "captured")],
    )
    def test_a_step_out_of_place_is_400(self, shop: Shop, action: str, status: str) -> None:
        """Refused and unchanged."""
        order = shop.sim.make_order("replacing", status)
        before = order.ledger
        assert_refused(shop.post(order, action), 400)
        assert order.ledger is before

    def test_an_earning_order_is_not_completed(self, shop: Shop) -> None:
        """Completing is for replacing orders."""
        assert_refused(shop.post(shop.sim.make_order(status="new"), "complete"), 400)

    @pytest.mark.parametrize("method", ["1", "10", None])
    def test_a_known_payment_method_completes(self, shop: Shop, method: str | None) -> None:
        """From "1" to "10", or none."""
        order = shop.sim.make_order("replacing", "new")
        assert shop.post(order, "complete", {"payment_method": method}).status == 200

    @pytest.mark.parametrize("method", ["0", "11", "", "card", [], {}, True])
    def test_an_unknown_payment_method_is_422(self, shop: Shop, method: object) -> None:
        """Anything else is refused by name."""
        order = shop.sim.make_order("replacing", "new")
        assert "payment_method" in errors(shop.post(order, "complete", {"payment_method": method}))
        assert order.ledger.status == "new"

    @pytest.mark.parametrize(
        "status",
        ["new", "license_in_progress", "ready_shipping", "delivery_is_in_progress", "delivered",
         "cancelled"],
    )  # fmt: skip
    def test_a_shipping_status_is_told_and_cancels_nothing(self, shop: Shop, status: str) -> None:
        """Shipping is nothing to the books, not even ``cancelled``."""
        order = shop.sim.make_order()
        before = order.ledger
        assert data(shop.post(order, "status", {"status": status}))["order_status"] == "approved"
        ((event, told),) = shop.told()
        assert (event, told["status"]) == ("shipping_status_updated", status)
        assert order.ledger is before

    @pytest.mark.parametrize("body", [NOTHING, {"status": "lost"}, {"status": 1}, {"status": None}])
    def test_an_unknown_shipping_status_is_422(self, shop: Shop, body: object) -> None:
        """Only the documented list."""
        assert list(errors(shop.post(shop.sim.make_order(), "status", body))) == ["status"]


class TestEarning:
    """Making an earning order, and what its body may hold."""

    def test_an_order_comes_back_approved(self, shop: Shop) -> None:
        """With its number, its points, its items, and an event."""
        order = data(shop.earn(metadata={"channel": "web"}))
        assert (order["order_status"], order["order_number"]) == ("approved", "SHOP-1")
        assert (order["total_price"], order["total_points"]) == (Decimal("150.75"), 3000)
        assert (order["type"], order["metadata"]) == (1, {"channel": "web"})
        assert order["items"] == NEW_ORDER["products"]
        assert [event for event, _ in shop.told()] == ["approved"]
        assert data(shop.call("GET", f"/orders/{order['uuid']}")) == order

    def test_points_follow_the_merchants_rate(self, shop: Shop) -> None:
        """The award rate is the merchant's setting."""
        shop.key = shop.sim.other.key
        assert data(shop.earn())["total_points"] == 1500

    @pytest.mark.parametrize("prefix", ["", "0", "966", "00966", "+966"])
    def test_every_documented_phone_format_is_taken(self, shop: Shop, prefix: str) -> None:
        """All mean the same customer, the one without an account too."""
        assert shop.earn(phone_number=prefix + "500000002").status == 200
        assert_refused(shop.earn(phone_number=prefix + "500000003"), 400)

    @pytest.mark.parametrize(
        "phone",
        ["600000002", "50000000", "5000000022", "+1500000002", "٥٠٠٠٠٠٠٠٢", "abc", " ", [1],
         {"a": 1}, True, 5],
    )  # fmt: skip
    def test_any_other_phone_is_422(self, shop: Shop, phone: object) -> None:
        """A five and eight digits, nothing else."""
        assert list(errors(shop.earn(phone_number=phone))) == ["phone_number"]

    def test_no_account_is_said_in_arabic(self, shop: Shop) -> None:
        """The sandbox's customer without account gets a message in Arabic, and no order."""
        response = shop.earn(phone_number="500000003")
        assert_refused(response, 400)
        assert any("\u0600" <= letter <= "\u06ff" for letter in response.json()["message"])
        assert not shop.sim.world.orders

    @pytest.mark.parametrize("name", list(NEW_ORDER))
    @pytest.mark.parametrize("value", [NOTHING, None, ""], ids=["missing", "null", "empty"])
    def test_a_required_field_is_required(self, shop: Shop, name: str, value: object) -> None:
        """Missing, null or empty: 422 by its name alone."""
        assert list(errors(shop.earn(**{name: value}))) == [name]
        assert not shop.sim.world.orders

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("total_price", {"total_price": -1}),
            ("total_price", {"total_price": "10"}),
            ("total_price", {"total_price": True}),
            ("total_price", {"total_price": Decimal("1.001")}),
            ("total_price", {"total_price": 10**16}),
            ("order_number", {"order_number": 5}),
            ("order_number", {"order_number": "x" * 256}),
            ("name", {"name": "x" * 256}),
            ("name", {"name": 1}),
            ("shipping_amount", {"shipping_amount": -1}),
            ("tax_amount", {"tax_amount": "1"}),
            ("discount_amount", {"discount_amount": [1]}),
            ("shipping_address", {"shipping_address": "Riyadh"}),
            ("shipping_address.city", {"shipping_address": {"city": "x" * 101}}),
            ("shipping_address.city", {"shipping_address": {"city": 1}}),
            ("shipping_address.line1", {"shipping_address": {"line1": "x" * 256}}),
            ("metadata", {"metadata": "text"}),
            ("products", {"products": []}),
            ("products", {"products": "beans"}),
            ("products", {"products": {}}),
        ],
    )
    def test_a_wrong_field_is_named(
        self, shop: Shop, field: str, changes: dict[str, object]
    ) -> None:
        """422 with the field's name, dots for nested ones; no order is made."""
        assert list(errors(shop.earn(**changes))) == [field]
        assert not shop.sim.world.orders

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("product_name", NOTHING),
            ("product_name", ""),
            ("product_name", 1),
            ("product_price", NOTHING),
            ("product_price", -1),
            ("product_price", "1"),
            ("product_price", True),
            ("quantity", NOTHING),
            ("quantity", 0),
            ("quantity", Decimal("1.5")),
            ("quantity", True),
        ],
    )
    def test_a_wrong_product_is_named_with_its_place(
        self, shop: Shop, field: str, value: object
    ) -> None:
        """The second product's field, in dot notation."""
        good = NEW_ORDER["products"][0]
        bad = {name: v for name, v in {**good, field: value}.items() if v is not NOTHING}
        assert list(errors(shop.earn(products=[good, bad]))) == [f"products.1.{field}"]

    @pytest.mark.parametrize("product", [1, None, "beans", []])
    def test_a_product_that_is_no_map_lacks_every_field(self, shop: Shop, product: object) -> None:
        """All three fields are missed."""
        assert set(errors(shop.earn(products=[product]))) == {
            "products.0.product_name",
            "products.0.product_price",
            "products.0.quantity",
        }

    def test_the_longest_texts_are_taken(self, shop: Shop) -> None:
        """The limits themselves are allowed."""
        address = {"city": "x" * 100, "line1": "x" * 255}
        assert shop.earn(name="x" * 255, shipping_address=address, tax_amount=0).status == 200

    @pytest.mark.parametrize(
        "body", [b"{", b"null x", b"\xff", b'{"a":NaN}', b'{"a":1e99999999999999999999}']
    )
    def test_what_is_no_json_is_400(self, shop: Shop, body: bytes) -> None:
        """Refused before any field is looked at."""
        assert_refused(shop.call("POST", "/orders/earning", body), 400)

    @pytest.mark.parametrize("body", [b"null", b"1", b'"x"', b"[1]", b"true"])
    def test_what_is_no_object_is_422(self, shop: Shop, body: bytes) -> None:
        """JSON, but no map."""
        assert_refused(shop.call("POST", "/orders/earning", body), 422)


class TestCheckout:
    """Beginning a checkout."""

    def test_only_an_address_comes_back(self, shop: Shop) -> None:
        """No uuid: that is learnt from the webhook."""
        assert set(data(shop.checkout())) == {"checkout_url"}
        (order,) = shop.sim.world.orders.values()
        assert (order.kind, order.ledger.status) == ("replacing", "new")

    @pytest.mark.parametrize(
        ("given", "stored"), [("#1001", "1001"), ("##1001", "#1001"), ("10#01", "10#01")]
    )
    def test_one_leading_hash_is_stripped(self, shop: Shop, given: str, stored: str) -> None:
        """One, at the front, and no more."""
        shop.checkout(order_number=given)
        (order,) = shop.sim.world.orders.values()
        assert order.number == stored

    def test_an_earning_order_keeps_its_hash(self, shop: Shop) -> None:
        """The stripping is documented for checkouts alone."""
        assert data(shop.earn(order_number="#1"))["order_number"] == "#1"

    @pytest.mark.parametrize("field", ["total_price", "order_number"])
    def test_two_fields_are_required(self, shop: Shop, field: str) -> None:
        """The rest may be unknown as yet."""
        assert list(errors(shop.checkout(**{field: None}))) == [field]


class TestWebhooks:
    """Endpoints are created, listed, read, changed and deleted; URLs are unique."""

    def create(self, shop: Shop, **changes: str) -> Any:
        """A registered endpoint as the API shows it."""
        return data(shop.call("POST", "/webhooks", {**HOOK, **changes}))

    def test_a_new_endpoint_shows_its_secret(self, shop: Shop) -> None:
        """The documented fields, the secret of 60 characters among them, on every read."""
        hook = self.create(shop)
        assert set(hook) == set(example("rest-webhook")["data"])
        assert (hook["name"], hook["url"], len(hook["secret"])) == (*HOOK.values(), 60)
        assert data(shop.call("GET", f"/webhooks/{hook['uuid']}")) == hook
        assert data(shop.call("GET", "/webhooks")) == [hook]

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_an_endpoint_is_changed(self, shop: Shop, method: str) -> None:
        """Name and URL change, secret and uuid stay."""
        hook = self.create(shop)
        new = {"name": "New", "url": "https://new.example/x"}
        changed = data(shop.call(method, f"/webhooks/{hook['uuid']}", new))
        assert changed["updated_at"] > hook["updated_at"]
        assert changed == hook | new | {"updated_at": changed["updated_at"]}

    @pytest.mark.parametrize("field", ["name", "url"])
    def test_patch_may_leave_a_field_out_and_put_may_not(self, shop: Shop, field: str) -> None:
        """PATCH keeps what it does not name; PUT requires both."""
        hook = self.create(shop)
        path, part = f"/webhooks/{hook['uuid']}", {field: HOOK[field]}
        other = "url" if field == "name" else "name"
        assert data(shop.call("PATCH", path, part))[other] == hook[other]
        assert list(errors(shop.call("PUT", path, part))) == [other]

    def test_a_deleted_endpoint_is_gone(self, shop: Shop) -> None:
        """DELETE answers without data; afterwards it is 404."""
        hook = self.create(shop)
        answer = shop.call("DELETE", f"/webhooks/{hook['uuid']}")
        assert answer.status == 200
        assert "data" not in answer.json()
        assert_refused(shop.call("GET", f"/webhooks/{hook['uuid']}"), 404)
        assert_refused(shop.call("DELETE", f"/webhooks/{hook['uuid']}"), 404)

    def test_a_used_url_is_400(self, shop: Shop) -> None:
        """Two endpoints of one merchant never share a URL, by creation or by change."""
        self.create(shop)
        second = self.create(shop, url="https://second.example")
        assert_refused(shop.call("POST", "/webhooks", HOOK), 400)
        assert_refused(shop.call("PATCH", f"/webhooks/{second['uuid']}", HOOK), 400)
        assert data(shop.call("GET", f"/webhooks/{second['uuid']}")) == second

    def test_an_endpoint_may_keep_its_own_url(self, shop: Shop) -> None:
        """Its own URL is no duplicate."""
        hook = self.create(shop)
        assert shop.call("PUT", f"/webhooks/{hook['uuid']}", HOOK).status == 200

    def test_another_merchant_may_use_the_url(self, shop: Shop) -> None:
        """Uniqueness ends at the merchant."""
        self.create(shop)
        shop.key = shop.sim.other.key
        assert self.create(shop)["merchant_id"] == shop.sim.other.id

    @pytest.mark.parametrize(
        ("field", "value"),
        [("name", v) for v in (None, "", " ", 1, "x" * 256)]
        + [("url", v) for v in (None, "", 1, "shop.example", "ftp://shop.example", "https://")]
        + [("url", "https://shop.example/" + "x" * 500)],
        ids=short,
    )
    def test_a_wrong_field_is_422(self, shop: Shop, field: str, value: object) -> None:
        """By its name, on POST, and no endpoint is made."""
        assert list(errors(shop.call("POST", "/webhooks", {**HOOK, field: value}))) == [field]
        assert not shop.sim.merchant.endpoints

    @pytest.mark.parametrize(
        ("query", "page", "per_page", "shown"),
        [
            ("", 1, 15, 15),
            ("page=2", 2, 15, 2),
            ("page=3", 3, 15, 0),
            ("per_page=5&page=4", 4, 5, 2),
            ("per_page=100", 1, 100, 17),
            ("per_page=1000", 1, 100, 17),
            ("per_page=0", 1, 1, 1),
            ("per_page=-1", 1, 15, 15),
            ("per_page=five", 1, 15, 15),
            ("per_page=%D9%A5", 1, 15, 15),
            ("page=0", 1, 15, 15),
        ],
    )
    def test_the_list_comes_in_pages(
        self, shop: Shop, query: str, page: int, per_page: int, shown: int
    ) -> None:
        """15 a page unless asked; nonsense falls back to the defaults."""
        for number in range(17):
            shop.sim.open_endpoint(shop.sim.merchant, "n", f"https://{number}.example")
        answer = shop.call("GET", "/webhooks", query=query)
        meta = answer.json()["meta"]
        assert len(data(answer)) == shown
        assert (meta["current_page"], meta["per_page"], meta["total"]) == (page, per_page, 17)
        assert set(answer.json()["links"]) == {"first", "last", "prev", "next"}

    def test_all_pages_show_every_endpoint_once(self, shop: Shop) -> None:
        """Nothing is lost or doubled between pages."""
        made = [
            shop.sim.open_endpoint(shop.sim.merchant, "n", f"https://{n}.example").uuid
            for n in range(7)
        ]
        pages = [
            data(shop.call("GET", "/webhooks", query=f"per_page=3&page={n}")) for n in (1, 2, 3)
        ]
        assert [hook["uuid"] for page in pages for hook in page] == made


class TestDeliveries:
    """What endpoints are told: the documented payloads, one for each endpoint."""

    def refund(self, shop: Shop, total: str, kind: str, body: object) -> Any:
        """The payload of one refund."""
        shop.post(shop.sim.make_order(kind, total_price=total), "refund", body)
        return shop.sim.deliveries[-1].payload

    def assert_like_the_example(self, payload: Any, name: str) -> None:
        """The same fields and values as the documented example, but for names and times."""
        shown = example(name)
        own = {"id", "order_number", "created_at", "updated_at"}
        assert payload["event"] == shown["event"]
        assert set(payload) == set(shown)
        assert set(payload["order"]) == set(shown["order"])
        assert {k: v for k, v in payload["order"].items() if k not in own} == {
            k: v for k, v in shown["order"].items() if k not in own
        }

    def test_a_partial_refund_is_told_as_documented(self) -> None:
        """150.75 and 3000 points; 25.00 back: 500, 2500, 125.75."""
        shop = Shop(payload_optionals="absent")
        body = {"amount": Decimal("25.00"), "reason": "One item returned"}
        payload = self.refund(shop, "150.75", "earning", body)
        self.assert_like_the_example(payload, "webhook-refunded-partial")

    def test_a_refund_of_a_replacing_order_is_told_as_documented(self) -> None:
        """No points and no reason need be in it."""
        shop = Shop(payload_optionals="absent", replacing_points="absent")
        payload = self.refund(shop, "200", "replacing", NOTHING)
        self.assert_like_the_example(payload, "webhook-refunded-replacing")

    def test_a_cancel_is_told_as_documented(self) -> None:
        """0 points and the default reason."""
        shop = Shop(payload_optionals="absent")
        shop.post(shop.sim.make_order("replacing", "new", "200"), "cancel")
        self.assert_like_the_example(shop.sim.deliveries[-1].payload, "webhook-cancelled")

    def test_an_auto_refund_is_told_as_documented(self) -> None:
        """Replacing, fully refunded, with the example's reason."""
        shop = Shop(payload_optionals="absent")
        shop.sim.auto_refund(shop.sim.make_order("replacing", total_price="200").uuid)
        self.assert_like_the_example(shop.sim.deliveries[-1].payload, "webhook-auto-refunded")

    def test_every_endpoint_gets_the_same_bytes_with_its_own_secret(self, shop: Shop) -> None:
        """One delivery for each, with the documented headers."""
        hooks = [shop.sim.open_endpoint(shop.sim.merchant, "n", f"https://{n}") for n in "ab"]
        shop.sim.open_endpoint(shop.sim.other, "n", "https://c.example")
        shop.post(shop.sim.make_order(), "refund")
        sent = shop.sim.deliveries
        assert [each.endpoint for each in sent] == hooks
        assert [each.number for each in sent] == [1, 2]
        assert len({each.body for each in sent}) == 1
        assert [each.headers for each in sent] == [
            {
                "Content-Type": "application/json",
                "X-Webhook-Event": "refunded",
                "X-Webhook-Secret": hook.secret,
            }
            for hook in hooks
        ]

    def test_without_endpoints_the_event_is_recorded(self, shop: Shop) -> None:
        """Nobody hears it, but a test can read it."""
        shop.post(shop.sim.make_order(), "refund")
        assert [each.endpoint for each in shop.sim.deliveries] == [None]

    def test_the_id_is_the_uuid_and_the_type_a_word(self, shop: Shop) -> None:
        """Webhooks spell both otherwise than REST."""
        order = shop.sim.make_order("replacing")
        shop.post(order, "refund")
        ((_, told),) = shop.told()
        assert (told["id"], told["type"]) == (order.uuid, "replacing")

    def test_two_refunds_differ_in_what_is_left(self, shop: Shop) -> None:
        """A second refund is no retry: the timestamps and what is left differ."""
        order = shop.sim.make_order()
        shop.post(order, "refund", {"amount": 10})
        shop.post(order, "refund", {"amount": 10})
        first, second = (each.payload for each in shop.sim.deliveries)
        assert first["timestamp"] < second["timestamp"]
        assert first["order"]["left_amount"] > second["order"]["left_amount"]


class TestTheRig:
    """What tests put into the simulator's world."""

    def test_the_same_story_has_the_same_bytes(self) -> None:
        """Identifiers come from the seed, times from the clock."""
        stories = []
        for _ in range(2):
            shop = Shop()
            stories.append([shop.earn().body, shop.call("POST", "/webhooks", HOOK).body])
        assert stories[0] == stories[1]

    def test_another_seed_has_other_names(self) -> None:
        """Nothing but the seed names things."""
        assert Simulator(seed=1).merchant.key != Simulator(seed=2).merchant.key

    def test_reset_forgets_everything_but_the_keys(self, shop: Shop) -> None:
        """The same merchants, no orders, no deliveries."""
        key = shop.sim.merchant.key
        shop.earn()
        shop.sim.reset()
        assert shop.sim.merchant.key == key
        assert (shop.sim.world.orders, shop.sim.deliveries) == ({}, [])

    @pytest.mark.parametrize("refunded", ["0", "100", "100.01"])
    def test_a_partly_refunded_order_is_partly_refunded(self, shop: Shop, refunded: str) -> None:
        """Neither nothing nor all may have gone back; a mistake leaves no order behind."""
        with pytest.raises(ValueError, match="partially refunded"):
            shop.sim.make_order(status="partially_refunded", refunded=refunded)
        assert not shop.sim.world.orders

    def test_an_auto_refund_is_of_replacing_orders(self, shop: Shop) -> None:
        """The platform refunds no earning order by itself."""
        with pytest.raises(Refusal):
            shop.sim.auto_refund(shop.sim.make_order().uuid)

    def test_a_manual_clock_moves_when_it_is_read_or_told(self) -> None:
        """And never backwards."""
        start = datetime(2026, 5, 1, tzinfo=UTC)
        clock = ManualClock(start, step=2)
        assert clock.now() == start
        clock.advance(3)
        assert clock.now() == start + timedelta(seconds=5)
        with pytest.raises(ValueError, match="backwards"):
            clock.advance(-1)


# ---------------------------------------------------------------------- dialects
#: Delivering is the courier's work: its readings are tested there.
OF_THE_COURIER = {"attempts", "client_errors_repeated"}
COVERED: dict[str, set[str]] = {}


def each(field: str, **expected: object) -> pytest.MarkDecorator:
    """The table of one field: each reading (``_`` for ``-``, leading ``_`` for a digit) and what
    it shows.
    """
    table = {name.lstrip("_").replace("_", "-"): value for name, value in expected.items()}
    COVERED[field] = set(table)
    assert len({repr(value) for value in table.values()}) == len(table), "readings must differ"
    return pytest.mark.parametrize(("reading", "expected"), list(table.items()))


@pytest.mark.parametrize(
    ("field", "readings"),
    [(n, set(get_args(h))) for n, h in get_type_hints(Dialect).items() if n not in OF_THE_COURIER],
)
def test_every_reading_is_shown_below(field: str, readings: set[str]) -> None:
    """A new field or reading needs a row in a table of this file."""
    assert COVERED[field] == readings


class TestDisputedCancels:
    """Cancels that the sources dispute, each with its own field."""

    def cancel(self, status: str, **readings: str) -> tuple[int, str, int]:
        """Code, status afterwards, number of events."""
        shop = Shop(**readings)
        order = shop.sim.make_order(status=status)
        code = shop.post(order, "cancel").status
        return code, str(order.ledger.status.value), len(shop.sim.deliveries)

    @each("cancel_approved", accepted=(200, "cancelled", 1), refused=(400, "approved", 0))
    def test_approved(self, reading: str, expected: object) -> None:
        """An approved order is cancelled, or refused and unchanged."""
        assert self.cancel("approved", cancel_approved=reading) == expected

    @each("cancel_captured", accepted=(200, "cancelled", 1), refused=(400, "captured", 0))
    def test_captured(self, reading: str, expected: object) -> None:
        """A captured order is cancelled, or refused and unchanged."""
        assert self.cancel("captured", cancel_captured=reading) == expected

    @each(
        "cancel_partially_refunded",
        accepted=(200, "cancelled", 1),
        refused=(400, "partially_refunded", 0),
    )
    def test_partially_refunded(self, reading: str, expected: object) -> None:
        """A partially refunded order is cancelled, or refused and unchanged."""
        assert self.cancel("partially_refunded", cancel_partially_refunded=reading) == expected


class TestCompleteCaptured:
    """Completing a captured order."""

    @each("complete_captured", accepted=(200, "approved"), refused=(400, "captured"))
    def test_it(self, reading: str, expected: object) -> None:
        """Part of the flow, or refused."""
        shop = Shop(complete_captured=reading)
        order = shop.sim.make_order("replacing", "captured")
        assert (shop.post(order, "complete").status, order.ledger.status) == expected


class TestRefundReadings:
    """What a refund may mean."""

    def refund(
        self, body: object, *, status: str = "approved", settled: bool = False, **readings: str
    ) -> tuple[int, int]:
        """Code and halalas gone back afterwards, of 100.00."""
        shop = Shop(**readings)
        order = shop.sim.make_order(status=status, settled=settled)
        return shop.post(order, "refund", body).status, order.ledger.refunded

    @each("refund_without_amount", remainder=(200, 10000), total=(400, 5000))
    def test_without_amount_after_a_part(self, reading: str, expected: object) -> None:
        """The remainder, or the total: which is then too much."""
        got = self.refund(NOTHING, status="partially_refunded", refund_without_amount=reading)
        assert got == expected

    @each("refund_settled", accepted=(200, 10000), refused=(400, 0))
    def test_of_a_settled_order(self, reading: str, expected: object) -> None:
        """Carried out, or refused."""
        assert self.refund(NOTHING, settled=True, refund_settled=reading) == expected

    @each("amount_zero", _422=(422, 0), _400=(400, 0), nothing=(200, 0))
    def test_zero(self, reading: str, expected: object) -> None:
        """Nothing moves on any reading."""
        assert self.refund({"amount": 0}, amount_zero=reading) == expected

    @each("amount_above_left", _400=(400, 0), _422=(422, 0))
    def test_above_what_is_left(self, reading: str, expected: object) -> None:
        """Refused, with the reading's code."""
        assert self.refund(b'{"amount":100.01}', amount_above_left=reading) == expected

    @each(
        "amount_decimals",
        _422=((422, 0), (422, 0), (422, 0)),
        half_up=((200, 1000), (200, 1001), (200, 1001)),
        down=((200, 1000), (200, 1000), (200, 1000)),
        up=((200, 1001), (200, 1001), (200, 1001)),
    )
    def test_more_than_two_decimals(self, reading: str, expected: object) -> None:
        """Refused, or rounded the way the reading is named."""
        bodies = (b'{"amount":10.004}', b'{"amount":10.005}', b'{"amount":10.006}')
        got = tuple(self.refund(body, amount_decimals=reading) for body in bodies)
        assert got == expected

    @pytest.mark.parametrize(("reading", "expected"), [("down", 1000), ("up", 1001)])
    def test_a_far_digit_still_counts(self, reading: str, expected: int) -> None:
        """Rounding happens once, on all the digits."""
        body = b'{"amount":10.00' + (b"9" * 40 if reading == "down" else b"0" * 40 + b"1") + b"}"
        assert self.refund(body, amount_decimals=reading) == (200, expected)

    @each("amount_string", _422=(422, 0), accepted=(200, 2500))
    def test_a_numeric_string(self, reading: str, expected: object) -> None:
        """Refused, or taken for that very amount."""
        assert self.refund({"amount": "25.00"}, amount_string=reading) == expected

    @pytest.mark.parametrize("text", ["", "NaN", "Infinity", "1_0", "٢٥", "0x10", "ten", "-1"])
    def test_a_string_that_is_no_amount_is_422(self, text: str) -> None:
        """Numeric strings are taken, not whatever a number parser takes."""
        assert self.refund({"amount": text}, amount_string="accepted") == (422, 0)

    @each("amount_null", omitted=(200, 10000), _422=(422, 0))
    def test_null(self, reading: str, expected: object) -> None:
        """As if omitted, or refused; never a part."""
        assert self.refund({"amount": None}, amount_null=reading) == expected

    @each("partial_refunds", on=(200, 2500), off=(400, 0))
    def test_partial_refunds(self, reading: str, expected: object) -> None:
        """Switched on or off for the merchant."""
        assert self.refund({"amount": 25}, partial_refunds=reading) == expected

    @pytest.mark.parametrize("reading", ["on", "off"])
    def test_full_refunds_are_always_on(self, reading: str) -> None:
        """The switch is about parts alone."""
        assert self.refund(NOTHING, partial_refunds=reading) == (200, 10000)


class TestReasonsAndBodies:
    """Null and empty reasons, lists for maps."""

    def cancel(self, body: object, **readings: str) -> tuple[int, str | None]:
        """Code and the reason told."""
        shop = Shop(**readings)
        code = shop.post(shop.sim.make_order(status="new"), "cancel", body).status
        return code, shop.told()[0][1]["reason"] if shop.told() else None

    @each("reason_null", default=(200, DEFAULT_REASON), _422=(422, None))
    def test_null(self, reading: str, expected: object) -> None:
        """The default, or refused."""
        assert self.cancel({"reason": None}, reason_null=reading) == expected

    @each("reason_empty", default=(200, DEFAULT_REASON), kept=(200, ""), _422=(422, None))
    def test_empty(self, reading: str, expected: object) -> None:
        """The default, kept, or refused."""
        assert self.cancel({"reason": ""}, reason_empty=reading) == expected

    @each("reason_spaces", kept=(200, "  two  within "), trimmed=(200, "two  within"))
    def test_spaces(self, reading: str, expected: object) -> None:
        """Those around are kept or trimmed, those within are the text."""
        assert self.cancel({"reason": "  two  within "}, reason_spaces=reading) == expected

    @each("body_list", object=(200, DEFAULT_REASON), _422=(422, None))
    def test_an_empty_list(self, reading: str, expected: object) -> None:
        """As an empty map, or refused."""
        assert self.cancel([], body_list=reading) == expected


class TestRefusalCodes:
    """Codes that the sources leave open."""

    @each("foreign_order", _404=404, _403=403, _400=400)
    def test_another_merchants_order(self, reading: str, expected: int) -> None:
        """Refused without a word about the order."""
        shop = Shop(foreign_order=reading)
        order = shop.sim.make_order(merchant=shop.sim.other)
        response = shop.call("GET", f"/orders/{order.uuid}")
        assert_refused(response, expected)
        assert order.number not in response.body.decode()

    @each("malformed_uuid", _404=404, _400=400, _422=422)
    def test_a_malformed_uuid(self, reading: str, expected: int) -> None:
        """A validation names the field, as every 422 does."""
        assert_refused(Shop(malformed_uuid=reading).call("GET", "/orders/not-a-uuid"), expected)

    @each("used_order_number", accepted=[200, 200], _422=[200, 422])
    def test_a_used_order_number(self, reading: str, expected: object) -> None:
        """Taken again, or refused."""
        shop = Shop(used_order_number=reading)
        assert [shop.earn().status, shop.earn().status] == expected

    def test_another_merchants_order_number_is_free(self) -> None:
        """The number is the merchant's own key."""
        shop = Shop(used_order_number="422")
        shop.earn()
        shop.key = shop.sim.other.key
        assert shop.earn().status == 200


class TestPoints:
    """How points are rounded."""

    @each(
        "points_rounding", per_riyal=(500, 200), half_up=(498, 199), down=(497, 199), up=(498, 200)
    )
    def test_it(self, reading: str, expected: object) -> None:
        """The documented example, and a refund of 10.00: 497.51 and 199.004 in proportion."""
        got = []
        for amount in (25, 10):
            shop = Shop(points_rounding=reading)
            shop.post(shop.sim.make_order(total_price="150.75"), "refund", {"amount": amount})
            got.append(shop.told()[0][1]["refund_points"])
        assert tuple(got) == expected


class TestEarningStarts:
    """In which status an earning order begins."""

    @each("earning_starts", approved=("approved", 1), new=("new", 0), pending=("pending", 0))
    def test_it(self, reading: str, expected: object) -> None:
        """Approved with its event, new without, or waiting for the customer."""
        shop = Shop(earning_starts=reading)
        answer = data(shop.earn())
        status = "pending" if "pending_earning_order" in answer else answer["order_status"]
        assert (status, len(shop.sim.deliveries)) == expected

    def test_a_pending_order_keeps_its_halalas(self) -> None:
        """The documented fields, money exact."""
        answer = data(Shop(earning_starts="pending").earn())
        assert answer["pending_client_activation"] is True
        assert set(answer["pending_earning_order"]) == set(
            example("rest-earning-pending")["data"]["pending_earning_order"]
        )
        assert answer["pending_earning_order"]["total_price"] == Decimal("150.75")
        assert answer["pending_earning_order"]["merchant_order_number"] == "SHOP-1"


class TestShapes:
    """The same facts in other shapes."""

    def answer(self, **readings: str) -> Any:
        """The envelope of a read."""
        shop = Shop(**readings)
        order = shop.sim.make_order(total_price="150.75")
        return shop.call("GET", f"/orders/{order.uuid}").json()

    @each(
        "validation_body",
        full={"status", "message", "appended_data", "errors"},
        bare={"message", "errors"},
    )
    def test_validation_body(self, reading: str, expected: set[str]) -> None:
        """The whole envelope, or message and errors alone."""
        assert set(Shop(validation_body=reading).earn(total_price=-1).json()) == expected

    def test_only_validations_are_bare(self) -> None:
        """Other refusals keep the envelope."""
        assert_refused(Shop(validation_body="bare").call("GET", f"/orders/{UNKNOWN}"), 404)

    @each("empty_map", object={}, list=[])
    def test_empty_map(self, reading: str, expected: object) -> None:
        """As a map, or as the empty list, in successes and refusals."""
        assert self.answer(empty_map=reading)["appended_data"] == expected
        refused = Shop(empty_map=reading).call("GET", f"/orders/{UNKNOWN}").json()
        assert refused["appended_data"] == expected

    @each("order_depth", data=False, deeper=True)
    def test_order_depth(self, reading: str, expected: bool) -> None:
        """In ``data``, or one ``data`` deeper."""
        inner = self.answer(order_depth=reading)["data"]
        assert ("data" in inner) is expected
        assert ("uuid" in inner) is not expected

    @each("rest_fields", documented=(True, False), extra=(True, True), few=(False, False))
    def test_rest_fields(self, reading: str, expected: object) -> None:
        """The documented fields, more, or only the few that are needed."""
        order = self.answer(rest_fields=reading)["data"]
        assert ("created_at" in order, "custom_status" in order) == expected
        assert order["order_status"] == "approved"

    @each("rest_date", iso="2026-01-01", text="Thursday,01 Jan")
    def test_rest_date(self, reading: str, expected: str) -> None:
        """A calendar date, or a text for people."""
        assert self.answer(rest_date=reading)["data"]["date"] == expected

    @each("timestamps", seconds="2026-01-01T09:00:00Z", microseconds="2026-01-01T09:00:00.000000Z")
    def test_timestamps(self, reading: str, expected: str) -> None:
        """With or without microseconds."""
        assert self.answer(timestamps=reading)["data"]["created_at"] == expected


class TestPayloads:
    """What webhooks may leave out."""

    def told(self, kind: str, status: str, action: str, **readings: str) -> Any:
        """The order in the payload of one reversal."""
        shop = Shop(**readings)
        shop.post(shop.sim.make_order(kind, status), action)
        return shop.told()[0][1]

    @each("payload_optionals", present=True, absent=False)
    def test_payload_optionals(self, reading: str, expected: bool) -> None:
        """Reference number, type and metadata, and the reason of a refund without one."""
        cancelled = self.told("earning", "new", "cancel", payload_optionals=reading)
        refunded = self.told("earning", "approved", "refund", payload_optionals=reading)
        optionals = {"reference_number", "type", "metadata"}
        assert (optionals & set(cancelled) == optionals) is expected
        assert bool(optionals & set(cancelled)) is expected
        assert ("reason" in refunded) is expected
        assert refunded["type"] == "earning"

    @each("replacing_points", present=True, absent=False)
    def test_replacing_points(self, reading: str, expected: bool) -> None:
        """Points and what is left, for replacing orders; earning ones always have them."""
        points = {"refund_points", "left_points", "left_amount"}
        told = self.told("replacing", "approved", "refund", replacing_points=reading)
        always = self.told("earning", "approved", "refund", replacing_points=reading)
        assert (points <= set(told), bool(points & set(told))) == (expected, expected)
        assert points <= set(always)

    @each("cancelled_points", zero=0, order=2000)
    def test_cancelled_points(self, reading: str, expected: int) -> None:
        """``total_points`` of ``cancelled``: 0, or the order's."""
        told = self.told("replacing", "new", "cancel", cancelled_points=reading)
        assert told["total_points"] == expected


def test_a_changed_ledger_shows_at_once() -> None:
    """What a test writes into the books is what a read shows."""
    shop = Shop()
    order = shop.sim.make_order()
    order.ledger = replace(order.ledger, settled=True)
    assert shop.read(order)["settlement_status"] == "settled"
