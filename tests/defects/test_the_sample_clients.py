"""The good clients tell the truth under every fault, and move money once."""

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from tests.defects.client_trials import (
    CARRIED_OUT,
    DONE,
    LIES,
    NOT_CARRIED_OUT,
    OPERATIONS,
    PART,
    REFUSED,
    UNKNOWN,
    UUID,
    Client,
    counting,
    quick,
    times_and_word,
)

from points_conformance.contract.dialect import DIALECTS
from points_conformance.defects.client_sample import ReconcilingClient, SampleClient, Work
from points_conformance.plugin.points import Points, sandboxed
from points_conformance.simulator import Simulator
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.sandbox import Sandbox

GOOD = [SampleClient, ReconcilingClient]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("make", GOOD)
def test_what_goes_well_is_done_once(clear: Points, make: Client, operation: str) -> None:
    """In every state that it fits."""
    assert times_and_word(make, clear, lambda _: None, operation) == (1, DONE)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", [*CARRIED_OUT, *NOT_CARRIED_OUT])
def test_a_careful_client_says_that_it_does_not_know(
    clear: Points, fault: str, operation: str
) -> None:
    """It was carried out or not, once at most, and nothing more can be told without reading."""
    plan = (CARRIED_OUT | NOT_CARRIED_OUT)[fault]
    times, said = times_and_word(quick(SampleClient), clear, plan, operation)
    assert (times, said) == (int(fault in CARRIED_OUT), UNKNOWN)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", CARRIED_OUT)
def test_a_reading_client_finds_out_that_it_was_done(
    clear: Points, fault: str, operation: str
) -> None:
    """All but a second part, of which the order shows nothing."""
    found = times_and_word(quick(ReconcilingClient), clear, CARRIED_OUT[fault], operation)
    assert found == (1, UNKNOWN if operation == "second part" else DONE)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", NOT_CARRIED_OUT)
def test_a_reading_client_repeats_what_was_not_done(
    clear: Points, fault: str, operation: str
) -> None:
    """But no second part, and no part whose call may be under way still."""
    found = times_and_word(quick(ReconcilingClient), clear, NOT_CARRIED_OUT[fault], operation)
    late = operation == "part" and fault in ("504 before", "request timeout")
    assert found == ((0, UNKNOWN) if late or operation == "second part" else (1, DONE))


@pytest.mark.parametrize("make", GOOD)
@pytest.mark.parametrize(("status", "amount"), [("new", None), ("approved", "100.01")])
def test_a_refusal_is_one(clear: Points, make: Client, status: str, amount: str | None) -> None:
    """Of the state, or of an amount above the total."""
    order = clear.order(status=status)
    client = make(clear.base_url, clear.key)
    assert client.refund(order.uuid, amount and Decimal(amount)) is REFUSED  # type: ignore[arg-type]
    assert client.refund(UUID) is REFUSED
    assert order.ledger.refunded == 0


@pytest.mark.parametrize("make", GOOD)
def test_a_changed_key_is_refused(make: Client) -> None:
    """Whatever is asked for."""
    with sandboxed() as points:
        order = points.order()
        points.require_key("sk_test_of_yesterday")
        points.require_key("sk_test_of_today")
        client = make(points.base_url, "sk_test_of_yesterday")
        assert client.refund(order.uuid) is REFUSED


@pytest.mark.parametrize("make", GOOD)
def test_a_second_cancel_is_refused_though_the_order_is_cancelled(
    clear: Points, make: Client
) -> None:
    """It is as was wanted, but not by this call."""
    order = clear.order(status="cancelled")
    assert make(clear.base_url, clear.key).cancel(order.uuid) is REFUSED


@pytest.mark.parametrize("make", GOOD)
def test_who_is_told_to_wait_waits(clear: Points, make: Client) -> None:
    """A second, then until a date."""
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True)
    clear.faults.answer("refund", 429, headers={"Retry-After": "1"})
    clear.faults.answer("refund", 429, headers={"Retry-After": at})
    order, started = clear.order(), time.monotonic()
    assert make(clear.base_url, clear.key).refund(order.uuid, PART) is DONE
    assert 1.9 < time.monotonic() - started < 4.5
    assert order.ledger.refunded == 1999


@pytest.mark.parametrize("make", GOOD)
@pytest.mark.parametrize(("status", "retry"), [(429, None), (429, "3600"), (503, None)])
def test_nobody_is_asked_for_ever(
    clear: Points, make: Client, status: int, retry: str | None
) -> None:
    """A bounded number of calls, with pauses, and none where the wait would be too long."""
    headers = {"Retry-After": retry} if retry else {}
    clear.faults.answer("any", status, times=None, headers=headers)
    client = counting(make)(clear.base_url, clear.key)
    assert client.refund(clear.order().uuid) is UNKNOWN
    assert len(client.sent) <= (1 if retry else 8)
    assert fastest_five(client.sent) >= 1.0


@pytest.mark.parametrize("make", GOOD)
def test_no_connection_is_waited_for_a_little(make: Client) -> None:
    """Then the outcome is unknown, as far as the API is concerned."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/api/v1"
        assert quick(make)(address, "any").refund(UUID) is UNKNOWN


@pytest.mark.parametrize("make", GOOD)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_is_understood(make: Client, dialect: str) -> None:
    """Extra fields, few fields, an order one deeper, microseconds, an empty list."""
    with sandboxed(dialect=DIALECTS[dialect]) as points:
        order = points.order()
        client = make(points.base_url, points.key)
        parts = [client.refund(order.uuid, amount) for amount in (PART, 100 - PART, PART)]
        assert parts == [DONE, DONE, REFUSED]


@pytest.mark.parametrize("make", GOOD)
def test_a_certificate_is_verified_by_the_given_ca(make: Client, tmp_path: Path) -> None:
    """Its own is trusted; without it, or for another host, nothing is sent."""
    ca, faults = trustme.CA(), Faults(Simulator())
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    right, wrong = ca.issue_cert("127.0.0.1"), ca.issue_cert("example.com")
    trusting = {"ca_file": str(tmp_path / "ca.pem")}
    cases = [(right, trusting, DONE), (right, {}, UNKNOWN), (wrong, trusting, UNKNOWN)]
    for certificate, options, word in cases:
        order = faults.simulator.make_order()
        certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
        pem = tmp_path / "server.pem"
        with Sandbox(faults, certfile=pem, keyfile=pem) as sandbox:
            client = quick(make)(sandbox.base_url, faults.simulator.merchant.key, **options)  # type: ignore[arg-type]
            assert client.refund(order.uuid) is word
        assert order.ledger.left == (0 if word is DONE else order.ledger.total)


# ---------------------------------------------------------------------- made-up answers
@pytest.mark.parametrize("make", GOOD)
@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_shows_no_such_order_proves_nothing(make: Client, lie: str) -> None:
    """Whatever its status."""
    client = make("http://points.invalid/api/v1", "any")
    assert client.meaning(Work("refund", UUID), LIES[lie]) is UNKNOWN


@pytest.mark.parametrize("shown", [{}, {"uuid": UUID.upper()}, {"status_label": "x", "status": 3}])
def test_an_answer_may_have_more_or_fewer_fields(shown: dict[str, Any]) -> None:
    """The status is what matters, in ``data`` or one deeper."""
    client, order = SampleClient("", ""), {"order_status": "fully_refunded"} | shown
    for data in (order, {"data": order}):
        answer = httpx.Response(200, json={"status": True, "data": data})
        assert client.meaning(Work("refund", UUID), answer) is DONE


# ---------------------------------------------------------------------- bodies
@pytest.mark.parametrize("amount", ["19.99", "0.30", "10000.10", "0.01", "123456.78", "5", "1E+2"])
def test_an_amount_is_the_number_that_was_given(amount: str) -> None:
    """No decimal more or less."""
    body = SampleClient("", "").body(Work("refund", UUID, Decimal(amount)))
    assert json.loads(body, parse_float=Decimal, parse_int=Decimal) == {"amount": Decimal(amount)}
    assert body.decode() == f'{{"amount": {Decimal(amount):f}}}'


@pytest.mark.parametrize("reason", ["طلب العميل", 'a "b" \\ c\n', "😀" * 500])
def test_a_reason_is_as_given(reason: str) -> None:
    """Whatever is in it."""
    assert json.loads(SampleClient("", "").body(Work("cancel", UUID, None, reason))) == {
        "reason": reason
    }


def test_a_reason_is_no_longer_than_it_may_be() -> None:
    """500 characters, however many bytes."""
    body = SampleClient("", "").body(Work("cancel", UUID, None, "ع" * 501))
    assert json.loads(body) == {"reason": "ع" * 500}


def fastest_five(sent: list[float]) -> float:
    """Seconds from a call to the fifth after it, where it was fastest."""
    return min((b - a for a, b in zip(sent, sent[5:], strict=False)), default=1.0)
