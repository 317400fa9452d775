"""An integrator's typed project: mypy --strict takes it, knows every type, and finds mistakes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TYPED = """
from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest
from points_conformance.fixtures import Delivery, Order, Points
from points_conformance.suite import (
    ApiSuite,
    ClientOutcome,
    ClientSuite,
    ConsumerState,
    ConsumerSuite,
)


def refund(points: Points, order: Order, amount: Decimal) -> httpx.Response:
    url = f"{points.base_url}/orders/{order.uuid}/refund"
    return httpx.post(url, json={"amount": float(amount)}, headers={"x-api-key": points.key})


def test_a_refund(points: Points) -> None:
    order = points.order(type="replacing", status="approved", total_price=Decimal("150.75"))
    refund(points, order, Decimal(25))
    left: int = points.ledger(order).left
    assert left == 125_75
    told: list[Delivery] = list(points.deliveries)
    assert [delivery.event for delivery in told]
    points.faults.lose_answer("refund")
    points.clock.advance(5)


async def test_from_a_loop(points: Points) -> None:
    points.deliver_to(lambda request: 204)
    await points.asettle()


class Client:
    def __init__(self, base_url: str, api_key: str) -> None:
        self.base_url, self.api_key = base_url, api_key

    def cancel(self, order_uuid: str, reason: str | None = None) -> None: ...

    def refund(
        self, order_uuid: str, amount: Decimal | None = None, reason: str | None = None
    ) -> None: ...


class TestApi(ApiSuite):
    @pytest.fixture
    def points_api(self) -> str:
        return "http://127.0.0.1:8787"


class TestConsumer(ConsumerSuite):
    @pytest.fixture
    def points_consumer(self) -> Callable[[httpx.Request], int]:
        return lambda request: 204


class TestClient(ClientSuite):
    @pytest.fixture
    def points_api_client(self) -> type[Client]:
        return Client

    @pytest.fixture
    def points_client_outcome(self) -> Callable[[object, BaseException | None], ClientOutcome]:
        return lambda result, error: ClientOutcome.DONE if error is None else ClientOutcome.UNKNOWN


def pytest_points_consumer_state(config: pytest.Config, order_id: int) -> ConsumerState | None:
    return ConsumerState("approved", Decimal(0))
"""
REVEALED = """
from points_conformance.fixtures import Points
from points_conformance.suite import ConsumerState


def test_what_is_known(points: Points, state: ConsumerState) -> None:
    reveal_type(points.order())
    reveal_type(points.order().uuid)
    reveal_type(points.ledger("").left)
    reveal_type(points.deliveries[0])
    reveal_type(points.deliver_to("").secret)
    reveal_type(state.halalas)
"""
WRONG = """
from points_conformance.fixtures import Points
from points_conformance.suite import ConsumerState


def test_mistakes(points: Points) -> None:
    points.ordr()
    points.order(total=5)
    points.order(total_price=1.5)
    points.ledger(5)
    ConsumerState(state="approved")
"""


def mypy(folder: Path, text: str) -> list[str]:
    """What mypy says of a project that has our package installed, and none of our settings."""
    if find_spec("mypy") is None:
        pytest.skip("NOT CHECKED with mypy: it is in the extra dev")
    (folder / "test_typed.py").write_text(text, encoding="utf-8")
    (folder / "mypy.ini").write_text("[mypy]\nstrict = True\n", encoding="utf-8")
    keep = {name: value for name, value in os.environ.items() if not name.startswith("MYPY")}
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(folder.parent / "mypy"), "test_typed.py"],
        cwd=folder,
        env=keep,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all: mypy keeps what it has read."""
    return tmp_path_factory.mktemp("typed")


def test_a_typed_project_is_taken(folder: Path) -> None:
    """Fixtures, suites and hooks under mypy --strict: py.typed is where it is looked for."""
    assert mypy(folder, TYPED) == ["Success: no issues found in 1 source file"]


def test_every_type_is_known(folder: Path) -> None:
    """None of them is Any: an editor completes what is known."""
    told = "\n".join(mypy(folder, REVEALED))
    found = re.findall(r'Revealed type is "(.+)"', told)
    short = [re.sub(r"[a-z_]+\.", "", one) for one in found]
    assert short == ["Order", "str", "int", "Delivery", "str", "int | None"], told


def test_mistakes_are_found(folder: Path) -> None:
    """A name that is none, an argument that is none, a float for money, a number for an order."""
    told = mypy(folder, WRONG)
    codes = [found[1] for line in told if (found := re.search(r"\[([a-z-]+)\]$", line))]
    assert codes == ["attr-defined", "call-arg", "arg-type", "arg-type", "call-arg"], told
