"""``points-conformance consumer --restart-command``: a real process, ended by ``kill -9``."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.command import Ended, run
from tests.ports import steady_port

SECRET = "whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"
EXAMPLES = Path(__file__).parents[2] / "examples"
CRASHES = ("--select", "consumer.crash-*")
OUTLIVED = "a connection to the consumer was open before and after the --restart-command"
LOSES = "consumer.crash-keeps-what-was-acknowledged"
#: What a user would write: end it at once, start it in the background, return.
SCRIPT = """
import os, signal, subprocess, sys
from pathlib import Path

pid = Path("shop.pid")
if pid.exists():
    os.kill(int(pid.read_text()), signal.SIGKILL)
code = "import uvicorn, consumer_good as c; uvicorn.run(c.app, port={port}, log_level='critical')"
shop = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
pid.write_text(str(shop.pid))
"""
Crashing = Callable[..., Ended]

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9")


@pytest.fixture
def crashing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crashing]:
    """Judges the good example with this database by what it does in crashes."""
    shutil.copy(EXAMPLES / "consumer_good.py", tmp_path)
    port = steady_port()
    script = tmp_path / "crash.py"
    script.write_text(SCRIPT.format(port=port), encoding="utf-8")

    def judge(database: str, crashes: str = f"{sys.executable} crash.py") -> Ended:
        given = {"POINTS_WEBHOOK_SECRET": SECRET, "SHOP_DATABASE": database}
        started = [sys.executable, "crash.py"]
        subprocess.run(started, cwd=tmp_path, env={**os.environ, **given}, check=True)
        _wait_for(port)
        url = ("--url", f"http://127.0.0.1:{port}/webhooks/points")
        state = ("--state-url", "/orders/{order_id}", "--state-unit", "halala")
        command = ("--restart-command", crashes)
        return run(tmp_path, "consumer", *url, *state, *command, *CRASHES, key=None, **given)

    yield judge
    with contextlib.suppress(OSError, ValueError):
        os.kill(int((tmp_path / "shop.pid").read_text()), signal.SIGKILL)


def _wait_for(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
            return


@pytest.mark.slow
def test_a_database_on_disk_outlives_a_crash(crashing: Crashing, tmp_path: Path) -> None:
    """What was noted and booked in one transaction is neither lost nor booked twice."""
    done = crashing(str(tmp_path / "shop.db"))
    assert done.status == 0, done.out + done.err
    assert {rule["verdict"] for rule in done.report["rules"]} == {"passed"}
    assert OUTLIVED not in " ".join(done.out.split())


@pytest.mark.slow
def test_a_crash_that_ends_nothing_is_told(crashing: Crashing) -> None:
    """It passes every rule: nothing was lost, for nothing happened."""
    done = crashing(":memory:", "true")
    assert done.status == 0, done.out + done.err
    assert OUTLIVED in " ".join(done.out.split())


@pytest.mark.slow
def test_a_database_in_memory_does_not(crashing: Crashing) -> None:
    """And the printed command says how it was crashed."""
    done = crashing(":memory:")
    assert done.status == 1, done.out + done.err
    assert done.verdict(LOSES) == "failed"
    assert "order unknown" in done.reason(LOSES)
    assert "--restart-command" in done.out


def judged(folder: Path, *arguments: object) -> Ended:
    """The command on a consumer that nobody has to start."""
    return run(folder, "consumer", *arguments, key=None, POINTS_WEBHOOK_SECRET=SECRET)


def test_wrong_usage_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    """A program that is not there; an application, which the kit itself serves."""
    shutil.copy(EXAMPLES / "consumer_good.py", tmp_path)
    done = judged(tmp_path, "--url", "http://127.0.0.1:9/", "--restart-command", "no-such-thing -x")
    assert done.status == 2
    assert "--restart-command: no-such-thing was not found" in done.out + done.err
    app = ("--app", "consumer_good:app", "--url", "/webhooks/points")
    done = judged(tmp_path, *app, "--restart-command", "true")
    assert done.status == 2
    assert "give its --url, and no --app" in done.out + done.err


def test_a_dry_run_says_how_often_it_is_crashed(tmp_path: Path) -> None:
    """Nothing is run."""
    mark = tmp_path / "mark"
    command = ("--restart-command", f"touch {mark}")
    done = judged(tmp_path, "--url", "http://127.0.0.1:9/", *command, "--dry-run")
    assert done.status == 0, done.out + done.err
    assert "crashed and started anew at most 4 times" in done.out
    assert not mark.exists()
