"""The sandbox's page: what it shows, what its forms do, and who may see and send them."""

import html
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest

from points_conformance.contract.dialect import DIALECTS
from points_conformance.simulator import Request, Simulator
from points_conformance.simulator.clock import ManualClock, ShiftedClock, SystemClock
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.faults import OPERATION_NAMES, Faults
from points_conformance.simulator.mounts.sandbox import Sandbox
from points_conformance.simulator.page.deeds import DEEDS, FAULTS
from points_conformance.simulator.page.page import SandboxPage
from points_conformance.simulator.page.shown import MOST_ROWS, shown

HOSTILE = "</bdi><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{ 7*7 }}\x1b[31m\u202e"


class Browser:
    """A browser without JavaScript: looks at the page, and sends its forms."""

    def __init__(self, sandbox: Sandbox, client: httpx.Client) -> None:
        self.sandbox = sandbox
        self.client = client

    def page(self, query: str = "") -> str:
        answer = self.client.get(f"/{query}")
        assert answer.status_code == 200
        return answer.text

    def token(self) -> str:
        found = re.search(r'name="token" value="([^"]+)"', self.page())
        assert found is not None
        return found[1]

    def send(self, deed: str, **fields: str) -> httpx.Response:
        """Send a form as a browser does, without following where it leads."""
        headers = {"Origin": self.sandbox.origin, "Sec-Fetch-Site": "same-origin"}
        data = {"token": self.token(), **fields}
        return self.client.post(f"/_page/{deed}", data=data, headers=headers)

    def told(self, deed: str, **fields: str) -> str:
        """What the page says after a form was sent."""
        answer = self.send(deed, **fields)
        assert answer.status_code == 303, answer.text
        page = self.client.get(answer.headers["Location"]).text
        found = re.search(r'<p id="told"[^>]*>(.*?)</p>', page, re.DOTALL)
        assert found is not None
        return html.unescape(re.sub("<[^>]+>", "", found[1]))


@pytest.fixture
def faults() -> Faults:
    """A simulator and its faults."""
    return Faults(Simulator(clock=ShiftedClock()))


@pytest.fixture
def browser(faults: Faults) -> Iterator[Browser]:
    """A browser on a sandbox with a page and a courier."""
    courier = Courier(faults, reach="loopback", pause=0.0)
    with (
        Sandbox(faults, page=True, courier=courier) as sandbox,
        httpx.Client(base_url=sandbox.origin, trust_env=False) as client,
    ):
        yield Browser(sandbox, client)


# ---------------------------------------------------------------------- what it shows
def test_an_order_is_shown_with_its_books(browser: Browser, faults: Faults) -> None:
    """Money and points: in all, gone back, left."""
    order = faults.simulator.make_order(
        "replacing", "partially_refunded", "150.75", refunded="50.25"
    )
    page = browser.page()
    for text in (order.uuid, order.number, "150.75", "50.25", "100.50", "replacing"):
        assert text in page
    ledger = order.ledger
    for points in (ledger.points, ledger.refunded_points, ledger.left_points):
        assert f"<td>{points}</td>" in page


def test_a_delivery_is_shown_with_attempts_and_body(browser: Browser, faults: Faults) -> None:
    """Each attempt with what came of it, and the body to the last decimal."""
    heard: list[int] = []
    assert browser.sandbox.courier is not None
    browser.sandbox.courier.deliver_to(
        lambda request: heard.append(1) or (500, 204)[len(heard) - 1]
    )
    order = faults.simulator.make_order(total_price="100.00")
    browser.told("refund", uuid=order.uuid, amount="40.10")
    _until(lambda: len(heard) == 2 and len(faults.simulator.deliveries[0].attempts) == 2)
    page = html.unescape(browser.page())
    assert "HTTP 500" in page
    assert "HTTP 204" in page
    assert "accepted with 204" in page
    assert '"refund_amount": 40.10' in page


def test_endpoints_and_faults_are_shown(browser: Browser, faults: Faults) -> None:
    """With whom they are, and to what calls they happen."""
    browser.told("register", url="http://127.0.0.1:9/hook", name="Shop", merchant="2")
    faults.lose_answer("refund", times=2)
    faults.delay("any", 1.5, times=None)
    page = html.unescape(browser.page())
    assert "http://127.0.0.1:9/hook" in page
    assert "the next 2 calls of refund: carried out, its answer lost" in page
    assert "every call of any: answered 1.5 s late" in page


def test_of_many_the_newest_are_shown_and_the_others_found(
    browser: Browser, faults: Faults
) -> None:
    """By a part of number, uuid or status; and the page says how many there are."""
    orders = [faults.simulator.make_order() for _ in range(MOST_ROWS + 5)]
    page = browser.page()
    assert page.count('class="row"') == MOST_ROWS
    assert f"{MOST_ROWS + 5}, the newest {MOST_ROWS} are shown" in page
    assert orders[0].uuid not in page
    assert orders[0].uuid in browser.page(f"?find={orders[0].uuid[:13].upper()}")
    assert "No order matches." in browser.page("?find=captured")


def test_what_others_said_is_text(browser: Browser, faults: Faults) -> None:
    """Names, numbers, reasons and URLs: escaped, and nothing that an eye would be led by."""
    key = faults.simulator.merchant.key
    body = {"amount": 100, "order_number": HOSTILE[:60], "phone": "966500000000"}
    made = browser.client.post("/api/v1/orders/earning", json=body, headers={"x-api-key": key})
    order = faults.simulator.make_order(total_price=10)
    order.number = HOSTILE
    browser.told("refund", uuid=order.uuid, reason=HOSTILE)
    browser.told("register", url="http://127.0.0.1/" + HOSTILE, name=HOSTILE)
    assert made.status_code < 500
    for page in (browser.page(), browser.page("?find=%3Cscript%3E")):
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "\x1b" not in page
        assert "\u202e" not in page
        assert "{{ 7*7 }}" in page or "49" not in page
    assert "\\u202e" in browser.page()


def test_no_asset_is_from_elsewhere(browser: Browser) -> None:
    """The policy forbids it, and the page names nothing but itself."""
    answer = browser.client.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    for address in re.findall(r'(?:src|href|action)="([^"]*)"', answer.text):
        assert address.startswith(("/", "#", "data:,")), address
    assert "<style" not in answer.text
    assert " on" not in "".join(re.findall(r"<[^>]*\son\w+=", answer.text))
    for name, kind in (("page.css", "text/css"), ("live.js", "text/javascript")):
        asset = browser.client.get(f"/_page/{name}")
        assert asset.headers["Content-Type"].startswith(kind)
        assert "http" not in re.sub("//.*", "", asset.text)


# ---------------------------------------------------------------------- what its forms do
def test_every_form_of_the_page_is_one_that_there_is(browser: Browser, faults: Faults) -> None:
    """And each that there is has a form."""
    order = faults.simulator.make_order("replacing")
    faults.simulator.open_endpoint(faults.simulator.merchant, "Shop", "http://127.0.0.1:9/")
    browser.told("cancel", uuid=order.uuid)
    named = set(re.findall(r'action="/_page/([^"]+)"', browser.page()))
    assert named == set(DEEDS)


def test_an_order_is_made(browser: Browser, faults: Faults) -> None:
    """Of the type, status, price and merchant that the form says."""
    told = browser.told(
        "order", type="replacing", status="captured", total_price="80.50", merchant="2"
    )
    order = list(faults.simulator.world.orders.values())[-1]
    assert told == f"Done: made {order.number} of 80.50 SAR"
    assert order.merchant is faults.simulator.other
    assert (order.ledger.kind, order.ledger.status) == ("replacing", "captured")


def test_a_refund_is_the_apis(browser: Browser, faults: Faults) -> None:
    """A part, then all that is left, then a refusal that changes nothing."""
    order = faults.simulator.make_order(total_price="100.00")
    assert "HTTP 200" in browser.told("refund", uuid=order.uuid, amount="25.50", reason="x")
    assert order.ledger.left == 74_50
    above = browser.told("refund", uuid=order.uuid, amount="74.51")
    assert above.startswith("Refused: ")
    assert order.ledger.left == 74_50
    browser.told("refund", uuid=order.uuid, amount=" ")
    assert order.ledger.left in (0, 74_50)


def test_an_amount_is_sent_as_it_was_written(browser: Browser, faults: Faults) -> None:
    """What more than two decimals mean is the API's to say; a refused one leaves the row open."""
    order = faults.simulator.make_order()
    said = browser.told("refund", uuid=order.uuid, amount="1.005")
    assert "HTTP" in said
    assert browser.told("refund", uuid=order.uuid, amount="1,5") == (
        "Refused: amount is no number: 1,5"
    )
    answer = browser.send("refund", uuid=order.uuid, amount="x")
    page = browser.client.get(answer.headers["Location"]).text
    assert f'<details id="order-{order.uuid}" class="row" open>' in page


def test_cancel_and_auto_refund_are_told_once(browser: Browser, faults: Faults) -> None:
    """Each moves the order, and its event is queued; loading the answer again does nothing."""
    first, second = faults.simulator.make_order(), faults.simulator.make_order("replacing")
    first.ledger = faults.simulator.make_order(status="new").ledger
    answer = browser.send("cancel", uuid=first.uuid)
    for _ in range(2):
        browser.client.get(answer.headers["Location"])
    browser.told("auto-refund", uuid=second.uuid)
    events = [delivery.event for delivery in faults.simulator.deliveries]
    assert events == ["cancelled", "auto_refunded"]
    assert (first.ledger.status, second.ledger.left) == ("cancelled", 0)


def test_the_next_answer_is_dropped_for_clients_and_not_for_the_page(
    browser: Browser, faults: Faults
) -> None:
    """The page's own cancel goes through; the client's answer is lost, though carried out."""
    order, other = faults.simulator.make_order(), faults.simulator.make_order()
    browser.told("fault", fault="lose_answer")
    browser.told("refund", uuid=other.uuid)
    with pytest.raises(httpx.TransportError):
        browser.client.post(
            f"/api/v1/orders/{order.uuid}/refund",
            json={"amount": 1},
            headers={"x-api-key": faults.simulator.merchant.key},
        )
    assert order.ledger.refunded == 1_00
    assert faults.planned == ()


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("operation", OPERATION_NAMES)
def test_each_fault_that_is_offered_can_be_planned(kind: str, operation: str) -> None:
    """Of each operation, so often as was said."""
    faults = Faults(Simulator())
    page = SandboxPage(faults)
    body = f"token={page.token}&fault={kind}&operation={operation}&times=3".encode()
    assert page.handle(_form("fault", body)).status == 303
    assert [(fault.operation, fault.times) for fault in faults.planned] == [(operation, 3)]


def test_a_delivery_is_sent_again_to_the_byte(browser: Browser, faults: Faults) -> None:
    """Any number of times; another attempt is noted."""
    heard: list[bytes] = []
    assert browser.sandbox.courier is not None
    browser.sandbox.courier.deliver_to(lambda request: heard.append(request.content) or 204)
    order = faults.simulator.make_order()
    browser.told("refund", uuid=order.uuid)
    _until(lambda: len(heard) == 1)
    for times in (2, 3):
        assert browser.told("redeliver", number="1") == "Done: delivery 1 is sent again"
        _until(lambda times=times: len(heard) == times)
    assert len(set(heard)) == 1
    _until(lambda: len(faults.simulator.deliveries[0].attempts) == 3)


@pytest.mark.parametrize("number", ["7", "x", "", "1"])
def test_what_cannot_be_sent_again_is_refused(
    browser: Browser, faults: Faults, number: str
) -> None:
    """Unknown, no number, and one that has no endpoint."""
    order = faults.simulator.make_order()
    browser.told("refund", uuid=order.uuid)
    assert browser.told("redeliver", number=number).startswith("Refused: ")


def test_the_clock_moves_forward(browser: Browser, faults: Faults) -> None:
    """By hours; never back, and not out of the calendar."""
    assert isinstance(faults.simulator.clock, ShiftedClock)
    assert browser.told("clock", hours="1.5").startswith("Done")
    assert faults.simulator.clock.ahead == timedelta(hours=1, minutes=30)
    assert "1 h 30 min ahead" in browser.page()
    for hours in ("-1", "NaN", "1e99", "9e9", "soon", "", "Infinity"):
        assert browser.told("clock", hours=hours).startswith("Refused: ")
    assert faults.simulator.clock.ahead == timedelta(hours=1, minutes=30)


def test_a_clock_that_is_not_ours_is_not_moved() -> None:
    """There is no form for it, and one that was made up changes nothing."""
    page = SandboxPage(Faults(Simulator(clock=SystemClock())))
    assert b"not ours to move" in page.handle(Request("GET", "/")).body
    assert page.handle(_form("clock", f"token={page.token}&hours=1".encode())).status == 303


@pytest.mark.parametrize(
    ("deed", "fields"),
    [
        ("order", {"total_price": "ten"}),
        ("order", {"total_price": "1.001"}),
        ("order", {"total_price": "-1"}),
        ("order", {"total_price": "1e9999999"}),
        ("order", {"type": "gift"}),
        ("order", {"status": "lost"}),
        ("order", {"merchant": "3"}),
        ("order", {"status": "partially_refunded", "refunded": "100.00"}),
        ("cancel", {"uuid": "no-such-order"}),
        ("cancel", {}),
        ("refund", {"amount": "1,50"}),
        ("fault", {"fault": "explode"}),
        ("fault", {"operation": "lunch"}),
        ("fault", {"times": "0"}),
        ("fault", {"times": "many"}),
        ("fault", {"times": "1e9999999"}),
        ("redeliver", {"number": "1e9999999"}),
        ("refund", {"amount": "1e9999999"}),
        ("register", {"url": "javascript:alert(1)"}),
        ("remove", {"uuid": "no-such-endpoint"}),
    ],
)
def test_whatever_is_asked_wrongly_is_told_and_changes_nothing(
    browser: Browser, faults: Faults, deed: str, fields: dict[str, str]
) -> None:
    """A line on the page; orders, endpoints and faults as before."""
    order = faults.simulator.make_order()
    before = shown(faults)
    about = {"uuid": order.uuid} if deed == "refund" else {}
    assert browser.told(deed, **about, **fields).startswith("Refused: ")
    assert shown(faults) == before


# ---------------------------------------------------------------------- who may
def _form(deed: str, body: bytes, kind: str = "application/x-www-form-urlencoded") -> Request:
    return Request("POST", f"/_page/{deed}", {"content-type": kind}, body)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"total_price=1", "application/x-www-form-urlencoded", 403),
        (b"token=&total_price=1", "application/x-www-form-urlencoded", 403),
        (b"token=guess&total_price=1", "application/x-www-form-urlencoded", 403),
        ("token=\u0663".encode(), "application/x-www-form-urlencoded", 403),
        (b"token=\xff", "application/x-www-form-urlencoded", 400),
        (b"&".join([b"a=1"] * 50), "application/x-www-form-urlencoded", 400),
        (b"token=TOKEN", "text/plain", 415),
        (b"token=TOKEN", "multipart/form-data", 415),
        (b"token=TOKEN&x=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
    ],
)
def test_a_form_that_is_not_the_pages_changes_nothing(body: bytes, kind: str, status: int) -> None:
    """Without this process's token, of another kind, or too large."""
    simulator = Simulator()
    page = SandboxPage(Faults(simulator))
    answer = page.handle(_form("order", body.replace(b"TOKEN", page.token.encode()), kind))
    assert answer.status == status
    assert not simulator.world.orders


@pytest.mark.parametrize("deed", DEEDS)
def test_no_deed_is_done_by_looking(browser: Browser, faults: Faults, deed: str) -> None:
    """A link, an image or a prefetch that has the token does nothing either."""
    before = shown(faults)
    answer = browser.client.get(f"/_page/{deed}", params={"token": browser.token()})
    assert answer.status_code == 405
    assert shown(faults) == before


@pytest.mark.parametrize("path", ["/", "/_page/events", "/_page/page.css", "/_page/order"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "points.internal:80"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_no_other_page_sees_or_uses_it(
    browser: Browser, path: str, headers: dict[str, str], status: int
) -> None:
    """Not under a name of its own, not from another origin; no key and no token is told."""
    answer = browser.client.request("POST" if "order" in path else "GET", path, headers=headers)
    assert answer.status_code == status
    assert "sk_test" not in answer.text
    assert "token" not in answer.text


def test_listening_everywhere_the_page_is_this_machines_alone(faults: Faults) -> None:
    """By an address that others reach it is refused, though the API answers there."""
    with (
        Sandbox(faults, "0.0.0.0", page=True) as sandbox,
        httpx.Client(base_url=f"http://127.0.0.1:{sandbox.port}", trust_env=False) as client,
    ):
        by_address = {"Host": f"192.0.2.7:{sandbox.port}"}
        assert client.get("/").status_code == 200
        assert client.get("/", headers=by_address).status_code == 421
        assert client.get("/_page/events", headers=by_address).status_code == 421
        assert client.get("/api/v1/webhooks", headers=by_address).status_code == 400


def test_without_a_host_there_is_no_page(browser: Browser) -> None:
    """HTTP/1.0 names none."""
    with socket.create_connection(("127.0.0.1", browser.sandbox.port)) as raw:
        raw.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 421 " in raw.makefile("rb").readline()


def test_a_sandbox_of_tests_has_no_page(faults: Faults) -> None:
    """The API's envelope, as of any path that there is not."""
    with Sandbox(faults) as sandbox:
        answer = httpx.get(sandbox.origin + "/", trust_env=False)
    assert (answer.status_code, answer.json()["status"]) == (404, False)


# ---------------------------------------------------------------------- live
def test_an_open_page_is_told_of_whatever_changes(browser: Browser, faults: Faults) -> None:
    """At once, then when an order comes, a call is made, a fault is planned; not without change."""
    with browser.client.stream("GET", "/_page/events", timeout=5) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        lines = answer.iter_lines()

        def next_content() -> str:
            line = next(line for line in lines if line)
            return html.unescape(json.loads(line.removeprefix("data: ")))

        assert "No order yet." in next_content()
        order = faults.simulator.make_order(total_price="33.00")
        assert order.uuid in next_content()
        with httpx.Client(base_url=browser.sandbox.origin, trust_env=False) as other:
            other.post(
                f"/api/v1/orders/{order.uuid}/refund",
                json={"amount": 3},
                headers={"x-api-key": faults.simulator.merchant.key},
            )
        assert "30.00 of 33.00 SAR left" in next_content()
        faults.lose_answer()
        assert "its answer lost" in next_content()


def test_an_open_page_keeps_no_sandbox_from_ending(faults: Faults) -> None:
    """The stream ends with it, at once."""
    with httpx.Client(trust_env=False) as client, Sandbox(faults, page=True) as sandbox:
        request = client.build_request("GET", sandbox.origin + "/_page/events")
        lines = client.send(request, stream=True).iter_lines()
        next(lines)
        started = time.monotonic()
        sandbox.__exit__(None, None, None)
        with pytest.raises(httpx.TransportError):
            list(lines)
    assert time.monotonic() - started < 5


def test_nothing_has_changed_while_nothing_changes() -> None:
    """What is shown is equal, whatever the clock says; and looking moves no clock."""
    clock = ManualClock()
    faults = Faults(Simulator(clock=clock, dialect=DIALECTS["strict"]))
    faults.simulator.make_order()
    moment = clock._now
    assert shown(faults) == shown(faults)
    assert clock._now == moment
    assert shown(faults).dialect == "strict"


def _until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)
