"""Reading requests: JSON, amounts, reasons, phones.  Nothing here changes anything."""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from .values import Json, Refused, invalid

if TYPE_CHECKING:
    from .dialects import Dialect

HALALA = Decimal("0.01")
# Above this a double no longer shows every halala, and no shop sells for so much.
MOST = Decimal("9999999999.99")
BEYOND = Decimal("99999999999.99")
NUMERIC = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)
PHONE = re.compile(r"(?:\+966|00966|966|0)?(5[0-9]{8})", re.ASCII)


def _no_constant(text: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python would read but JSON does not have."""
    raise ValueError(text)


def parse(raw: bytes, dialect: Dialect) -> Json:
    """Read a JSON object; an empty body and an empty list are an empty object."""
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw.decode("utf-8"), parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, ArithmeticError, RecursionError):
        raise _malformed(dialect) from None
    if body == []:
        return {}
    if not isinstance(body, dict):
        raise _malformed(dialect)
    return body


def _malformed(dialect: Dialect) -> Refused:
    """Return the refusal of a body that is no JSON object."""
    if dialect.malformed_body_status == 422:
        return invalid("body", "The body must be a JSON object.")
    return Refused(dialect.malformed_body_status, "Malformed request body.")


def number(value: object, name: str, dialect: Dialect) -> Decimal:
    """Return a number of at least zero, exactly as it was written."""
    if isinstance(value, str) and dialect.reads_numeric_strings and NUMERIC.fullmatch(value):
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise invalid(name, f"The {name} must be a number.")
    exact = Decimal(value)
    if exact < 0:
        raise invalid(name, f"The {name} must be at least 0.")
    return exact


def money(value: object, name: str, dialect: Dialect) -> Decimal:
    """Return an amount of riyals with two decimals; whatever is too large becomes BEYOND."""
    exact = number(value, name, dialect)
    if exact > MOST:
        return BEYOND
    rounded = exact.quantize(HALALA, ROUND_HALF_UP)
    if rounded != exact and not dialect.rounds_amounts:
        raise invalid(name, f"The {name} must have at most two decimals.")
    return rounded


def price(value: object, name: str, dialect: Dialect) -> int:
    """Return a price in halalas."""
    amount = money(value, name, dialect)
    if amount > MOST:
        raise invalid(name, f"The {name} is too large.")
    return int(amount * 100)


def reason(body: Json, limit: int, dialect: Dialect) -> str | None:
    """Return the reason given; none means that a default may take its place."""
    if "reason" not in body:
        return None
    given = body["reason"]
    if given is None and not dialect.null_reason_is_refused:
        return None
    if not isinstance(given, str) or len(given) > limit:
        raise invalid("reason", f"The reason must be a string of at most {limit} characters.")
    told = given.strip() if dialect.trims_reasons else given
    return told if told or dialect.keeps_empty_reason else None


def text(body: Json, name: str, limit: int) -> str:
    """Return a string that must be there and must not be blank."""
    given = body.get(name)
    if not isinstance(given, str) or not given.strip() or len(given) > limit:
        raise invalid(name, f"The {name} must be a string of at most {limit} characters.")
    return given


def optional_text(body: Json, name: str, limit: int, shown: str = "") -> None:
    """Check a string that may be absent or null."""
    given = body.get(name)
    if given is not None and (not isinstance(given, str) or len(given) > limit):
        raise invalid(shown or name, f"It must be a string of at most {limit} characters.")


def url(body: Json) -> str:
    """Return the `url` of a webhook endpoint."""
    given = text(body, "url", 500)
    try:
        parts = urlsplit(given)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not given.isascii() or any(sign <= " " for sign in given):
        raise invalid("url", "The url must be a valid URL.")
    return given


def phone(body: Json) -> str:
    """Return a Saudi mobile number as `5` and eight digits."""
    given = body.get("phone_number")
    match = PHONE.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        raise invalid("phone_number", "The phone_number format is invalid.")
    return match[1]


def products(body: Json, dialect: Dialect) -> list[Json]:
    """Return the items of an order, of which there must be at least one."""
    given = body.get("products")
    if not isinstance(given, list) or not given:
        raise invalid("products", "The products must have at least one item.")
    return [_product(item, f"products.{place}", dialect) for place, item in enumerate(given)]


def _product(item: object, place: str, dialect: Dialect) -> Json:
    """Return one item with its price in halalas."""
    if not isinstance(item, dict):
        raise invalid(place, "The item must be an object.")
    name, quantity = item.get("product_name"), item.get("quantity")
    if not isinstance(name, str) or not name.strip():
        raise invalid(f"{place}.product_name", "The product_name is required.")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        raise invalid(f"{place}.quantity", "The quantity must be an integer of at least 1.")
    halalas = price(item.get("product_price"), f"{place}.product_price", dialect)
    return {"product_name": name, "product_price": halalas, "quantity": quantity}


def order_extras(body: Json, dialect: Dialect) -> None:
    """Check the optional fields that new orders share."""
    optional_text(body, "name", 255)
    for name in ("shipping_amount", "tax_amount", "discount_amount"):
        if body.get(name) is not None:
            price(body[name], name, dialect)
    metadata = body.get("metadata")
    if not isinstance(metadata, dict | None) or not _is_shallow(metadata, 50):
        raise invalid("metadata", "The metadata must be an object, nested 50 deep at most.")
    address = body.get("shipping_address")
    if not isinstance(address, dict | None):
        raise invalid("shipping_address", "The shipping_address must be an object.")
    optional_text(address or {}, "city", 100, "shipping_address.city")
    optional_text(address or {}, "line1", 255, "shipping_address.line1")


def _is_shallow(value: object, allowed: int) -> bool:
    """Tell whether a value is nested so little that it can be written again."""
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return allowed > 0 and all(_is_shallow(item, allowed - 1) for item in inner)


def choice(body: Json, name: str, allowed: tuple[str, ...]) -> str:
    """Return one of the allowed words."""
    given: Any = body.get(name)
    if not isinstance(given, str) or given not in allowed:
        raise invalid(name, f"The selected {name} is invalid.")
    return given


def page_number(query: dict[str, str], name: str, default: int, dialect: Dialect) -> int:
    """Return a number of the query between 1 and 100."""
    given = query.get(name)
    if given is None:
        return default
    if re.fullmatch("[0-9]{1,3}", given, re.ASCII) and 1 <= int(given) <= 100:
        return int(given)
    if dialect.bad_page_is_refused:
        raise invalid(name, f"The {name} must be between 1 and 100.")
    return default
