"""``--order-url``: a consumer on a real port that knows only orders of its own checkout."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest
from tests.cli.command import Ended, Listener, answer, listening, run

from points_conformance.defects.consumer.styles import OwnOrders

SECRET = "whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"
TOLD = ("--order-url", "/orders")
#: The smoke profile, and the rule that is about orders of others.
QUICK = (
    "--profile",
    "smoke",
    "--select",
    "consumer.*",
    "--select",
    "consumer.takes-unknown-orders",
)
OUTCOME = "consumer.second-partial-refund"


class Silent(OwnOrders):
    """Acknowledges what is about no order of its own, and forgets it."""

    def received(self, request: httpx.Request, payload: dict[str, object]) -> int | httpx.Response:
        """As a shop that shares its merchant account does."""
        answer = super().received(request, payload)
        return 204 if answer == 404 else answer


def checkout(shop: OwnOrders) -> Iterator[Listener]:
    """Webhooks, orders of its checkout, and their state, on one port."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        body: bytes = handler.body  # type: ignore[attr-defined]
        if handler.command == "GET":
            state = shop.state(handler.path.rpartition("/")[2])
            shown = state and {"order_status": state.status, "refunded_amount": str(state.refunded)}
            answer(handler, 200 if shown else 404, shown)
        elif handler.path == "/orders":
            shop.told_of(json.loads(body)["id"])
            answer(handler, 201, {})
        else:
            told = shop(
                httpx.Request(handler.command, "/", headers=dict(handler.headers), content=body)
            )
            answer(handler, told if isinstance(told, int) else told.status_code, "")

    with listening(respond) as listener:
        yield listener


@pytest.fixture(params=[OwnOrders, Silent])
def shop(request: pytest.FixtureRequest) -> Iterator[Listener]:
    """A consumer that answers 404 to what it does not know, and one that says nothing."""
    yield from checkout(request.param(SECRET))


def judged(folder: Path, shop: Listener, *arguments: str) -> Ended:
    """Run the command on the consumer."""
    url = f"http://127.0.0.1:{shop.port}/webhooks/points"
    state = ("--state-url", "/orders/{order_id}", "--settle", "0.5")
    return run(
        folder,
        *("consumer", "--url", url, *state, *arguments),
        key=None,
        POINTS_WEBHOOK_SECRET=SECRET,
    )


def test_with_the_order_url_it_is_conformant(tmp_path: Path, shop: Listener) -> None:
    """That it takes in no orders of others is advice. Every request that it gets is a call."""
    done = judged(tmp_path, shop, *TOLD, *QUICK)
    assert done.status == 0, done.out + done.err
    assert done.verdict(OUTCOME) == "passed"
    advice = [row["id"] for row in done.report["rules"] if row["verdict"] == "advice"]
    assert advice == ["consumer.takes-unknown-orders"]
    assert done.report["calls"] == len(shop.calls)
    beside = sum(path.startswith("/orders") for _, path in shop.calls)
    note = f"{len(shop.calls)} calls: {len(shop.calls) - beside} deliveries, {beside} that read"
    assert any(line.startswith(note) for line in done.report["notes"])


def test_without_it_the_run_names_the_option(tmp_path: Path, shop: Listener) -> None:
    """It cannot be judged, and two lines say what to give."""
    done = judged(tmp_path, shop, "--profile", "smoke")
    assert done.status == 2, done.out + done.err
    assert "only orders of its own" in done.err
    assert "--order-url" in done.err
    assert len(done.err.strip().splitlines()) == 2


@pytest.mark.parametrize(
    ("option", "complaint"),
    [("http://127.0.0.1:9/orders", "was not reached"), ("/nowhere", "answers 401 to an order")],
)
def test_an_order_url_that_does_not_work_is_2(
    tmp_path: Path, shop: Listener, option: str, complaint: str
) -> None:
    """Before any delivery."""
    done = judged(tmp_path, shop, "--order-url", option)
    assert done.status == 2, done.out + done.err
    assert complaint in done.out + done.err
