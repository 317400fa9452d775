"""A live server's own orders, and whether it can be judged at all."""

import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import httpx

from points_conformance.contract.limits import CUSTOMER_WITHOUT_BALANCE, KEY_HEADER
from points_conformance.contract.money import sar
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.judging.finding import Denied, NotExercised, Unjudgeable
from points_conformance.simulator.messages import dump_json
from points_conformance.targets.api.calling import Calling
from points_conformance.targets.api.order import Made, Wanted, fits
from points_conformance.targets.api.sources import OrderSource, made_from
from points_conformance.targets.api.target import ApiTarget
from points_conformance.targets.api.turns import Turn
from points_conformance.targets.fetch import TOO_MUCH, Fetched, fetch

__all__ = ["EarningSource", "preflight"]

#: Seconds for one answer before the run, and an order number that no merchant has.
PREFLIGHT_TIMEOUT = 10.0
_NOBODYS = "00000000-0000-4000-8000-00000000c0de"


class EarningSource(OrderSource):
    """Makes orders with ``POST /orders/earning`` and the sandbox's customer, one call at a time.

    The answer's status is read, not assumed: an order that came back in another status is kept for
    a rule that wants it so. A fresh ``order_number`` each, never used before in any run. A server
    that makes none is not asked again. ``turn``: where others ask the same server.
    """

    def __init__(self, turn: Turn = nullcontext) -> None:
        self._turn = turn
        self._making = threading.Lock()
        self._kept: list[Made] = []
        self._run = f"{int(time.time()):x}{secrets.token_hex(2)}"
        self.made = 0
        self._count = 0
        self._starts: OrderStatus | None = None
        self._why_not = ""
        #: The largest total that it made an order of, in halalas.
        self._largest = 0
        self._takes_metadata = True

    @property
    def unused(self) -> list[Made]:
        """Orders that came in another status than was wanted, and that nobody wanted since."""
        return list(self._kept)

    def make(self, wanted: Wanted, api: Calling) -> Made | None:
        """An earning order in the status that this server gives new ones; else ``None``."""
        with self._making:
            return self._made(wanted, api)

    def _made(self, wanted: Wanted, api: Calling) -> Made | None:
        for kept in self._kept:
            if fits(kept, wanted):
                self._kept.remove(kept)
                return kept
        if wanted.kind is OrderType.REPLACING or self._starts not in (None, wanted.status):
            return None
        if self._why_not:
            raise self._refused(self._why_not)
        if self._starts is None and wanted.status not in (OrderStatus.NEW, OrderStatus.APPROVED):
            return None
        made = self._earn(wanted.total, api, wanted.metadata)
        if made is None:
            return None
        self._starts = made.status
        if fits(made, wanted):
            return made
        self._kept.append(made)
        return None

    def _earn(
        self, total: int, api: Calling, metadata: Mapping[str, Any] | None = None
    ) -> Made | None:
        self._count += 1
        number = f"PC-{self._run}-{os.getpid()}-{self._count}"
        price = sar(total)
        body: dict[str, Any] = {
            "phone_number": CUSTOMER_WITHOUT_BALANCE,
            "name": "Conformance run",
            "total_price": price,
            "order_number": number,
            "products": [{"product_name": "Test item", "product_price": price, "quantity": 1}],
        }
        if metadata is not None and self._takes_metadata:
            body["metadata"] = dict(metadata)
        api.journal.write("order", order_number=number, total_price=str(price))
        with self._turn():
            answer = api.call("POST", "/orders/earning", body=dump_json(body))
        if answer.status == 422 and "metadata" in body:
            # Orders as they are without it serve as well.
            self._takes_metadata = False
            return self._earn(total, api)
        if not answer.accepted:
            why = f"the earning endpoint makes no order: HTTP {answer.status}"
            if answer.status != 422 or total <= self._largest:
                self._why_not = why
                raise self._refused(why)
            # That one may be about this very order: none of such a total was made before.
            raise NotExercised(f"{why} to one of {price} SAR", lacks="large orders")
        self.made += 1
        self._largest = max(self._largest, total)
        asked = {"type": OrderType.EARNING.value, "total_price": price, "order_number": number}
        made = made_from(answer.order, given=False, expected=asked)
        uuid = answer.order.get("uuid")
        if made is None and isinstance(uuid, str):
            asked["uuid"] = uuid
            made = made_from(api.read(uuid).order, given=False, expected=asked)
        api.journal.write("order made", order_number=number, uuid=uuid)
        if made is None:
            self._why_not = (
                "the earning endpoint gives no order to work with (pending, or without a uuid or "
                "status): supply orders with --orders or the hook pytest_points_make_order"
            )
            raise self._refused(self._why_not)
        return made

    def _refused(self, why: str) -> NotExercised:
        """A source that never gave an order is none; one that gave some and stops denies them."""
        return Denied(why) if self._starts else NotExercised(why, lacks="made orders")


def preflight(api: ApiTarget) -> None:
    """Find out with at most four harmless calls whether the Points API answers at all.

    Raises :class:`Unjudgeable` for a host that is not reached, does not answer in 10 s, redirects,
    answers HTML, refuses the key as documented, or knows none of the API's paths. Whatever else it
    answers is judged, not refused.
    """
    ask = _asker(api)
    order = ask("GET", f"/orders/{_NOBODYS}", True)
    if order.status_code == 400:
        listing = ask("GET", "/webhooks", True)
        if listing.status_code == 400:
            raise Unjudgeable(
                f"{api.base_url} refuses the key (HTTP 400). Check POINTS_API_KEY: sandbox and "
                "production keys differ"
            )
    if order.status_code != 404:
        return
    probes = (
        ("GET", f"/orders/{_NOBODYS}", False),
        ("GET", "/webhooks", True),
        ("POST", "/orders/earning", True),
    )
    if all(ask(*probe).status_code in (404, 405) for probe in probes):
        raise Unjudgeable(
            f"nothing of the Points API answers under {api.base_url}. Is the path prefix right? "
            "Give the base URL with or without /api/v1"
        )


def _asker(api: ApiTarget) -> Callable[[str, str, bool], Fetched]:
    def ask(method: str, path: str, with_key: bool) -> Fetched:
        api.budget.take()
        api.pace.wait()
        headers = {"Accept": "application/json"} | (
            {KEY_HEADER: api.keys.private} if with_key else {}
        )
        if method == "POST":
            headers["Content-Type"] = "application/json"
        response = _send(api, method, path, headers)
        if 300 <= response.status_code < 400:
            location = api.redact(response.headers.get("location", "nowhere"))
            raise Unjudgeable(
                f"{api.base_url} redirects to {location} (HTTP {response.status_code}). "
                "Only the named host is called: give the final base URL"
            )
        if response.too_much:
            raise Unjudgeable(f"{api.base_url} gives {TOO_MUCH}: is it the Points API?")
        if _is_html(response):
            raise _html(api, response)
        return response

    return ask


def _send(api: ApiTarget, method: str, path: str, headers: dict[str, str]) -> Fetched:
    """One call that may take 10 s in all, however slowly its bytes drip."""
    try:
        return fetch(
            api.client,
            method,
            api.base_url + path,
            headers=headers,
            content=b"{}" if method == "POST" else None,
            timeout=PREFLIGHT_TIMEOUT,
            seconds=PREFLIGHT_TIMEOUT,
        )
    except httpx.TimeoutException:
        raise Unjudgeable(
            f"{api.base_url} did not answer within {PREFLIGHT_TIMEOUT:.0f} s. Is it up?"
        ) from None
    except httpx.HTTPError as error:
        raise Unjudgeable(
            f"{api.base_url} cannot be reached: {_why(api, error)}. Is it up, and is the address "
            "right?"
        ) from None


def _why(api: ApiTarget, error: httpx.HTTPError) -> str:
    text = str(error).strip()
    return api.redact(text.splitlines()[0]) if text else type(error).__name__


def _is_html(response: Fetched) -> bool:
    kind = response.headers.get("content-type", "").lower()
    start = response.content[:200].lstrip().lower()
    return "html" in kind or start.startswith((b"<!doctype", b"<html"))


def _html(api: ApiTarget, response: Fetched) -> Unjudgeable:
    return Unjudgeable(
        f"{api.base_url} answers with an HTML page (HTTP {response.status_code}), not with the "
        "Points API. Is the host and the path prefix right?"
    )
