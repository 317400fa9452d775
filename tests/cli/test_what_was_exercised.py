"""A green means what was exercised: what a run was equipped for and did not get, it says.

The real command, on real servers of this machine that withhold one thing each.
"""

import contextlib
import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.cli.command import Ended, run

from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.defects.api.seeded import SEEDED
from points_conformance.ledger import Booked, Command, Refund
from points_conformance.simulator.clock import SystemClock
from points_conformance.simulator.core import Parts, Simulator
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.faults import Faults, Handled
from points_conformance.simulator.messages import Refusal, Request
from points_conformance.simulator.mounts.sandbox import Sandbox
from points_conformance.simulator.world import Order

S, T = OrderStatus, OrderType


class Silent(Courier):
    """Sends no webhook."""

    def start(self) -> None:
        """Nothing is sent."""


class Tired(Faults):
    """Makes eight earning orders, and answers 403 from the ninth on."""

    made = 0

    def handle(self, request: Request) -> Handled:
        """One request."""
        if request.path.endswith("/orders/earning"):
            self.made += 1
            if self.made == 9:
                self.answer("earning", 403, times=None)
        return super().handle(request)


class Windowed(Desk):
    """Refuses to refund the orders that are outside the refund window."""

    old: ClassVar[set[str]] = set()

    def decide(self, order: Order, command: Command) -> Booked:
        """A cancel has no window."""
        if isinstance(command, Refund) and order.uuid in self.old:
            raise Refusal(400, "Outside the refund window")
        return super().decide(order, command)


class NoParts(Desk):
    """The merchant has partial refunds switched off."""

    def decide(self, order: Order, command: Command) -> Booked:
        """A part is refused."""
        if isinstance(command, Refund) and command.amount not in (None, order.ledger.total):
            raise Refusal(400, "Partial refunds are switched off")
        return super().decide(order, command)


@contextlib.contextmanager
def sandbox(
    parts: Parts | None = None, courier: type[Courier] = Courier, faults: type[Faults] = Faults
) -> Iterator[Sandbox]:
    """The simulator behind a port, with some parts exchanged."""
    served_by = faults(Simulator(parts=parts, clock=SystemClock()))
    with Sandbox(served_by, courier=courier(served_by, reach="loopback")) as served:
        yield served


def given(folder: Path, served: Sandbox, **counts: int) -> list[str]:
    """An orders file of so many orders in each status, both types in turn; their uuids."""
    made = [
        served.simulator.make_order(tuple(T)[number % 2], S(status), "100.00")
        for status, count in counts.items()
        for number in range(count)
    ]
    rows = [
        {"uuid": o.uuid, "type": o.kind.value, "order_status": o.ledger.status, "total_price": 100}
        for o in made
    ]
    (folder / "orders.json").write_text(json.dumps(rows), "utf-8")
    return [order.uuid for order in made]


def judged(folder: Path, served: Sandbox, *arguments: str, **variables: str) -> Ended:
    """The command on a sandbox."""
    key = served.simulator.merchant.key
    return run(folder, "api", "--base-url", served.base_url, *arguments, key=key, **variables)


def verdicts(done: Ended, verdict: str) -> list[str]:
    """The rules with a verdict."""
    return [row["id"] for row in done.report["rules"] if row["verdict"] == verdict]


def denied(done: Ended) -> dict[str, str]:
    """The rules that were denied, and why."""
    rows = [row for row in done.report["rules"] if row["absence"] == "denied"]
    return {row["id"]: row["reason"] for row in rows}


# ---------------------------------------------------------------------- webhooks that do not come
@pytest.mark.slow
def test_a_loopback_server_that_never_sends_a_webhook_is_not_conformant(tmp_path: Path) -> None:
    """Nothing can stand in the way here: one MUST failed, by its own rule; the rest is blocked."""
    with sandbox(courier=Silent) as served:
        done = judged(tmp_path, served, "--webhook-listen", "127.0.0.1:0", "--profile", "smoke")
    assert done.status == 1, done
    assert verdicts(done, "failed") == ["webhook.refund-is-told"]
    assert "webhook.every-reversal-is-told" in verdicts(done, "blocked")
    assert "\nnot conformant: " in done.out


def test_webhooks_that_are_refused_make_the_run_inconclusive(tmp_path: Path) -> None:
    """``POST /webhooks`` answers 403: equipped for webhooks, and none could be judged."""
    with sandbox() as served:
        served.faults.answer("webhooks", 403, times=None)
        done = judged(tmp_path, served, "--webhook-listen", "127.0.0.1:0", "--profile", "smoke")
    assert done.status == 2, done
    assert "did not register our webhook endpoint" in denied(done)["webhook.refund-is-told"]
    assert done.report["denied"] == len(denied(done)) > 5
    assert "denied: webhook (" in done.report["summary"]


def test_a_webhook_url_that_leads_nowhere_makes_the_run_inconclusive(tmp_path: Path) -> None:
    """It is the user's own address: nobody knows whose fault it is, and where to look is said."""
    with sandbox() as served:
        done = judged(
            tmp_path, served, "--webhook-listen", "127.0.0.1:0", "--profile", "smoke",
            "--webhook-url", "http://127.0.0.1:9/nowhere", "--webhook-grace", "0.5",
        )  # fmt: skip
    assert done.status == 2, done
    assert verdicts(done, "failed") == []
    reason = denied(done)["webhook.refund-is-told"]
    assert "can the server reach http://127.0.0.1:9/nowhere" in reason
    assert "--webhook-url" in reason


# ---------------------------------------------------------------------- off loopback
#: A plugin of the run that has this machine count as another one.
FAR = """
import points_conformance.plugin.api.settings as settings
import points_conformance.targets.api.build as build

settings.is_loopback = build.is_loopback = lambda host: False
"""


def judged_far(folder: Path, served: Sandbox, *arguments: str) -> Ended:
    """The command on a sandbox as if it were off loopback, with webhooks that come by a URL."""
    (folder / "far.py").write_text(FAR, "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    listen = ("--webhook-listen", address, "--webhook-url", f"http://{address}/tunnel")
    more = ("--webhook-grace", "1", "--rate", "5000")
    return judged(folder, served, *listen, *more, *arguments, "--", "-p", "far")


def test_off_loopback_a_server_that_never_sends_a_webhook_is_inconclusive(tmp_path: Path) -> None:
    """Much may stand in the way there: no finding, and what to look at is said."""
    with sandbox(courier=Silent) as served:
        done = judged_far(tmp_path, served, "--profile", "smoke")
    assert done.status == 2, done
    assert verdicts(done, "failed") == []
    reason = denied(done)["webhook.refund-is-told"]
    assert "can the server reach http://127.0.0.1:" in reason
    assert "(--webhook-url, --webhook-grace)" in reason


@pytest.mark.slow
def test_what_the_cap_of_600_calls_leaves_out_is_in_the_first_line_of_the_verdict(
    tmp_path: Path,
) -> None:
    """It names the families, and is not green; webhooks and points are among what was judged."""
    with sandbox() as served:
        done = judged_far(tmp_path, served)
    assert done.status == 2, done
    assert done.report["calls"] <= 600
    assert verdicts(done, "failed") == []
    left_out = {id_.partition(".")[0] for id_ in denied(done)}
    told = next(line for line in done.out.splitlines() if line.startswith("inconclusive: "))
    summary = done.report["summary"]
    assert summary.startswith(told.strip())
    assert sum(f" {family} (" in summary.partition("denied: ")[2] for family in left_out) >= 10
    assert all(f" {family} (" in summary for family in left_out)
    assert all("the run's bound of 600 calls" in why for why in denied(done).values())
    families = {id_.partition(".")[0] for id_ in verdicts(done, "passed")}
    assert {"webhook", "points", "refund", "cancel", "race", "property", "story"} <= families


# ---------------------------------------------------------------------- orders that run out
def test_an_earning_endpoint_that_gives_up_makes_the_run_inconclusive(tmp_path: Path) -> None:
    """It answers 403 from the 9th order on."""
    with sandbox(faults=Tired) as served:
        done = judged(tmp_path, served, "--profile", "smoke")
    assert done.status == 2, done
    assert verdicts(done, "failed") == []
    assert any("the earning endpoint makes no order" in why for why in denied(done).values())
    assert done.report["exercised"] < done.report["equipped"]
    assert done.report["because"]


def test_an_orders_file_that_runs_dry_makes_the_run_inconclusive(tmp_path: Path) -> None:
    """What was listed and used up was denied; what was never listed is lacking."""
    with sandbox() as served:
        served.faults.answer("earning", 403, times=None)
        given(tmp_path, served, approved=8)
        done = judged(tmp_path, served, "--orders", "orders.json", "--profile", "smoke")
    assert done.status == 2, done
    assert any("approved orders ran dry" in why for why in denied(done).values())
    lacking = [row for row in done.report["rules"] if row["absence"] == "lacking"]
    assert "webhook.refund-is-told" in [row["id"] for row in lacking]


def test_what_was_denied_can_be_accepted(tmp_path: Path) -> None:
    """An entry ``[[unexercised]]`` with a reason; the first line still says so."""
    (tmp_path / "known.toml").write_text(
        '[[unexercised]]\nrule = "webhook.*"\nreason = "PAY-140"\n'
        '[[unexercised]]\nrule = "*reason*"\nreason = "PAY-140"\n'
        '[[unexercised]]\nrule = "points.*"\nreason = "PAY-140"\n',
        "utf-8",
    )
    with sandbox() as served:
        served.faults.answer("webhooks", 403, times=None)
        done = judged(
            tmp_path, served, "--webhook-listen", "127.0.0.1:0", "--profile", "smoke",
            "--known-failures", "known.toml",
        )  # fmt: skip
    assert done.status == 0, done
    assert done.report["denied"] == 0 < done.report["accepted"]
    assert "accepted unexercised: webhook (" in done.report["summary"]


# ---------------------------------------------------------------------- given orders
PAID = {"new": 6, "authorized": 6, "approved": 40, "captured": 12}


def test_a_given_authorized_order_that_cannot_be_cancelled_is_a_finding(tmp_path: Path) -> None:
    """A cancel knows no window."""
    with sandbox(SEEDED.named("cancel-of-authorized-is-refused").parts) as served:
        given(tmp_path, served, **PAID)
        done = judged(
            tmp_path, served, "--orders", "orders.json", "--select", "cancel.authorized-order"
        )
    assert done.status == 1, done
    assert verdicts(done, "failed") == ["cancel.authorized-order"]


def test_captured_orders_that_are_all_refused_while_approved_ones_are_refunded_are_a_finding(
    tmp_path: Path,
) -> None:
    """Twelve captured orders were given: that is no matter of age."""
    with sandbox(SEEDED.named("captured-cannot-be-refunded").parts) as served:
        given(tmp_path, served, **PAID)
        done = judged(
            tmp_path, served, "--orders", "orders.json", "--select", "refund.captured-order"
        )
    assert done.status == 1, done
    assert verdicts(done, "failed") == ["refund.captured-order"]
    evidence = done.report["rules"][-1]["evidence"]
    assert evidence["title"] == "no order of a status can be refunded"
    assert "as approved ones are" in evidence["expected"]


def test_a_merchant_with_a_refund_window_is_judged_by_the_orders_inside_it(tmp_path: Path) -> None:
    """Some given orders are older than 14 days: the next one is tried, and each is named once."""
    with sandbox(Parts(desk=Windowed)) as served:
        uuids = given(tmp_path, served, approved=30, new=6)
        Windowed.old = {*uuids[:9:2]}
        served.faults.answer("earning", 403, times=None)
        done = judged(
            tmp_path, served, "--orders", "orders.json", "--select", "refund.full",
            "--select", "refund.partial", "--select", "refund.sum-bounded",
        )  # fmt: skip
    assert done.status == 0, done
    assert verdicts(done, "passed") == [row["id"] for row in done.report["rules"]]
    notes = [note for note in done.report["notes"] if "outside the refund window" in note]
    assert 1 <= len(notes) <= 5
    assert all(any(uuid in note for uuid in Windowed.old) for note in notes)


def test_orders_that_are_all_outside_the_window_make_the_run_inconclusive(tmp_path: Path) -> None:
    """Refused on all of all: nobody can tell a window from a fault. Said once."""
    with sandbox(Parts(desk=Windowed)) as served:
        Windowed.old = {*given(tmp_path, served, approved=6)}
        served.faults.answer("earning", 403, times=None)
        done = judged(
            tmp_path, served, "--orders", "orders.json", "--select", "refund.*",
            "--deselect", "refund.authorized*", "--deselect", "refund.new*",
        )  # fmt: skip
    assert done.status == 2, done
    assert verdicts(done, "failed") == []
    assert len({why for why in denied(done).values() if "refund window" in why}) <= 2


def test_a_merchant_with_partial_refunds_off_is_inconclusive_and_told_once(tmp_path: Path) -> None:
    """Full refunds are judged; the switch is documented, and no finding."""
    with sandbox(Parts(desk=NoParts)) as served:
        given(tmp_path, served, **PAID)
        done = judged(tmp_path, served, "--orders", "orders.json", "--profile", "smoke")
    assert done.status == 2, done
    assert verdicts(done, "failed") == []
    assert done.verdict("refund.full") == "passed"
    reasons = {why for why in denied(done).values() if not why.startswith("comes after")}
    (switch,) = [why for why in reasons if "partial refunds may be switched off" in why]
    assert denied(done)["refund.partial"] == switch


def test_given_orders_that_are_final_already_are_used(tmp_path: Path) -> None:
    """Cancelled, refunded, auto-refunded ones: each must refuse, and stay as it is."""
    rule = "lifecycle.final-before-the-run"
    counts = {"approved": 4, "cancelled": 2, "fully_refunded": 2}
    for parts, status in ((None, 0), (SEEDED.named("final-before-is-reversed").parts, 1)):
        with sandbox(parts) as served:
            uuids = given(tmp_path, served, **counts)
            final = uuids[4:]
            done = judged(tmp_path, served, "--orders", "orders.json", "--select", rule)
            statuses = {served.simulator.world.orders[uuid].ledger.status for uuid in final}
        assert done.status == status, done
        if status == 0:
            assert done.verdict(rule) == "passed"
            assert statuses == {S.CANCELLED, S.FULLY_REFUNDED}
        else:
            assert verdicts(done, "failed") == [rule]


def test_the_json_has_the_coverage_as_fields(tmp_path: Path) -> None:
    """exercised, equipped, lacking, denied add up to what was asked for."""
    done = run(tmp_path, "--profile", "smoke", key=None)
    report: Mapping[str, Any] = done.report
    assert report["exercised"] == report["equipped"] == len(report["rules"])
    assert report["lacking"] == report["denied"] == report["accepted"] == 0
    assert report["summary"].startswith(f"conformant: {report['exercised']} of ")
    page = (tmp_path / "points-conformance-report" / "report.html").read_text("utf-8")
    assert "<h1>Conformant</h1>" in page
    assert f"{report['exercised']} of {report['equipped']} rules that this run" in page
