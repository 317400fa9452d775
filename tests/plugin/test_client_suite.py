"""``ClientSuite`` in an integrator's own project."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from points_conformance.subjects import Subject, catalogue

#: A client that a shop may have written: httpx, async or not, with errors of its own.
SHOP = '''
import time
from functools import partial

import httpx
import pytest
from points_conformance.defects.client.sample import SampleClient
from points_conformance.suite import ClientSuite


class Careful(SampleClient):
    """Without its patience."""

    timeout = 2.0
    backoff = 0.05


class CarefulAsync:
    """The same, async."""

    def __init__(self, base_url, api_key):
        self.inner = Careful(base_url, api_key)

    async def refund(self, order_uuid, amount=None, reason=None):
        return self.inner.refund(order_uuid, amount, reason)

    async def cancel(self, order_uuid, reason=None):
        return self.inner.cancel(order_uuid, reason)


class Declined(Exception):
    """The API refused."""


class Unclear(Exception):
    """Nobody knows."""


class Raising(Careful):
    """Says it by errors of its own."""

    def operate(self, work):
        outcome = super().operate(work)
        if outcome == "refused":
            raise Declined
        if outcome == "unknown":
            raise Unclear
        return {"paid": True}


def test_something_of_ours():
    """Beside the suite."""
'''
SUITE = """

class TestOurClient(ClientSuite):
    @pytest.fixture
    def points_api_client(self):
        return Careful
"""
OUTCOME = """
    @pytest.fixture
    def points_client_outcome(self):
        def outcome(result, error):
            return {Declined: "refused", Unclear: "unknown"}.get(type(error), "done")
        return outcome
"""
EMPTY = "\n\nclass TestOurClient(ClientSuite):\n    pass\n"
SLEEPS = """

class Sleeps(Careful):
    def operate(self, work):
        time.sleep(2)
""" + SUITE.replace("return Careful", "return Sleeps")
RULES = (
    "client.cancel", "client.partial-refund", "client.lost-partial-answer",
    "client.lost-full-answer", "client.refused-is-refused", "client.tells-its-outcome",
)  # fmt: skip


@dataclass(frozen=True)
class Shop:
    """The integrator's project. Its runs share this process: a dozen Pythons would take long."""

    pytester: pytest.Pytester

    def run(self, suite: str, *arguments: str, rules: Sequence[str] = RULES) -> Ended:
        """Their pytest run."""
        self.pytester.makepyfile(test_shop=SHOP + suite)
        self.pytester.makeini("[pytest]\nfilterwarnings = error\n")
        options = ["-p", "points_conformance", "-p", "no:schemathesis", "-v"]
        options += ["--points-report-dir=report", "--points-profile=smoke"]
        options += [f"--points-select={rule}" for rule in rules]
        done = self.pytester.runpytest_inprocess(*options, *arguments)
        return Ended(done.ret, done.stdout.str(), done.stderr.str(), self.pytester.path)


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    status: int
    out: str
    err: str
    folder: Path

    @property
    def report(self) -> dict[str, Any]:
        """report.json."""
        path = self.folder / "report" / "report.json"
        made: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return made

    def failed(self) -> set[str]:
        """The rules that failed."""
        return {row["id"] for row in self.report["rules"] if row["verdict"] == "failed"}


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """What is imported within a run is forgotten after it: the runs share what is here before."""
    for name in ("defects.client.sample", "plugin.session", "plugin.client.run", "report.write"):
        importlib.import_module(f"points_conformance.{name}")
    for name in ("trustme", "jinja2", "hypothesis", "cryptography.x509"):
        importlib.import_module(name)
    catalogue(Subject.CLIENT)


@pytest.fixture
def shop(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A folder of theirs, and no variable of ours."""
    for name in [name for name in os.environ if name.startswith("POINTS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return Shop(pytester)


@pytest.mark.parametrize(
    "client", ["Careful", "CarefulAsync", "lambda url, key: Careful(url, key)", "partial(Careful)"]
)
def test_whatever_makes_a_client_is_judged(shop: Shop, client: str) -> None:
    """One test per rule beside the user's own; warnings are errors, none comes."""
    done = shop.run(SUITE.replace("return Careful", f"return {client}"))
    assert done.status == 0, done.out + done.err
    for rule in RULES:
        assert f"test_shop.py::TestOurClient::test_rule[{rule}] PASSED" in done.out
    assert "test_shop.py::test_something_of_ours PASSED" in done.out
    assert "warning" not in done.out
    assert (done.report["subject"], done.report["verdict"]) == ("client", "conformant")


def test_the_users_own_errors_are_read_by_their_function(shop: Shop) -> None:
    """Without it they say none of the three, and the rules that need one fail."""
    done = shop.run(SUITE.replace("return Careful", "return Raising") + OUTCOME)
    assert done.status == 0, done.out + done.err
    done = shop.run(SUITE.replace("return Careful", "return Raising"))
    assert done.status == 1, done.out + done.err
    assert done.failed() == {"client.refused-is-refused", "client.tells-its-outcome"}
    assert "it raised Declined" in done.out


def test_two_clients_are_two_runs(shop: Shop) -> None:
    """A second class with another client is told so, and the run is not green."""
    second = SUITE.replace("TestOurClient", "TestTheirs").replace(
        "return Careful", "return Raising"
    )
    done = shop.run(SUITE + second, rules=("client.cancel",))
    assert done.status == 2, done.out + done.err
    assert "one run judges one client" in done.out


@pytest.mark.parametrize("given", ["Careful('http://x', 'k')", "42"])
def test_what_makes_no_client_is_said_to_make_none(shop: Shop, given: str) -> None:
    """A plain line about usage, exit status 2, and no error of the kit's."""
    done = shop.run(SUITE.replace("return Careful", f"return {given}"))
    assert done.status == 2, done.out + done.err
    assert "points_api_client must be a class or a function (base_url, api_key)" in done.out
    assert "please report" not in done.out
    assert done.report["verdict"] == "inconclusive"


def test_without_a_client_it_says_what_to_give(shop: Shop) -> None:
    """A class, or a command."""
    done = shop.run(EMPTY)
    assert done.status == 2, done.out + done.err
    assert "let points_api_client return a class or function" in done.out


def test_a_command_by_option_is_judged_under_pytest(shop: Shop) -> None:
    """``true`` says done and calls nothing."""
    done = shop.run(EMPTY, "--points-command=true", rules=("client.cancel",))
    assert done.status == 1, done.out + done.err
    assert "the order is new; the client said done (exit status 0)" in done.out


def test_k_narrows_the_suite_and_says_so(shop: Shop) -> None:
    """What the rule comes after runs as a prerequisite; the scope says what was left out."""
    done = shop.run(SUITE, "-k", "lost-partial", rules=())
    assert done.status == 0, done.out + done.err
    assert done.out.count(" PASSED") == 1
    assert "conformant in the scope all, without" in done.out


def test_nothing_selected_is_not_green(shop: Shop) -> None:
    """A pattern that matches nothing, by either option."""
    assert shop.run(SUITE, rules=("client.nope",)).status not in (0, 1)
    assert shop.run(SUITE, "-k", "nope").status not in (0, 1)


def test_the_users_own_run_is_left_alone(shop: Shop) -> None:
    """``-k`` that chooses their tests runs no rule and makes no report."""
    done = shop.run(SUITE, "-k", "something_of_ours", rules=())
    assert done.status == 0, done.out + done.err
    assert not (done.folder / "report").exists()


def test_timeout_bounds_each_operation(shop: Shop) -> None:
    """A client that sleeps is given up, and every rule that asks for an end says so."""
    done = shop.run(SLEEPS, "--points-timeout=0.3", rules=("client.cancel",))
    assert done.status == 1, done.out + done.err
    assert "did not end within 0.3 s" in done.out
    wrong = shop.run(SUITE, "--points-timeout=soon")
    assert wrong.status not in (0, 1)
    assert "'soon' is no number" in wrong.out + wrong.err
