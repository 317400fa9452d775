"""Each wrong client does what its docstring says."""

import json
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
    PART,
    REFUSED,
    UNKNOWN,
    UUID,
    Client,
    Plan,
    counting,
    order_json,
    quick,
    times_and_word,
)

from points_conformance.defects.client_sample import ReconcilingClient, SampleClient, Work
from points_conformance.defects.clients import DEFECTS, client_caught_by
from points_conformance.plugin.points import Points
from points_conformance.simulator import Simulator
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.sandbox import Sandbox
from points_conformance.targets.client_outcome import ClientOutcome

GOOD = [SampleClient, ReconcilingClient]


def wrong(name: str) -> Client:
    """The seeded client of this name."""
    return {defect.id: defect.make for defect in DEFECTS}[f"client-{name}"]


def test_every_wrong_client_is_one_of_its_own() -> None:
    """An ID, a summary, a rule, and a class that differs from the good ones."""
    assert len({defect.id for defect in DEFECTS}) == len(DEFECTS) >= 40
    assert len({defect.make for defect in DEFECTS}) == len(DEFECTS)
    for defect in DEFECTS:
        assert defect.summary.endswith(".")
        assert all(rule.startswith("client.") for rule in defect.caught_by)
        assert defect.caught_by
        assert issubclass(defect.make, SampleClient)
        assert defect.make not in GOOD
    assert "client-blind-retry-on-reset" in client_caught_by("client.lost-partial-answer")


DOUBLED: dict[str, Plan] = {
    "blind-retry-on-timeout": CARRIED_OUT["slow"],
    "blind-retry-on-reset": CARRIED_OUT["answer lost"],
    "blind-retry-on-5xx": CARRIED_OUT["503 after"],
    "blind-retry-on-trouble": CARRIED_OUT["502 after"],
    "impatient": CARRIED_OUT["slow"],
    "reads-but-ignores": CARRIED_OUT["answer lost"],
    "reads-what-it-knew": CARRIED_OUT["answer lost"],
}


@pytest.mark.parametrize("name", DOUBLED)
def test_who_repeats_a_part_refunds_twice(clear: Points, name: str) -> None:
    """The answer was lost after the refund was carried out."""
    assert times_and_word(quick(wrong(name)), clear, DOUBLED[name], "part") == (2, DONE)


FALSE: dict[str, tuple[Plan, str, int, ClientOutcome]] = {
    "says-refused-after-its-own-first-attempt": (CARRIED_OUT["answer lost"], "full", 1, REFUSED),
    "says-refused-after-a-lost-cancel": (CARRIED_OUT["answer lost"], "cancel", 1, REFUSED),
    "assumes-done-on-trouble": (NOT_CARRIED_OUT["request lost"], "part", 0, DONE),
    "timeout-is-refused": (CARRIED_OUT["slow"], "part", 1, REFUSED),
    "broken-is-refused": (CARRIED_OUT["answer lost"], "part", 1, REFUSED),
    "error-is-refused": (CARRIED_OUT["500 after"], "part", 1, REFUSED),
    "gateway-timeout-is-done": (NOT_CARRIED_OUT["504 before"], "part", 0, DONE),
    "any-answer-is-done": (NOT_CARRIED_OUT["500 before"], "part", 0, DONE),
    "guesses-second-partial-from-status": (
        NOT_CARRIED_OUT["request lost"], "second part", 0, DONE,
    ),
    "repeats-second-partial": (CARRIED_OUT["answer lost"], "second part", 2, DONE),
    "reads-and-calls-it-refused": (NOT_CARRIED_OUT["request lost"], "part", 0, REFUSED),
    "refunds-the-whole": (lambda _: None, "cancel", 1, DONE),
    "cancels-the-shipping": (lambda _: None, "cancel", 0, UNKNOWN),
    "expects-another-word": (lambda _: None, "cancel", 1, UNKNOWN),
    "expects-refunded": (lambda _: None, "full", 1, UNKNOWN),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
def test_who_says_more_than_it_knows_is_wrong(clear: Points, name: str) -> None:
    """How often it was carried out, and what was said of it."""
    plan, operation, times, word = FALSE[name]
    assert times_and_word(quick(wrong(name)), clear, plan, operation) == (times, word)


BODIES: dict[str, tuple[str | None, str]] = {
    "cuts-floats": ("19.99", '{"amount": 19.98}'),
    "float-artefact": ("19.99", '{"amount": 19.989999771118164}'),
    "rounds-to-riyals": ("19.99", '{"amount": 20}'),
    "amount-in-halalas": ("19.99", '{"amount": 1999}'),
    "groups-thousands": ("10000.10", '{"amount": 10,000.10}'),
    "string-amount": ("19.99", '{"amount": "19.99"}'),
    "null-amount-when-full": (None, '{"amount": null}'),
    "zero-amount-when-full": (None, '{"amount": 0}'),
    "refunds-the-whole": ("19.99", '{"refund_amount": 19.99}'),
    "null-reason": (None, '{"reason": null}'),
    "empty-reason": (None, '{"reason": ""}'),
    "reason-none": (None, '{"reason": "None"}'),
    "key-in-body": (None, '{"api_key": "sk_test_1"}'),
}


@pytest.mark.parametrize("name", BODIES)
def test_who_writes_another_body(name: str) -> None:
    """To the letter."""
    amount, body = BODIES[name]
    work = Work("refund", UUID, None if amount is None else Decimal(amount))
    assert wrong(name)("", "sk_test_1").body(work).decode() == body


REASONS: dict[str, tuple[str, str]] = {
    "escapes-the-reason": ('"new"', "&quot;new&quot;"),
    "reason-in-latin": ("طلب", "???"),
    "cuts-reason-at-500-bytes": ("ع" * 300, "ع" * 250),
    "never-cuts-the-reason": ("a" * 501, "a" * 501),
}


@pytest.mark.parametrize("name", REASONS)
def test_who_writes_another_reason(name: str) -> None:
    """Or one that is too long."""
    given, sent = REASONS[name]
    body = wrong(name)("", "").body(Work("cancel", UUID, None, given))
    assert json.loads(body) == {"reason": sent}


MISREAD: dict[str, tuple[str, ClientOutcome]] = {
    "any-200-is-done": ("html", DONE),
    "reads-status-false-as-done": ("status false", DONE),
    "believes-the-envelope": ("unchanged", DONE),
    "needs-no-order": ("no data", DONE),
    "unreadable-is-done": ("truncated", DONE),
    "unknown-status-is-done": ("unknown status", DONE),
    "unknown-status-as-new": ("unknown status", REFUSED),
    "redirect-is-done": ("elsewhere", DONE),
}


@pytest.mark.parametrize("name", MISREAD)
def test_who_misreads_an_answer(name: str) -> None:
    """What a good client calls unknown."""
    lie, word = MISREAD[name]
    assert wrong(name)("", "").meaning(Work("refund", UUID), LIES[lie]) is word


REFUSALS: dict[str, int] = {"any-400-is-done": 400, "not-found-is-done": 404, "422-is-done": 422}


@pytest.mark.parametrize("name", REFUSALS)
def test_who_takes_a_refusal_for_done(name: str) -> None:
    """Which a good client does not."""
    answer = httpx.Response(REFUSALS[name], json={"status": False})
    work = Work("refund", UUID)
    assert wrong(name)("", "").meaning(work, answer) is DONE
    assert SampleClient("", "").meaning(work, answer) is REFUSED


CRASHES: dict[str, httpx.Response] = {
    "400-as-authentication-error": httpx.Response(400),
    "raises-what-nobody-knows": httpx.Response(404),
    "html-breaks-it": LIES["html"],
    "strict-schema": httpx.Response(200, json=order_json(status_label="Refunded")),
    "integer-total-breaks-it": httpx.Response(200, json=order_json(total_price=100)),
    "microseconds-break-it": httpx.Response(
        200, json=order_json(updated_at="2026-04-20T10:00:00.000000Z")
    ),
    "empty-list-breaks-it": httpx.Response(200, json=order_json()),
}


@pytest.mark.parametrize("name", CRASHES)
def test_who_crashes(name: str) -> None:
    """With an error that says nothing of the outcome."""
    work = Work("refund", UUID)
    with pytest.raises(Exception, match=r".") as caught:
        wrong(name)("", "").meaning(work, CRASHES[name])
    assert type(caught.value).__name__ == "WrongAnswerError"
    SampleClient("", "").meaning(work, CRASHES[name])


def test_who_drops_an_equal_refund(clear: Points) -> None:
    """The second one is said to be done, and is not."""
    order = clear.order()
    client = wrong("drops-second-equal-refund")(clear.base_url, clear.key)
    assert [client.refund(order.uuid, PART), client.refund(order.uuid, PART)] == [DONE, DONE]
    assert order.ledger.refunded == 1999


def test_who_turns_a_cancel_into_a_refund(clear: Points) -> None:
    """A part had been refunded, so that it could not be cancelled."""
    order = clear.order(status="partially_refunded")
    client = wrong("refused-cancel-becomes-refund")(clear.base_url, clear.key)
    assert client.cancel(order.uuid) is DONE
    assert order.ledger.left == 0


def test_who_sends_the_total_of_a_part(clear: Points) -> None:
    """The remainder is less, and the refund refused."""
    order = clear.order(status="partially_refunded")
    assert wrong("total-instead-of-none")(clear.base_url, clear.key).refund(order.uuid) is REFUSED


@pytest.mark.parametrize("name", ["key-printed", "key-on-stderr", "key-logged", "key-in-exception"])
def test_who_shows_its_key(
    clear: Points,
    name: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """On one of the ways on which somebody else sees it."""
    client, shown = wrong(name)(clear.base_url, clear.key), ""
    try:
        client.refund(UUID)
    except httpx.HTTPStatusError as error:
        shown = str(error)
    assert clear.key in shown + "".join(capsys.readouterr()) + caplog.text


@pytest.mark.parametrize("make", GOOD)
def test_a_good_client_shows_nothing(
    clear: Points,
    make: Client,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nor the library that it uses."""
    caplog.set_level(0)
    make(clear.base_url, clear.key).refund(UUID)
    assert clear.key not in "".join(capsys.readouterr()) + caplog.text


def test_who_sends_the_key_where_it_does_not_belong() -> None:
    """In the query, or as a bearer's."""
    assert wrong("key-in-query")("http://x", "k1").url("/orders") == "http://x/orders?api_key=k1"
    assert wrong("key-as-bearer-too")("", "k1").headers()["Authorization"] == "Bearer k1"
    assert wrong("follows-redirect-with-key")("", "").options()["follow_redirects"] is True
    assert SampleClient("", "").options()["follow_redirects"] is False


def test_who_does_not_verify() -> None:
    """The certificate, or whose it is."""
    assert wrong("verifies-no-certificate")("", "").tls().verify_mode == 0
    assert wrong("verifies-no-host-name")("", "").tls().check_hostname is False
    assert SampleClient("", "").tls().check_hostname is True


PACES: dict[str, tuple[int, int]] = {
    "retries-for-ever": (429, 25),
    "hammers-on-429": (429, 8),
    "lets-others-repeat": (429, 24),
    "retries-5xx-for-ever": (503, 25),
    "retries-refusals": (400, 4),
    "waits-for-a-key": (400, 25),
}


@pytest.mark.parametrize("name", PACES)
def test_who_calls_too_often(name: str) -> None:
    """Far more than anybody allows, were the pauses not left out here."""
    status, calls = PACES[name]

    class Hasty(counting(wrong(name))):  # type: ignore[misc]
        def sleep(self, seconds: float) -> None:
            """Not now."""

        def send(self, *call: Any) -> httpx.Response:
            self.sent.append(0.0)
            return httpx.Response(status)

    client = Hasty("", "")
    client.refund(UUID)
    assert len(client.sent) == calls


def test_who_waits_too_little() -> None:
    """Where a good client waits two seconds, or until a date."""
    number = httpx.Response(429, headers={"Retry-After": "2"})
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    date = httpx.Response(429, headers={"Retry-After": at})
    good = SampleClient("", "")
    assert (good.pause(number, 0), good.pause(date, 0) > 58) == (2.0, True)
    for name in ("ignores-retry-after", "reads-retry-after-as-milliseconds"):
        assert wrong(name)("", "").pause(number, 0) < 0.2
    assert wrong("knows-no-date-in-retry-after")("", "").pause(date, 0) < 0.2
    assert wrong("hammers-on-429")("", "").pause(date, 0) == 0
    assert wrong("no-timeout")("", "").options()["timeout"] is None


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("verifies-no-certificate", DONE),
        ("verifies-no-host-name", DONE),
        ("ignores-its-ca", UNKNOWN),
    ],
)
def test_who_verifies_something_else(tmp_path: Path, name: str, word: ClientOutcome) -> None:
    """A certificate of another host, by the CA that is given: a good client sends nothing."""
    ca, faults, pem = trustme.CA(), Faults(Simulator()), tmp_path / "server.pem"
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    ca.issue_cert("example.com").private_key_and_cert_chain_pem.write_to_path(pem)
    order, key = faults.simulator.make_order(), faults.simulator.merchant.key
    with Sandbox(faults, certfile=pem, keyfile=pem) as sandbox:
        for make, said in ((quick(SampleClient), UNKNOWN), (quick(wrong(name)), word)):
            client = make(sandbox.base_url, key, ca_file=str(tmp_path / "ca.pem"))
            assert client.refund(order.uuid) is said


def test_who_completes_an_order_to_refund_it(clear: Points) -> None:
    """Which nobody asked for."""
    order = clear.order(type="replacing", status="new")
    client = wrong("approves-before-it-refunds")(clear.base_url, clear.key)
    assert client.refund(order.uuid) is DONE


def test_who_sends_again_what_it_cannot_read() -> None:
    """A part whose answer was a page."""
    client = counting(wrong("unreadable-is-sent-again"))("", "")
    client.ask = lambda *call: client.sent.append(0.0) or LIES["truncated"]
    assert client.refund(UUID, PART) is UNKNOWN
    assert len(client.sent) == 2


def test_who_says_something_without_a_connection() -> None:
    """Or ends, where a good client says that it does not know."""
    work, error = Work("refund", UUID), httpx.ConnectError("refused")
    assert SampleClient("", "").meaning(work, error) is UNKNOWN
    assert wrong("queued-is-done")("", "").meaning(work, error) is DONE
    with pytest.raises(RuntimeError):
        wrong("crashes-without-a-connection")("", "").meaning(work, error)


def test_who_says_that_json_is_a_form() -> None:
    """And a good client that it is JSON."""
    names = ("Content-Type", "application/x-www-form-urlencoded")
    assert wrong("sends-json-as-a-form")("", "").headers()[names[0]] == names[1]
    assert SampleClient("", "").headers()[names[0]] == "application/json"
