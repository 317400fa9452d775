"""What a request body may hold: validation with a message per field, as the server words it.

A form is the body's meaning: amounts in halalas, reasons as text or ``None`` for "not given".
Messages follow the habit of the framework that the API is written in; no check may compare them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from points_conformance.contract.dialect import Dialect
from points_conformance.contract.limits import (
    REASON_MAX,
    SHIPPING_STATUSES,
    WEBHOOK_NAME_MAX,
    WEBHOOK_URL_MAX,
)
from points_conformance.contract.money import MoneyError, halalas, rounded_halalas
from points_conformance.simulator.messages import Refusal, Request, load_json

__all__ = ["Forms", "OrderForm", "RefundForm", "WebhookForm"]

#: Above this the framework's own number handling gives up; no order is that large.
_LARGEST_AMOUNT = Decimal(10) ** 15
#: Deeper bodies are refused as no JSON: what is taken is written again, and encoders recurse.
_DEEPEST = 128
#: What the framework takes for a numeric string.
_NUMERIC = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
_ROUNDINGS = {"half-up": ROUND_HALF_UP, "down": ROUND_FLOOR, "up": ROUND_CEILING}

Errors = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class RefundForm:
    """``amount`` in halalas, ``None`` where none was given; likewise ``reason``."""

    amount: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class OrderForm:
    """What an earning order or a checkout says. ``total`` in halalas."""

    total: int
    number: str
    phone: str | None
    items: list[dict[str, Any]]
    metadata: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class WebhookForm:
    """Name and URL of an endpoint; ``None`` where a partial update leaves one out."""

    name: str | None
    url: str | None


class Forms:
    """Reads bodies in one dialect. Raises :class:`Refusal` 422 (400 for what is no JSON)."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    # ------------------------------------------------------------------ bodies
    def body(self, request: Request) -> dict[str, Any]:
        """The body as a JSON object; nothing at all and ``[]`` mean an empty one."""
        if not request.body.strip():
            return {}
        try:
            value = load_json(request.body)
            if request.body.count(b"[") + request.body.count(b"{") >= _DEEPEST:
                _refuse_deep(value)
        except ValueError:
            raise Refusal(400, "The request body is not valid JSON.") from None
        if value == [] and isinstance(value, list) and self.dialect.body_list == "object":
            return {}
        if not isinstance(value, dict):
            raise invalid({"body": ["The request body must be a JSON object."]})
        return value

    # ------------------------------------------------------------------ reversals
    def cancel(self, request: Request) -> str | None:
        """The reason of a cancel, ``None`` where it is omitted."""
        errors: Errors = {}
        reason = self.reason(self.body(request), errors)
        refuse_if(errors)
        return reason

    def refund(self, request: Request) -> RefundForm:
        """Amount and reason of a refund."""
        body = self.body(request)
        errors: Errors = {}
        form = RefundForm(self.amount(body, errors), self.reason(body, errors))
        refuse_if(errors)
        return form

    def reason(self, body: Mapping[str, Any], errors: Errors) -> str | None:
        """A reason of at most 500 characters, ``None`` where the default is to be used."""
        if "reason" not in body:
            return None
        reason = body["reason"]
        if reason is None and self.dialect.reason_null == "default":
            return None
        if not isinstance(reason, str):
            errors["reason"] = ["The reason field must be a string."]
            return None
        if self.dialect.reason_spaces == "trimmed":
            reason = reason.strip(" ")
        if len(reason) > REASON_MAX:
            errors["reason"] = [
                f"The reason field must not be greater than {REASON_MAX} characters."
            ]
        if not reason:
            return self._empty_reason(errors)
        return reason

    def _empty_reason(self, errors: Errors) -> str | None:
        if self.dialect.reason_empty == "422":
            errors["reason"] = ["The reason field must be a string."]
        return "" if self.dialect.reason_empty == "kept" else None

    def amount(self, body: Mapping[str, Any], errors: Errors) -> int | None:
        """The amount in halalas, ``None`` where the whole remainder is meant. Zero is an amount."""
        if "amount" not in body:
            return None
        if body["amount"] is None and self.dialect.amount_null == "omitted":
            return None
        number = self.number(body["amount"])
        if number is None:
            errors["amount"] = ["The amount field must be a number."]
            return None
        if number < 0:
            errors["amount"] = ["The amount field must be at least 0."]
            return None
        return self.booked(number, errors)

    def number(self, value: object) -> Decimal | None:
        """A finite JSON number as Decimal; a numeric string where the dialect takes one."""
        if isinstance(value, str) and self.dialect.amount_string == "accepted":
            return _numeric(value)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return None
        return Decimal(value)

    def booked(self, number: Decimal, errors: Errors) -> int | None:
        """Halalas of a number that may have more decimals than money has."""
        if number > _LARGEST_AMOUNT:
            errors["amount"] = ["The amount field must not be greater than the order's total."]
            return None
        try:
            return halalas(number)
        except MoneyError:
            rounding = _ROUNDINGS.get(self.dialect.amount_decimals)
        if rounding is None:
            errors["amount"] = ["The amount field must have at most 2 decimal places."]
            return None
        return rounded_halalas(number, rounding)

    # ------------------------------------------------------------------ orders
    def earning(self, request: Request) -> OrderForm:
        """An earning order: phone and products are required."""
        return self._order(request, required=("phone_number", "products"))

    def checkout(self, request: Request) -> OrderForm:
        """A checkout: the customer may still be unknown; a leading ``#`` of the number goes."""
        form = self._order(request, required=())
        return OrderForm(
            form.total, form.number.removeprefix("#"), form.phone, form.items, form.metadata
        )

    def _order(self, request: Request, *, required: tuple[str, ...]) -> OrderForm:
        body = self.body(request)
        errors: Errors = {}
        for name in ("total_price", "order_number", *required):
            if body.get(name) in (None, "", []):
                errors[name] = [f"The {name.replace('_', ' ')} field is required."]
        total = _money("total_price", body, errors)
        for name in ("shipping_amount", "tax_amount", "discount_amount"):
            _money(name, body, errors)
        _texts(body, {"name": 255, "order_number": 255}, errors)
        _address(body, errors)
        items = _products(body, errors)
        phone = _phone(body, errors)
        metadata = body.get("metadata")
        if metadata is not None and not isinstance(metadata, dict):
            errors["metadata"] = ["The metadata field must be an array."]
        refuse_if(errors)
        return OrderForm(total or 0, str(body["order_number"]), phone, items, metadata)

    def shipping(self, request: Request) -> str:
        """A shipping status of the documented list."""
        status = self.body(request).get("status")
        if status not in SHIPPING_STATUSES:
            raise invalid({"status": ["The selected status is invalid."]})
        return str(status)

    def complete(self, request: Request) -> None:
        """An optional payment method, "1" to "10"."""
        method = self.body(request).get("payment_method")
        if method is not None and str(method) not in {str(n) for n in range(1, 11)}:
            raise invalid({"payment_method": ["The selected payment method is invalid."]})

    # ------------------------------------------------------------------ webhooks
    def webhook(self, request: Request, *, partial: bool = False) -> WebhookForm:
        """Name and URL; both required unless ``partial``."""
        body = self.body(request)
        errors: Errors = {}
        for name in ("name", "url"):
            if name not in body and not partial:
                errors[name] = [f"The {name} field is required."]
            elif name in body and (not isinstance(body[name], str) or not body[name].strip()):
                errors[name] = [f"The {name} field must be a string."]
        _texts(body, {"name": WEBHOOK_NAME_MAX, "url": WEBHOOK_URL_MAX}, errors)
        url = body.get("url")
        if "url" not in errors and isinstance(url, str) and not _is_url(url):
            errors["url"] = ["The url field must be a valid URL."]
        refuse_if(errors)
        return WebhookForm(body.get("name"), url)


def invalid(errors: Errors) -> Refusal:
    """The 422 for these errors."""
    first = next(iter(errors.values()))[0]
    more = sum(len(messages) for messages in errors.values()) - 1
    tail = f" (and {more} more error{'s' if more > 1 else ''})" if more else ""
    return Refusal(422, first + tail, errors)


def refuse_if(errors: Errors) -> None:
    """Raise the 422 if there is any error."""
    if errors:
        raise invalid(errors)


def _refuse_deep(value: object) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise ValueError("the JSON is nested too deeply")


def _children(node: object) -> Iterable[object]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _numeric(text: str) -> Decimal | None:
    if not _NUMERIC.fullmatch(text):
        return None
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        return None


def _money(name: str, body: Mapping[str, Any], errors: Errors) -> int | None:
    value = body.get(name)
    if value is None or name in errors:
        return None
    label = name.replace("_", " ")
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        errors[name] = [f"The {label} field must be a number."]
        return None
    if value < 0 or value > _LARGEST_AMOUNT:
        errors[name] = [f"The {label} field must be at least 0."]
        return None
    try:
        return halalas(value)
    except MoneyError:
        errors[name] = [f"The {label} field must have at most 2 decimal places."]
        return None


def _texts(body: Mapping[str, Any], limits: Mapping[str, int], errors: Errors) -> None:
    for name, limit in limits.items():
        value = body.get(name)
        label = name.replace("_", " ")
        if value is None or name in errors:
            continue
        if not isinstance(value, str):
            errors[name] = [f"The {label} field must be a string."]
        elif len(value) > limit:
            errors[name] = [f"The {label} field must not be greater than {limit} characters."]


def _address(body: Mapping[str, Any], errors: Errors) -> None:
    address = body.get("shipping_address")
    if address is None:
        return
    if not isinstance(address, dict):
        errors["shipping_address"] = ["The shipping address field must be an array."]
        return
    nested: Errors = {}
    _texts(address, {"city": 100, "line1": 255}, nested)
    errors.update({f"shipping_address.{name}": messages for name, messages in nested.items()})


def _products(body: Mapping[str, Any], errors: Errors) -> list[dict[str, Any]]:
    products = body.get("products")
    if products is None or "products" in errors:
        return []
    if not isinstance(products, list):
        errors["products"] = ["The products field must be an array."]
        return []
    for index, product in enumerate(products):
        for name, message in _product_errors(product).items():
            errors[f"products.{index}.{name}"] = [message]
    return [product for product in products if isinstance(product, dict)]


def _product_errors(product: object) -> dict[str, str]:
    row = product if isinstance(product, dict) else {}
    errors = {}
    if not isinstance(row.get("product_name"), str) or not row["product_name"]:
        errors["product_name"] = "The product name field is required."
    price, quantity = row.get("product_price"), row.get("quantity")
    if isinstance(price, bool) or not isinstance(price, int | Decimal) or price < 0:
        errors["product_price"] = "The product price field must be at least 0."
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        errors["quantity"] = "The quantity field must be at least 1."
    return errors


def _phone(body: Mapping[str, Any], errors: Errors) -> str | None:
    """``+966…``, ``00966…``, ``966…``, ``0…`` or bare become ``5`` and eight digits."""
    phone = body.get("phone_number")
    if phone is None or "phone_number" in errors:
        return None
    digits = str(phone).removeprefix("+")
    for prefix in ("00966", "966", "0"):
        digits = digits.removeprefix(prefix) if len(digits) > 9 else digits
    if len(digits) != 9 or not digits.isascii() or not digits.isdigit() or digits[0] != "5":
        errors["phone_number"] = ["The phone number field format is invalid."]
        return None
    return digits


def _is_url(url: str) -> bool:
    scheme, separator, rest = url.partition("://")
    return scheme in ("http", "https") and bool(separator) and bool(rest.strip("/ "))
