"""A sandbox that is kept in a file: after a restart it knows all that it answered before."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from points_conformance.simulator import Request, Simulator
from points_conformance.simulator.clock import ShiftedClock
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.messages import dump_json
from points_conformance.simulator.mounts.sandbox import Sandbox
from points_conformance.simulator.mounts.serve import serve
from points_conformance.simulator.page.shown import Shown, shown
from points_conformance.simulator.store import Store
from points_conformance.simulator.stored import StoreError
from points_conformance.simulator.world import Attempt


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is not there yet."""
    return tmp_path / "sandbox.db"


@contextmanager
def kept(path: Path, seed: int = 0) -> Iterator[Simulator]:
    """A simulator over the file."""
    store = Store(path, seed)
    simulator = Simulator(clock=ShiftedClock(), seed=store.seed)
    store.attach(simulator)
    with store:
        yield simulator


def seen(simulator: Simulator) -> Shown:
    return shown(Faults(simulator))


def refund(simulator: Simulator, uuid: str, amount: str) -> int:
    """Refund as a client does; the status."""
    headers = {"x-api-key": simulator.merchant.key}
    body = dump_json({"amount": Decimal(amount)})
    return simulator.handle(Request("POST", f"/api/v1/orders/{uuid}/refund", headers, body)).status


# ---------------------------------------------------------------------- what is kept
def test_everything_is_as_it_was(path: Path) -> None:
    """Orders to their metadata, endpoints with secrets, deliveries with attempts, keys, clock."""
    with kept(path, seed=7) as simulator:
        simulator.open_endpoint(simulator.other, "Other", "http://127.0.0.1:9/other")
        gone = simulator.open_endpoint(simulator.merchant, "Gone", "http://127.0.0.1:9/gone")
        metadata = {"a": [Decimal("1.10")]}
        order = simulator.make_order("replacing", "captured", "150.75", metadata=metadata)
        simulator.make_order(merchant=simulator.other, total_price="1", settled=True)
        assert refund(simulator, order.uuid, "50.25") == 200
        simulator.merchant.endpoints.remove(gone)
        at = simulator.clock.now()
        simulator.deliveries[0].attempts.append(Attempt(at, None, 0.25, "reset \ud800"))
        assert isinstance(simulator.clock, ShiftedClock)
        simulator.clock.advance(86_400)
        before = seen(simulator)
        headers = [one.headers for one in simulator.deliveries]
    with kept(path, seed=1) as again:
        assert seen(again) == before
        assert [one.headers for one in again.deliveries] == headers
        assert again.order(order.uuid).metadata == metadata
        assert again.order(order.uuid).items == order.items
        assert again.order(order.uuid).created_at == order.created_at
        assert again.deliveries[0].attempts[0].error == "reset \ud800"


def test_books_go_on_where_they_were(path: Path) -> None:
    """What went back before the restart cannot go back again; a number that is taken stays so."""
    with kept(path) as simulator:
        order = simulator.make_order(total_price="100.00")
        assert refund(simulator, order.uuid, "60.00") == 200
    with kept(path) as again:
        assert refund(again, order.uuid, "40.01") >= 400
        assert refund(again, order.uuid, "40.00") == 200
        assert again.world.has_number(again.merchant, order.number)
        assert [one.number for one in again.deliveries] == [1, 2]


def test_no_identifier_comes_twice(path: Path) -> None:
    """Each beginning has its own source, for uuids and secrets."""
    uuids: list[str] = []
    for _ in range(4):
        with kept(path) as simulator:
            uuids += [simulator.make_order().uuid, simulator.make_order().uuid]
    assert len(set(uuids)) == 8
    with kept(path) as simulator:
        assert list(simulator.world.orders) == uuids


def test_a_reset_forgets_in_the_file_too(path: Path) -> None:
    """And what comes after it is kept."""
    with kept(path) as simulator:
        simulator.open_endpoint(simulator.merchant, "E", "http://127.0.0.1:9/")
        refund(simulator, simulator.make_order().uuid, "1")
        time.sleep(0.5)
        simulator.reset()
        order = simulator.make_order(total_price="3")
        before = seen(simulator)
    with kept(path) as again:
        assert seen(again) == before
        assert list(again.world.orders) == [order.uuid]


def test_deliveries_that_are_dropped_are_dropped_in_the_file(path: Path) -> None:
    """The file grows no further than the memory; numbers go on."""
    with kept(path) as simulator:
        simulator.deliveries.most = 3
        order = simulator.make_order(total_price="100")
        for _ in range(5):
            refund(simulator, order.uuid, "1")
            time.sleep(0.25)
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT min(number), count(*) FROM deliveries").fetchone() == (3, 3)
    with kept(path) as again:
        assert (again.deliveries.dropped, again.deliveries.total) == (2, 5)


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX here")
def test_the_file_is_its_owners(path: Path) -> None:
    """It holds the endpoints' secrets."""
    with kept(path):
        modes = {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    assert modes == {0o600}


# ---------------------------------------------------------------------- what is refused
def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE theirs (a)")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 2")


def _spoilt(statement: str) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        with closing(sqlite3.connect(path)) as file, file:
            file.execute(statement)

    return spoil


def _overwritten(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


BROKEN: dict[str, Callable[[Path], object]] = {
    "text": lambda path: path.write_text("orders: 3\n" * 100),
    "short": lambda path: path.write_bytes(path.read_bytes()[:50]),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "overwritten": _overwritten,
    "newer": _newer,
    "no table": _spoilt("DROP TABLE orders"),
    "no json": _spoilt("UPDATE orders SET told = 'x'"),
    "no object": _spoilt("UPDATE orders SET told = '[1]'"),
    "a field less": _spoilt("UPDATE orders SET told = json_remove(told, '$.ledger')"),
    "no status": _spoilt("UPDATE orders SET told = json_set(told, '$.ledger.status', 'lost')"),
    "no merchant": _spoilt("UPDATE orders SET told = json_set(told, '$.merchant', 9)"),
    "no seed": _spoilt("DELETE FROM about WHERE name = 'seed'"),
    "no number": _spoilt("UPDATE about SET value = 'x' WHERE name = 'ahead'"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_line(path: Path, name: str) -> None:
    """Which file, and why; the file stays as it is."""
    with kept(path) as simulator:
        refund(simulator, simulator.make_order().uuid, "1")
    BROKEN[name](path)
    before = path.read_bytes()
    with pytest.raises(StoreError) as told, kept(path):
        pass
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)
    assert path.read_bytes() == before


def test_another_programs_file_is_not_touched(path: Path) -> None:
    """To the byte, and nothing is laid beside it."""
    _foreign(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program's"):
        Store(path, 0)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("where", ["", "no/such/folder/file"])
def test_what_is_no_place_for_a_file_is_refused(tmp_path: Path, where: str) -> None:
    """A folder, and a folder that is not there."""
    with pytest.raises(StoreError):
        Store(tmp_path / where, 0)


def test_two_sandboxes_do_not_share_a_file(path: Path) -> None:
    """The second is told; the first goes on, and leaves it to the next."""
    with kept(path) as simulator:
        simulator.make_order()
        with pytest.raises(StoreError, match="another sandbox"):
            Store(path, 0)
        simulator.make_order()
    with kept(path) as again:
        assert len(again.world.orders) == 2


def test_an_empty_file_is_a_new_one(path: Path) -> None:
    """As ``mktemp`` makes it, or a process that was killed when it had just begun."""
    path.touch()
    with kept(path, seed=3) as simulator:
        assert simulator.merchant.key == Simulator(seed=3).merchant.key


# ---------------------------------------------------------------------- over the command
def command(path: Path, *more: str) -> "subprocess.Popen[str]":
    words = [str(Path(sys.executable).with_name("points-conformance")), "serve", "--port", "0"]
    return subprocess.Popen(
        [*words, "--store", str(path), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def exported(process: "subprocess.Popen[str]") -> dict[str, str]:
    """What it printed for the shell."""
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    while not lines[-1].startswith("curl"):
        lines.append(process.stdout.readline())
        assert lines[-1], process.communicate()
    pairs = (line.removeprefix("export ").strip().partition("=") for line in lines)
    return {name: value for name, sign, value in pairs if sign}


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX here")
def test_whatever_was_answered_survives_a_kill(path: Path) -> None:
    """Killed in the middle of calls, three times: what was answered with 200 is in the books."""
    answered, key = 0, ""
    for turn in range(3):
        with command(path) as process, httpx.Client(trust_env=False) as client:
            given = exported(process)
            assert key in ("", given["POINTS_API_KEY"])
            key = given["POINTS_API_KEY"]
            client.headers["x-api-key"] = key
            control = given["POINTS_BASE_URL"].replace("/api/v1", "/_points")
            if not turn:
                order = client.post(f"{control}/orders", json={"total_price": 1000}).json()
            killer = threading.Timer(0.4, process.send_signal, [signal.SIGKILL])
            killer.start()
            try:
                while True:
                    url = f"{given['POINTS_BASE_URL']}/orders/{order['uuid']}/refund"
                    answered += client.post(url, json={"amount": 0.1}).status_code == 200
            except httpx.TransportError:
                pass
            killer.join()
            process.communicate()
    with kept(path) as simulator:
        refunded = simulator.order(order["uuid"]).ledger.refunded // 10
        assert answered > 3
        # A call may have been carried out and kept, and its answer lost by each kill.
        assert answered <= refunded <= answered + 3
        assert len(simulator.deliveries) == refunded


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX here")
def test_a_file_that_is_none_of_ours_ends_the_command_with_2(path: Path) -> None:
    """One line on standard error, nothing on the other."""
    path.write_text("mine\n")
    with command(path) as process:
        out, errors = process.communicate(timeout=30)
    assert (process.returncode, out) == (2, "")
    assert errors.startswith("points-conformance: ")
    assert errors.count("\n") == 1


def test_what_was_not_told_yet_is_told_after_the_restart(path: Path) -> None:
    """Once; and what was told is not told again."""
    heard: list[str] = []

    async def hook(scope, receive, send):  # type: ignore[no-untyped-def]
        headers = dict(scope["headers"])
        heard.append(headers[b"x-webhook-event"].decode())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    from points_conformance.simulator.mounts.thread_server import ThreadServer

    server = ThreadServer(hook)
    server.start()
    try:
        with kept(path) as simulator:
            end = simulator.open_endpoint(simulator.merchant, "E", server.origin + "/")
            refund(simulator, simulator.make_order().uuid, "1")
            told = simulator.deliveries[0]
            told.attempts.append(Attempt(simulator.clock.now(), 204, 0.1))
            order = simulator.make_order(status="new")
            simulator.desk.cancel(order, None)
            assert end in simulator.merchant.endpoints
        for _ in range(2):
            until, lines = threading.Event(), []
            options = {"port": 0, "store": path, "echo": lines.append, "until": until}
            thread = threading.Thread(target=serve, kwargs=options)
            thread.start()
            deadline = time.monotonic() + 10
            while not heard and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.3)
            until.set()
            thread.join(10)
    finally:
        server.stop()
    assert heard == ["cancelled"]


def test_what_cannot_be_kept_is_not_answered_as_done(path: Path) -> None:
    """A full disk: 507 and the reason, not 200."""
    from points_conformance.simulator.mounts.kept import KeptApp

    store = Store(path, 0)
    simulator = Simulator(clock=ShiftedClock(), seed=store.seed)
    store.attach(simulator)
    order = simulator.make_order()
    store.save()
    pages = store._file.execute("PRAGMA page_count").fetchone()[0]
    store._file.execute(f"PRAGMA max_page_count = {pages}")
    with Sandbox(simulator, around=lambda app: KeptApp(app, store)) as sandbox:
        statuses = {
            httpx.post(
                f"{sandbox.base_url}/orders/{order.uuid}/refund",
                json={"amount": 0.1, "reason": "x" * 200},
                headers={"x-api-key": simulator.merchant.key},
                trust_env=False,
            ).status_code
            for _ in range(30)
        }
    assert statuses == {200, 507}
    store._file.close()
