"""The sandbox's page in a real browser: live, by keyboard, on any screen, without scripts too."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.browser.conftest import DESKTOP, PHONE

from points_conformance.simulator import Order, Simulator
from points_conformance.simulator.clock import ShiftedClock
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.mounts.sandbox import Sandbox

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

SCREENS: dict[str, dict[str, Any]] = {
    "desktop": DESKTOP,
    "dark": DESKTOP | {"color_scheme": "dark"},
    "phone": PHONE,
    "small": {"viewport": {"width": 320, "height": 568}},
}
HOSTILE = "</bdi><script>window.stolen = 1; alert(1)</script><img src=x>\u202e\x1b" + "W" * 200
_OPEN_ALL = "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"
#: Waited for by a selector: a predicate is an ``eval``, which the page's policy forbids.
_LIVE = "#live:text-is('live')"

Opened = Callable[..., "Page"]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox in which something has happened, hostile words among it."""
    faults = Faults(Simulator(clock=ShiftedClock()))
    simulator = faults.simulator
    courier = Courier(faults, reach="loopback", pause=0.0)
    answers = iter((500, 204))
    courier.deliver_to(lambda request: next(answers, 204), url="http://127.0.0.1:8000/webhooks")
    hostile = simulator.make_order("replacing", "captured", "80")
    hostile.number = HOSTILE
    simulator.auto_refund(hostile.uuid)
    refunded = simulator.make_order(total_price="150.75", status="captured")
    with Sandbox(faults, page=True, courier=courier) as served:
        refund(served, refunded, 25.5)
        faults.lose_answer("cancel")
        yield served


def refund(sandbox: Sandbox, order: Order, amount: float) -> None:
    """Refund as a client does."""
    url, key = f"{sandbox.base_url}/orders/{order.uuid}/refund", sandbox.simulator.merchant.key
    httpx.post(url, json={"amount": amount}, headers={"x-api-key": key}, trust_env=False)


@pytest.fixture
def opened(chromium: "Browser", sandbox: Sandbox) -> Iterator[Opened]:
    """Opens the page; whatever it complains of, and whatever it asks of others, fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def ask(url: str) -> None:
        if not url.startswith((f"{sandbox.origin}/", "data:,")):
            complaints.append(f"asked for {url}")

    def open_(**options: Any) -> "Page":
        context = chromium.new_context(**DESKTOP | options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: ask(request.url))
        page.goto(f"{sandbox.origin}/")
        if options.get("java_script_enabled", True):
            page.locator(_LIVE).wait_for()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def newest(sandbox: Sandbox) -> Order:
    """The order that was made last."""
    return list(sandbox.simulator.world.orders.values())[-1]


@pytest.mark.parametrize("screen", SCREENS)
def test_whoever_needs_help_to_read_can_read_it(opened: Opened, axe: str, screen: str) -> None:
    """No violation of WCAG A and AA nor of good practice, all unfolded, hostile words among it; and
    nothing is wider than the screen.
    """
    page = opened(**SCREENS[screen], bypass_csp=True)
    page.evaluate(_OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
    assert page.evaluate("window.stolen === undefined")
    assert page.locator("img").count() == 0


def test_what_happens_is_seen_without_loading_again(opened: Opened, sandbox: Sandbox) -> None:
    """What is typed, unfolded and focused stays as it is; what comes is put where it belongs."""
    order = newest(sandbox)
    page = opened()
    row = page.locator(f"[id='order-{order.uuid}']")
    row.locator("summary").click()
    row.get_by_label("Amount, SAR").fill("12.3")
    page.evaluate("window.kept = true")
    refund(sandbox, order, 10)
    row.get_by_text("115.25 of 150.75 SAR left").wait_for()
    page.locator("#deliveries").get_by_text("3 refunded").wait_for()
    made = sandbox.simulator.make_order(total_price="7")
    page.locator(f"[id='order-{made.uuid}']").wait_for()
    first = page.locator("[data-list=orders] > details").first
    assert first.get_attribute("id") == f"order-{made.uuid}"
    assert page.evaluate("window.kept")
    assert row.get_by_label("Amount, SAR").input_value() == "12.3"
    assert page.evaluate("document.activeElement.name") == "amount"
    assert row.evaluate("(fold) => fold.open")


@pytest.mark.parametrize("scripts", [True, False])
def test_forms_work_with_and_without_scripts(
    opened: Opened, sandbox: Sandbox, *, scripts: bool
) -> None:
    """An order is made and refunded; its row is unfolded, and a line says what came of it."""
    page = opened(java_script_enabled=scripts)
    page.get_by_label("Total, SAR").fill("60.00")
    page.get_by_role("button", name="Make the order").click()
    page.get_by_role("status").get_by_text("60.00 SAR").wait_for()
    order = newest(sandbox)
    row = page.locator(f"[id='order-{order.uuid}']")
    row.get_by_label("Amount, SAR").fill("20.00")
    row.get_by_role("button", name="Refund", exact=False).first.click()
    row.get_by_text("40.00 of 60.00 SAR left").wait_for()
    assert order.ledger.left == 40_00
    row.get_by_label("Amount, SAR").fill("99.00")
    row.get_by_role("button", name="Refund", exact=False).first.click()
    page.get_by_role("alert").get_by_text("Refused").wait_for()
    assert order.ledger.left == 40_00


def test_a_page_that_is_open_over_a_restart_comes_back(chromium: "Browser") -> None:
    """It says that nobody answers, and loads the next process's page, whose forms work."""
    with chromium.new_context() as context:
        page = context.new_page()
        with Sandbox(Simulator(), page=True) as first:
            page.goto(f"{first.origin}/")
            page.locator(_LIVE).wait_for()
        page.get_by_text("not live").wait_for()
        simulator = Simulator()
        with Sandbox(simulator, port=first.port, page=True):
            token = page.evaluate("document.getElementById('content').dataset.token")
            page.locator(f"#content:not([data-token='{token}'])").wait_for()
            page.get_by_role("button", name="Make the order").click()
            page.get_by_role("status").wait_for()
    assert len(simulator.world.orders) == 1


def test_everything_is_reached_by_keyboard(opened: Opened, sandbox: Sandbox) -> None:
    """An order is unfolded and cancelled without a mouse, and focus is always seen."""
    order = sandbox.simulator.make_order(status="new")
    page = opened()
    page.locator(f"[id='order-{order.uuid}'] summary").focus()
    page.keyboard.press("Enter")
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert page.evaluate("document.activeElement.textContent") == "Cancel"
    page.keyboard.press("Enter")
    # Waited for: the line is there a moment before the script, or the fragment, focuses it.
    page.locator("#told[role=status]:focus").wait_for()
    assert order.ledger.status == "cancelled"


def test_a_page_of_another_origin_can_do_nothing(
    chromium: "Browser", opened: Opened, sandbox: Sandbox
) -> None:
    """A form with the right token makes an order from the page itself, and from no other."""
    send = (
        "([url, token]) => fetch(url, {method: 'POST', mode: 'no-cors', body:"
        "new URLSearchParams({token, total_price: '1'})}).then((answer) => answer.type)"
    )
    page = opened()
    token = page.evaluate("document.getElementById('content').dataset.token")
    before = len(sandbox.simulator.world.orders)
    page.evaluate(send, [f"{sandbox.origin}/_page/order", token])
    assert len(sandbox.simulator.world.orders) == before + 1
    with Sandbox(Simulator()) as other, chromium.new_context() as context:
        foreign = context.new_page()
        foreign.goto(f"{other.origin}/")
        answer = foreign.evaluate(send, [f"{sandbox.origin}/_page/order", token])
    assert answer == "opaque"
    assert len(sandbox.simulator.world.orders) == before + 1


@pytest.mark.parametrize("screen", ["desktop", "dark", "phone"])
def test_it_is_pictured(opened: Opened, tmp_path: Path, screen: str) -> None:
    """Kept where ``POINTS_SCREENSHOTS`` says, to be looked at."""
    folder = Path(os.environ.get("POINTS_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    page = opened(**SCREENS[screen])
    page.locator("[data-list=orders] summary").first.click()
    page.locator("[data-list=deliveries] summary").first.click()
    picture = folder / f"sandbox-{screen}.png"
    page.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 5000
