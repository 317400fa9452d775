"""Management of webhook endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import bodies, shapes
from .values import Endpoint, Json, Merchant, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from .shop import Shop


def _show(shop: Shop, merchant: Merchant, endpoint: Endpoint, message: str) -> Json:
    """Return the answer that shows an endpoint."""
    shown = shapes.endpoint_resource(endpoint, merchant.id, shop.dialect)
    return shapes.success(message, shop.dialect, data=shown)


def _own(shop: Shop, merchant: Merchant, text: str) -> Endpoint:
    """Return one of the merchant's own endpoints."""
    endpoint = merchant.endpoints.get(shop.canonical_uuid(text))
    if endpoint is None:
        raise Refused(404, "Webhook not found.")
    return endpoint


def _refuse_duplicate(merchant: Merchant, url: str, but: Endpoint | None = None) -> None:
    """Refuse a URL that another of the merchant's endpoints has."""
    if any(other.url == url and other is not but for other in merchant.endpoints.values()):
        raise Refused(400, "A webhook with this URL already exists.")


def list_endpoints(shop: Shop, merchant: Merchant, query: dict[str, str], base: str) -> Json:
    """Return a page of endpoints."""
    per_page = bodies.page_number(query, "per_page", 15, shop.dialect)
    page = bodies.page_number(query, "page", 1, shop.dialect)
    every = list(merchant.endpoints.values())
    last = max(1, -(-len(every) // per_page))
    start = (page - 1) * per_page
    chosen = every[start : start + per_page]
    return shapes.success(
        "Webhooks retrieved.",
        shop.dialect,
        data=[shapes.endpoint_resource(each, merchant.id, shop.dialect) for each in chosen],
        links=_links(lambda number: f"{base}?per_page={per_page}&page={number}", page, last),
        meta={
            "current_page": page,
            "from": start + 1 if chosen else None,
            "last_page": last,
            "path": base,
            "per_page": per_page,
            "to": start + len(chosen) if chosen else None,
            "total": len(every),
        },
    )


def _links(address: Callable[[int], str], page: int, last: int) -> Json:
    """Return the addresses of the pages around."""
    return {
        "first": address(1),
        "last": address(last),
        "prev": address(page - 1) if page > 1 else None,
        "next": address(page + 1) if page < last else None,
    }


def create(shop: Shop, merchant: Merchant, body: Json) -> Json:
    """Register an endpoint."""
    name, url = bodies.text(body, "name", 255), bodies.url(body)
    with shop.lock:
        _refuse_duplicate(merchant, url)
        now = shop.clock.now()
        endpoint = Endpoint(shop.new_uuid(), name, url, shop.token(60), now, now)
        merchant.endpoints[endpoint.uuid] = endpoint
        return _show(shop, merchant, endpoint, "Webhook created successfully.")


def read(shop: Shop, merchant: Merchant, text: str, body: Json) -> Json:
    """Show an endpoint, its secret included."""
    with shop.lock:
        return _show(shop, merchant, _own(shop, merchant, text), "Webhook retrieved.")


def replace(shop: Shop, merchant: Merchant, text: str, body: Json) -> Json:
    """Change name and URL, both of which must be given."""
    with shop.lock:
        endpoint = _own(shop, merchant, text)
        return _change(shop, merchant, endpoint, bodies.text(body, "name", 255), bodies.url(body))


def amend(shop: Shop, merchant: Merchant, text: str, body: Json) -> Json:
    """Change what is given."""
    with shop.lock:
        endpoint = _own(shop, merchant, text)
        name = bodies.text(body, "name", 255) if "name" in body else endpoint.name
        url = bodies.url(body) if "url" in body else endpoint.url
        return _change(shop, merchant, endpoint, name, url)


def _change(shop: Shop, merchant: Merchant, endpoint: Endpoint, name: str, url: str) -> Json:
    """Write name and URL."""
    _refuse_duplicate(merchant, url, endpoint)
    endpoint.name, endpoint.url = name, url
    endpoint.updated_at = shop.clock.now()
    return _show(shop, merchant, endpoint, "Webhook updated successfully.")


def delete(shop: Shop, merchant: Merchant, text: str, body: Json) -> Json:
    """Forget an endpoint; the answer has no `data`."""
    with shop.lock:
        endpoint = _own(shop, merchant, text)
        del merchant.endpoints[endpoint.uuid]
        return shapes.success("Webhook deleted successfully.", shop.dialect)
