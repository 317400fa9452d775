"""A project that has other plugins of pytest: its tests, the kit's fixtures and suites, one run."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import environment

__all__ = [
    "ASYNCIO",
    "AUTO",
    "CONFTEST",
    "DJANGO",
    "RANDOMLY",
    "RERUNS",
    "TESTS",
    "TIMEOUT",
    "Ended",
    "Project",
    "forgetful",
    "needed",
    "shown",
]

ASYNCIO = "pytest_asyncio.plugin"
DJANGO = "pytest_django.plugin"
RANDOMLY = "pytest_randomly"
RERUNS = "pytest_rerunfailures"
TIMEOUT = "pytest_timeout"
#: What a project says that has pytest-asyncio for all its async tests.
AUTO = "asyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
SECRET = "whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"
#: Both fixtures, both clients of a suite, and a property; ``{mark}`` is what async tests need.
TESTS = """
import httpx
import pytest
from hypothesis import given, settings, strategies as st
from points_conformance.defects.client.sample import SampleClient
from points_conformance.defects.consumer.sample import SampleConsumer
from points_conformance.suite import ApiSuite, ClientSuite, ConsumerSuite

SHOP = SampleConsumer("whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345")
SANDBOX = "https://sandbox.papp.sa/api/v1"
HEARD = []


def consumer(request):
    return SHOP(request)


def client(base_url, api_key):
    return SampleClient(base_url, api_key)


def test_a_refund(points):
    order = points.order(total_price="150.75")
    answer = httpx.post(
        f"{SANDBOX}/orders/{order.uuid}/refund", json={"amount": 25, "reason": "Damaged"},
        headers={"x-api-key": "any"},
    )
    assert answer.json()["data"]["order_status"] == "partially_refunded"
    assert points.ledger(order.uuid).left == 125_75


def test_behind_a_port(points_sandbox):
    order = points_sandbox.order(status="new")
    url = f"{points_sandbox.base_url}/orders/{order.uuid}/cancel"
    assert httpx.post(url, headers={"x-api-key": "any"}).status_code == 200


{mark}
async def test_from_a_loop(points):
    heard = []

    async def handler(request):
        heard.append(request.headers["X-Webhook-Event"])
        return 204

    points.deliver_to(handler)
    order = points.order(status="new")
    async with httpx.AsyncClient(headers={"x-api-key": "any"}) as http:
        answer = await http.post(f"{SANDBOX}/orders/{order.uuid}/cancel")
    assert answer.status_code == 200
    await points.asettle()
    assert heard == ["cancelled"]


@pytest.mark.points_simulator
@given(st.integers())
def test_a_property(number):
    DRAWN.append(number)


DRAWN = []


class TestTheApi(ApiSuite):
    pass


class TestOurConsumer(ConsumerSuite):
    @pytest.fixture
    def points_consumer(self):
        return consumer


class TestOurClient(ClientSuite):
    @pytest.fixture
    def points_api_client(self):
        return client
"""
CONFTEST = """
def pytest_points_consumer_state(config, order_id):
    import test_shop
    return test_shop.SHOP.state(order_id)
"""
#: Of the suites a rule or a few each, beside all that is no rule.
FEW = (
    "not test_rule or cancel.new-order or refund.total-by-parts or refund.sum-bounded"
    " or cancel.default-reason or second-partial-refund or client.cancel or client.lost-partial"
)


#: A client that says it has cancelled, and has not: the first time alone.
_FORGETFUL = """
CALLED = []


class Forgetful(SampleClient):
    def cancel(self, *given, **named):
        CALLED.append(given)
        return None if len(CALLED) == 1 else super().cancel(*given, **named)


def client(base_url, api_key):
    return Forgetful(base_url, api_key)
"""


def forgetful() -> str:
    """The tests of a project whose client is wrong once, and right when it is asked again."""
    right = "def client(base_url, api_key):\n    return SampleClient(base_url, api_key)\n"
    assert right in TESTS
    return TESTS.replace(right, _FORGETFUL)


def shown(number: int) -> str:
    """A block of Python in docs/other-plugins.md, counted from 0."""
    page = (Path(__file__).parents[2] / "docs" / "other-plugins.md").read_text(encoding="utf-8")
    return str(re.findall(r"^```python\n(.+?)^```$", page, re.MULTILINE | re.DOTALL)[number])


def needed(*modules: str) -> None:
    """Skip where a plugin is not installed (extra ``compat``); with POINTS_COMPAT fail instead."""
    missing = [name for name in modules if importlib.util.find_spec(name.partition(".")[0]) is None]
    if missing and os.environ.get("POINTS_COMPAT") == "required":
        pytest.fail(f"not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"NOT TESTED beside {', '.join(missing)}: pip install -e '.[compat]'")


@dataclass(frozen=True)
class Ended:
    """How a run ended: pytest's status, how each test did, the reports by their subjects."""

    status: int
    out: str
    outcomes: dict[str, str]
    reports: dict[str, dict[str, Any]]

    @property
    def verdicts(self) -> dict[str, object]:
        """All that must not depend on which plugins there are."""
        return {
            subject: (
                told["verdict"],
                told["exit_status"],
                told["partial"],
                [(row["id"], row["verdict"], row["reason"]) for row in told["rules"]],
            )
            for subject, told in self.reports.items()
        }


@dataclass(frozen=True)
class Project:
    """Its folder, and what stands in it."""

    folder: Path
    plugins: Sequence[str] = ()
    ini: str = ""
    conftest: str = CONFTEST
    tests: str = TESTS
    #: What marks an async test.
    mark: str = ""
    #: All plugins that are installed, as in a project that has said nothing of them.
    autoload: bool = False

    def run(self, *arguments: str, few: str = FEW, **variables: str) -> Ended:
        """pytest in this project."""
        needed(*self.plugins)
        self._write()
        named = [word for plugin in self.plugins for word in ("-p", plugin)]
        ours = [] if self.autoload else ["-p", "points_conformance.plugin"]
        alone = {} if self.autoload else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-v", *named, *ours, "--junitxml=junit.xml"),
                *("--points-report-dir=report", "--points-profile=smoke", "-k", few, *arguments),
            ],
            cwd=self.folder,
            env=environment(POINTS_WEBHOOK_SECRET=SECRET, **alone, **variables),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        out = done.stdout + done.stderr
        return Ended(done.returncode, out, self._outcomes(), self._reports())

    def _write(self) -> None:
        self.folder.mkdir(exist_ok=True)
        ini = f"[pytest]\nfilterwarnings = error\n{self.ini}"
        (self.folder / "pytest.ini").write_text(ini, encoding="utf-8")
        (self.folder / "conftest.py").write_text(self.conftest, encoding="utf-8")
        tests = self.tests.replace("{mark}", self.mark)
        (self.folder / "test_shop.py").write_text(tests, encoding="utf-8")

    def _outcomes(self) -> dict[str, str]:
        path = self.folder / "junit.xml"
        if not path.exists():
            return {}
        outcomes = {}
        for case in ET.parse(path).iter("testcase"):
            bad = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
            outcomes[f"{case.get('classname')}::{case.get('name')}"] = bad[0] if bad else "passed"
        return outcomes

    def _reports(self) -> dict[str, dict[str, Any]]:
        found = [
            json.loads(p.read_text("utf-8")) for p in (self.folder / "report").rglob("report.json")
        ]
        return {told["subject"]: told for told in found}
