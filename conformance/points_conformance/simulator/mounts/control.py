"""The control API of a test rig, beside the Points API: JSON under ``/_points``.

==========================================  ========================================================
``GET  /_points``                           what there is here
``GET  /_points/keys``                      the merchants with their made-up keys
``POST /_points/orders``                    an order in any state: ``type``, ``status``,
                                            ``total_price``, ``refunded``, ``settled``, ``merchant``
``GET  /_points/orders/{uuid}``             its ledger: halalas, SAR and points
``POST /_points/orders/{uuid}/auto-refund`` the platform refunds it
``POST /_points/orders/{uuid}/settle``      it is settled with the merchant
``GET  /_points/deliveries``                every delivery with its attempts; ``?after=NUMBER``
``POST /_points/deliveries/mode``           ``mode``: ``lose`` (``times``, ``every``), ``repeat``
                                            (``extra``), ``reorder`` (``seed``), ``late``
                                            (``shortest``, ``longest``, ``seed``) or ``reliable``
``POST /_points/endpoints``                 register ``url`` (``name``, ``merchant``)
``POST /_points/faults``                    ``fault``: ``lose_answer``, ``lose_request``, ``answer``
                                            (``status``, ``carried_out``, ``headers``) or ``delay``
                                            (``seconds``); ``operation``, ``times``
``DELETE /_points/faults``                  forget every fault, those of deliveries too
``POST /_points/clock``                     ``advance`` by so many seconds
``POST /_points/reset``                     forget everything; the keys stay the same
==========================================  ========================================================

Amounts are SAR, as numbers or strings. ``merchant`` is 1 (the default) or 2. Whatever is asked
wrongly is answered with 400, 404, 405, 409 or 415 and ``{"error": …}``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs

from points_conformance.contract.money import sar
from points_conformance.simulator.clock import MovableClock
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.messages import Refusal, Request, Response, dump_json, load_json
from points_conformance.simulator.world import Delivery, Merchant, Order

__all__ = ["CONTROL_PREFIX", "Control"]

CONTROL_PREFIX: Final = "/_points"
_JSON: Final = {"Content-Type": "application/json"}
Body = Mapping[str, Any]
T = TypeVar("T")


class Control:
    """Answers requests under :data:`CONTROL_PREFIX`; while it is off, that is 404."""

    def __init__(self, faults: Faults, *, enabled: bool = True) -> None:
        self.faults = faults
        self.simulator = faults.simulator
        self.enabled = enabled

    def handle(self, request: Request) -> Response | None:
        """The answer, or ``None`` where the request is the API's."""
        path = request.path.removeprefix(CONTROL_PREFIX)
        if path == request.path or (path and not path.startswith("/")):
            return None
        try:
            with self.simulator.lock:
                status, answer = 200, self._answer(request, path.rstrip("/"))
        except _Wrong as wrong:
            status, answer = wrong.status, {"error": str(wrong)}
        except Refusal as refusal:
            status, answer = 409, {"error": refusal.message}
        except (ValueError, TypeError, ArithmeticError) as wrong:
            status, answer = 400, {"error": str(wrong)}
        return Response(status, _JSON, dump_json(answer))

    def _answer(self, request: Request, path: str) -> Any:
        if not self.enabled:
            raise _Wrong(404, "the control API is switched off")
        if request.body and not _is_json(request):
            raise _Wrong(415, "a body is JSON here: send Content-Type: application/json")
        found = [(row, match) for row in _ROWS if (match := row[1].fullmatch(path))]
        if not found:
            raise _Wrong(404, f"nothing is at {request.path}; see GET {CONTROL_PREFIX}")
        for (method, _, answer), match in found:
            if method == request.method:
                return answer(self, _Asked(match[1] if match.groups() else "", request))
        raise _Wrong(405, f"{request.path} does not know {request.method}")

    # ------------------------------------------------------------------ looking
    def index(self, asked: "_Asked") -> Any:
        """What there is."""
        return {"calls": [f"{m} {CONTROL_PREFIX}{_readable(p)}" for m, p, _ in _ROWS]}

    def keys(self, asked: "_Asked") -> Any:
        """Every merchant's keys."""
        return [
            {"merchant": m.id, "name": m.name, "key": m.key, "public_key": m.public_key}
            for m in self.simulator.world.merchants
        ]

    def ledger(self, asked: "_Asked") -> Any:
        """One order's books."""
        return _shown(self._order(asked.name))

    def deliveries(self, asked: "_Asked") -> Any:
        """What was to be delivered, with every attempt."""
        after = int(parse_qs(asked.request.query).get("after", ["0"])[0])
        return [_delivery(d) for d in self.simulator.deliveries.after(after)]

    # ------------------------------------------------------------------ doing
    def make_order(self, asked: "_Asked") -> Any:
        """An order in any state."""
        body = asked.body("type", "status", "total_price", "refunded", "settled", "merchant")
        order = self.simulator.make_order(
            body.get("type", "earning"),
            body.get("status", "approved"),
            body.get("total_price", "100.00"),
            merchant=self._merchant(body),
            refunded=body.get("refunded"),
            settled=bool(body.get("settled", False)),
        )
        return _shown(order)

    def auto_refund(self, asked: "_Asked") -> Any:
        """The platform refunds by itself."""
        return _shown(self.simulator.auto_refund(self._order(asked.name).uuid))

    def settle(self, asked: "_Asked") -> Any:
        """The order is settled with the merchant."""
        order = self._order(asked.name)
        self.simulator.desk.settle(order)
        return _shown(order)

    def endpoint(self, asked: "_Asked") -> Any:
        """Register a webhook endpoint, whatever its URL."""
        body = asked.body("url", "name", "merchant")
        url, name = body.get("url"), body.get("name", "Test rig")
        if not isinstance(url, str) or not isinstance(name, str):
            raise _Wrong(400, "url and name are strings")
        merchant = self._merchant(body)
        endpoint = self.simulator.open_endpoint(merchant, name, url)
        return self.simulator.presenter.endpoint(endpoint, merchant.id)

    def fault(self, asked: "_Asked") -> Any:
        """Plan a fault of calls."""
        body = asked.body(
            "fault", "operation", "times", "status", "carried_out", "headers", "seconds"
        )
        kind, rest = body.get("fault"), {k: v for k, v in body.items() if k != "fault"}
        rest.setdefault("operation", "any")
        faults: dict[Any, Callable[..., None]] = {
            "lose_answer": self.faults.lose_answer,
            "lose_request": self.faults.lose_request,
            "answer": self.faults.answer,
            "delay": self.faults.delay,
        }
        _chosen("fault", kind, faults)(**_numbers(rest))
        return {"planned": len(self.faults.planned)}

    def mode(self, asked: "_Asked") -> Any:
        """How the post treats deliveries."""
        body = asked.body("mode", "times", "every", "extra", "seed", "shortest", "longest")
        post = self.faults.deliveries
        modes: dict[Any, Callable[..., None]] = {
            "lose": post.lose,
            "repeat": post.repeat,
            "reorder": post.reorder,
            "late": post.late,
            "reliable": post.clear,
        }
        rest = {k: v for k, v in body.items() if k != "mode"}
        _chosen("mode", body.get("mode"), modes)(**_numbers(rest))
        return {"mode": body["mode"]}

    def forget_faults(self, asked: "_Asked") -> Any:
        """Forget every fault."""
        self.faults.clear()
        return {"planned": 0}

    def clock(self, asked: "_Asked") -> Any:
        """Move the clock."""
        body = asked.body("advance")
        seconds = body.get("advance")
        if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal):
            raise _Wrong(400, "advance is a number of seconds")
        if not isinstance(self.simulator.clock, MovableClock):
            raise _Wrong(409, "this is the machine's clock, which is not ours to move")
        self.simulator.clock.advance(float(seconds))
        return {"advanced": seconds}

    def reset(self, asked: "_Asked") -> Any:
        """Forget everything."""
        keys_are_open = self.simulator.gate.anyone is not None
        self.faults.clear()
        self.simulator.reset()
        self.simulator.gate.anyone = self.simulator.merchant if keys_are_open else None
        return self.keys(asked)

    # ------------------------------------------------------------------ finding
    def _order(self, uuid: str) -> Order:
        try:
            return self.simulator.order(uuid)
        except KeyError:
            raise _Wrong(404, f"no order has the uuid {uuid!r}") from None

    def _merchant(self, body: Body) -> Merchant:
        number = body.get("merchant", 1)
        merchants = {merchant.id: merchant for merchant in self.simulator.world.merchants}
        return _chosen("merchant", number, merchants)


class _Wrong(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Asked:
    """What was asked: the name in the path, and the body."""

    def __init__(self, name: str, request: Request) -> None:
        self.name = name
        self.request = request

    def body(self, *fields: str) -> dict[str, Any]:
        """The body, a JSON object with none but these fields; nothing is an empty one."""
        body = load_json(self.request.body or b"{}")
        if not isinstance(body, dict):
            raise _Wrong(400, "the body is not a JSON object")
        unknown = sorted(set(body) - set(fields))
        if unknown:
            raise _Wrong(400, f"unknown: {', '.join(unknown)}; there are: {', '.join(fields)}")
        return body


def _is_json(request: Request) -> bool:
    """Whether the body is said to be JSON: then no page of another origin can have sent it."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json"


def _chosen(name: str, value: Any, choices: Mapping[Any, T]) -> T:
    if value not in choices:
        given = ", ".join(str(choice) for choice in choices)
        raise _Wrong(400, f"{name} cannot be {value!r}; there are: {given}")
    return choices[value]


def _numbers(arguments: Body) -> dict[str, Any]:
    """Exact numbers as the faults take them, and headers that are texts."""
    headers = arguments.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
        raise _Wrong(400, "headers is an object of strings")
    return {k: float(v) if isinstance(v, Decimal) else v for k, v in arguments.items()}


def _shown(order: Order) -> dict[str, Any]:
    ledger = order.ledger
    return {
        "uuid": order.uuid,
        "order_number": order.number,
        "merchant": order.merchant.id,
        "type": ledger.kind.value,
        "status": ledger.status.value,
        "settled": ledger.settled,
        "halalas": {"total": ledger.total, "refunded": ledger.refunded, "left": ledger.left},
        "sar": {
            "total": sar(ledger.total),
            "refunded": sar(ledger.refunded),
            "left": sar(ledger.left),
        },
        "points": {
            "total": ledger.points,
            "reversed": ledger.refunded_points,
            "left": ledger.left_points,
        },
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    endpoint = delivery.endpoint
    return {
        "number": delivery.number,
        "merchant": delivery.merchant.id,
        "endpoint": None if endpoint is None else {"uuid": endpoint.uuid, "url": endpoint.url},
        "event": delivery.event,
        "order_uuid": delivery.order_uuid,
        "body": delivery.body.decode(),
        "attempts": [
            {**asdict(attempt), "at": attempt.at.isoformat()} for attempt in delivery.attempts
        ],
    }


_ORDER: Final = r"/orders/([^/]+)"
_Row = tuple[str, re.Pattern[str], Callable[[Control, _Asked], Any]]
_ROWS: Final[tuple[_Row, ...]] = tuple(
    (method, re.compile(path), answer)
    for method, path, answer in (
        ("GET", "", Control.index),
        ("GET", "/keys", Control.keys),
        ("POST", "/orders", Control.make_order),
        ("GET", _ORDER, Control.ledger),
        ("POST", _ORDER + "/auto-refund", Control.auto_refund),
        ("POST", _ORDER + "/settle", Control.settle),
        ("GET", "/deliveries", Control.deliveries),
        ("POST", "/deliveries/mode", Control.mode),
        ("POST", "/endpoints", Control.endpoint),
        ("POST", "/faults", Control.fault),
        ("DELETE", "/faults", Control.forget_faults),
        ("POST", "/clock", Control.clock),
        ("POST", "/reset", Control.reset),
    )
)


def _readable(path: re.Pattern[str]) -> str:
    return path.pattern.replace("([^/]+)", "{uuid}")
