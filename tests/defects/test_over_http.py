"""Over HTTP a defect shows as it does in process."""

import json
import subprocess
import sys
import time
from decimal import Decimal
from http.server import BaseHTTPRequestHandler

import httpx
import pytest
from tests.cli.command import answer, listening
from tests.defects.threaded import serving

from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.seeded import SEEDED
from points_conformance.judging.judge import Judge
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.verdict import Verdict, settle
from points_conformance.subjects import catalogue
from points_conformance.targets.api.build import LiveSettings, live_target


def failing_over_http(defect: ServerDefect, rules: list[Rule]) -> set[str]:
    """What fails of the rules against a server of this defect."""
    with serving(defect) as (simulator, base_url):
        environment = {
            "POINTS_API_KEY": simulator.merchant.key,
            "POINTS_OTHER_API_KEY": simulator.other.key,
            "POINTS_PUBLIC_KEY": simulator.merchant.public_key,
        }

        def make(kind: OrderType, status: OrderStatus, total: Decimal) -> str:
            return simulator.make_order(kind, status, total).uuid

        target = live_target(LiveSettings(base_url=base_url, environment=environment), hook=make)
        judge = Judge(catalogue(), profile=Profile.STANDARD)
        for rule in rules:
            judge.judge(rule.id, target)
        target.client.close()
    results = settle(catalogue().with_prerequisites(rules), judge.outcomes)
    return {result.rule.id for result in results if result.verdict is Verdict.FAILED}


@pytest.mark.parametrize(
    "id_",
    [
        "cancel-twice",
        "full-refund-twice",
        "sum-not-checked",
        "equal-parts-are-deduplicated",
        "the-20th-part-is-lost",
        "zero-is-a-full-refund",
        "negative-is-booked",
        "sums-are-floats",
        "refund-with-public-key",
        "read-without-key",
        "others-can-refund",
        "refund-sets-every-orders-status",
        "success-is-false",
        "errors-are-html",
        "broken-json-is-a-full-refund",
        "emoji-crashes",
        # Races show where calls are answered at once.
        "full-refunds-race",
        "partial-refunds-race",
        "cancels-race",
        "refunds-race-past-the-total",
        "completes-race",
        "capture-races-cancel",
        "rest-overtakes-its-capture",
        "part-races-the-rest",
        "two-kinds-deadlock",
        "answer-shows-the-last-callers-order",
        "cancel-flushes-what-others-began",
        # What a status refuses, however it was reached.
        "voided-authorization-is-captured",
        "second-part-opens-the-order",
    ],
)
def test_a_defect_shows_over_http_as_in_process(id_: str) -> None:
    """The rules that should catch it do, and the same ones that do in process."""
    defect = SEEDED.named(id_)
    rules = [catalogue()[rule_id] for rule_id in defect.caught_by]
    rules = [rule for rule in rules if "webhook inbox" not in rule.needs]
    results, _ = SEEDED.judged(defect, rules, Profile.STANDARD, 0)
    in_process = {result.rule.id for result in results if result.verdict is Verdict.FAILED}
    assert in_process
    assert failing_over_http(defect, rules) == in_process


def test_a_defect_is_served_by_hand() -> None:
    """For a look from outside: orders are made and events told as by any server, the bug is in."""
    heard: list[str] = []

    def hear(handler: BaseHTTPRequestHandler) -> None:
        heard.append(handler.headers["X-Webhook-Event"])
        answer(handler, 204, "")

    command = [sys.executable, "-m", "tests.defects.threaded", "full-refund-twice"]
    with (
        listening(hear) as endpoint,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout is not None
        where = json.loads(process.stdout.readline())
        with httpx.Client(headers={"x-api-key": where["key"]}) as client:
            hook = {"name": "Test", "url": f"http://127.0.0.1:{endpoint.port}/"}
            assert client.post(f"{where['base_url']}/webhooks", json=hook).status_code == 200
            order = {"phone_number": "500000002", "total_price": 100, "order_number": "N-1"}
            order["products"] = [{"product_name": "x", "product_price": 100, "quantity": 1}]
            made = client.post(f"{where['base_url']}/orders/earning", json=order).json()
            refund = f"{where['base_url']}/orders/{made['data']['uuid']}/refund"
            assert [client.post(refund).status_code for _ in range(2)] == [200, 200]
        deadline = time.monotonic() + 5
        while heard.count("refunded") < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.terminate()
        assert process.wait(10) == 0
    assert heard.count("refunded") == 2
