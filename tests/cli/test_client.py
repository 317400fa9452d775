"""``points-conformance client``: the real command, and clients that are commands."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.command import Ended, ended, minded, run, start

EXAMPLES = Path(__file__).parents[2] / "examples"
SMOKE = ("--profile", "smoke")
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX commands")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads the process table of Linux")
LOST = "client.lost-partial-answer"
#: The standard library alone, on a connection of its own for each call: no HTTPS, no redirect, no
#: second try. ``ANSWERED`` is what becomes of an answer, ``LOST`` of none.
SCRIPT = """
import http.client, json, os, sys
from urllib.parse import urlsplit

env = os.environ
url = urlsplit(env["POINTS_BASE_URL"] + "/orders/" + env["POINTS_ORDER_UUID"])
goals = ["cancelled"] if env["POINTS_OPERATION"] == "cancel" else ["fully_refunded"]
fields = []
if "POINTS_AMOUNT" in env:
    fields.append('"amount": ' + env["POINTS_AMOUNT"])
    goals.append("partially_refunded")
if "POINTS_REASON" in env:
    fields.append('"reason": ' + json.dumps(env["POINTS_REASON"]))


def send():
    if url.scheme != "http":
        sys.exit(11)
    http_ = http.client.HTTPConnection(url.netloc, timeout=2)
    headers = {"x-api-key": env["POINTS_API_KEY"], "content-type": "application/json"}
    body = "{" + ", ".join(fields) + "}"
    http_.request("POST", url.path + "/" + env["POINTS_OPERATION"], body, headers)
    answer = http_.getresponse()
    return answer.status, answer.read()


def once():
    status, body = send()
    if 400 <= status < 500 and status != 429:
        return 10
    try:
        told = json.loads(body)
        done = status == 200 and told["status"] and told["data"]["order_status"] in goals
    except (ValueError, KeyError):
        done = False
    return 0 if done else 11


"""
CAREFUL = """
try:
    sys.exit(once())
except (OSError, http.client.HTTPException):
    sys.exit(11)
"""
RETRIES = """
for attempt in range(3):
    try:
        sys.exit(once())
    except (OSError, http.client.HTTPException):
        continue
sys.exit(11)
"""
TELLS = "print('using key', env['POINTS_API_KEY'])\n"


def written(folder: Path, text: str, name: str = "shop.py") -> str:
    """A client that is a script, and the command that runs it; Python starts without its site."""
    (folder / name).write_text(text, encoding="utf-8")
    return f"{shlex.quote(sys.executable)} -S -E {name}"


def judged(folder: Path, command: str, *arguments: object) -> Ended:
    """Run the command on a client."""
    return run(folder, "client", "--command", command, *arguments, key=None)


def only(*rules: str) -> list[str]:
    """Options that select these rules."""
    return [word for rule in rules for word in ("--select", rule)]


def test_the_plan_is_printed_before_the_run(tmp_path: Path) -> None:
    """How many cases run side by side, and how long at most."""
    command = written(tmp_path, SCRIPT + CAREFUL)
    done = judged(tmp_path, command, *only("client.full-refund"), "--timeout", "15")
    plan = done.out.splitlines()[:3]
    assert plan[0].startswith("plan for ")
    assert plan[1].endswith(" operations on sandboxes of this machine, 12 side by side")
    assert plan[2].startswith("  at most 15 s each, so at most 1 minutes")


# ---------------------------------------------------------------------- the examples
_HTTPS_AND_WAITS = only(
    "client.trusts-its-ca", "client.untrusted-certificate", "client.waits-as-told"
)
#: All of curl, which starts at once; of those that take longer, what could tell them from it.
_FEW = only(LOST, "client.recovery")
_MORE = [*_FEW, *only("client.exact-amount", "client.refused-is-refused")]


#: Program, file, what is judged, and how it goes on after a lost answer.
_EXAMPLES = (
    (f"{sys.executable} -S -E", "client_careful.py", _MORE, "neither reads nor repeats"),
    ("sh", "client_curl.sh", only("client.*"), "neither reads nor repeats"),
    ("node", "client_node.mjs", _FEW, "neither reads nor repeats"),
    (sys.executable, "client_reconciling.py", _FEW, "reads the order, says done"),
)


@posix
@pytest.mark.slow
def test_the_examples_are_conformant(tmp_path: Path) -> None:
    """Python with and without httpx, curl, Node; HTTPS and waiting as well; all side by side."""
    running = {}
    for program, example, rules, recovery in _EXAMPLES:
        folder = tmp_path / example
        folder.mkdir()
        if _is_there(program):
            command = f"{program} {shlex.quote(str(EXAMPLES / example))}"
            words = ["--command", command, *SMOKE, *rules, *_HTTPS_AND_WAITS]
            running[folder] = start(folder, "client", *words, key=None), recovery
    for folder, (process, recovery) in running.items():
        _is_conformant(ended(process, folder), recovery)
    if len(running) < len(_EXAMPLES):
        pytest.skip("node or curl is not installed: the other examples are conformant")


def _is_there(program: str) -> bool:
    needed = [program.split(maxsplit=1)[0], *(["curl"] if program == "sh" else [])]
    return all(shutil.which(name) for name in needed)


def _is_conformant(done: Ended, recovery: str) -> None:
    assert done.status == 0, done.out + done.err
    assert done.report["verdict"] == "conformant"
    assert {row["verdict"] for row in done.report["rules"]} == {"passed", "observed"}, done.out
    assert done.report["readings"]["recovery"].startswith(recovery)


# ---------------------------------------------------------------------- exit status 2
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "no client: give --command CMD"),
        (("--command", "no-such-client --x"), "no-such-client was not found"),
        (("--command", "./notes.txt"), "./notes.txt is not executable: chmod +x it"),
        (("--command", "true", "--timeout", "soon"), "--timeout 'soon' is no number"),
        (("--command", "true", "--select", "client.nope"), "no rule of client matches"),
    ],
)
def test_a_wrong_option_is_2_before_anything_is_run(
    tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    """One plain line."""
    (tmp_path / "notes.txt").write_text("no program", encoding="utf-8")
    done = run(tmp_path, "client", *arguments, key=None)
    assert done.status == 2, done.out + done.err
    assert complaint in done.out + done.err
    assert "Traceback" not in done.out + done.err
    assert len((done.out + done.err).strip().splitlines()) == 1


@posix
def test_a_dry_run_runs_nothing_and_says_how_much_it_would(tmp_path: Path) -> None:
    """Rules, operations and time at most."""
    done = judged(tmp_path, "touch ran", "--dry-run", "--timeout", "5")
    assert done.status == 0, done.out + done.err
    assert not (tmp_path / "ran").exists()
    assert "at most 5 s each, so at most" in done.out
    assert "operations on sandboxes of this machine" in done.out
    assert "orders needed: none" in done.out


# ---------------------------------------------------------------------- clients that are none
@posix
@pytest.mark.parametrize(
    ("command", "arguments", "told"),
    [
        ("true", (), "the client said done (exit status 0)"),
        ("false", (), "exit status 1"),
        ("sleep 60", ("--timeout", "1", *only("client.cancel")), "did not end within 1 s"),
    ],
)
def test_a_command_that_is_no_client_fails_soon(
    tmp_path: Path, command: str, arguments: tuple[str, ...], told: str
) -> None:
    """The plain operations fail; what comes after them is blocked; nothing is conformant."""
    started = time.monotonic()
    done = judged(tmp_path, command, *SMOKE, *arguments)
    assert time.monotonic() - started < 15
    assert done.status == 1, done.out + done.err
    assert done.report["verdict"] == "not conformant"
    assert told in done.out
    assert done.verdict("client.cancel") == "failed"
    rows = {row["verdict"] for row in done.report["rules"] if row["level"] == "MUST"}
    assert rows <= {"failed", "blocked", "not exercised"}


# ---------------------------------------------------------------------- what is found
def test_the_blind_retrier_is_found_and_its_key_printed_nowhere(tmp_path: Path) -> None:
    """Its story has one fault and both calls; it prints its key, which no report repeats."""
    keys = "open('keys', 'a').write(env['POINTS_API_KEY'] + '\\n')\n"
    command = written(tmp_path, SCRIPT + TELLS + keys + RETRIES)
    done = judged(tmp_path, command, *SMOKE, *only("client.key-not-shown", LOST))
    assert done.status == 1, done.out + done.err
    assert {done.verdict(rule) for rule in (LOST, "client.key-not-shown")} == {"failed"}
    row = next(row for row in done.report["rules"] if row["id"] == LOST)
    told = json.dumps(row)
    for tellings in (row["evidence"]["story"], row["evidence"]["steps"]):
        assert json.dumps(tellings).count("fault: operation") == 1
    assert "fault: operation 1, call 1: carried out, the connection is closed" in told
    assert "50.00 SAR, by 2 calls that were carried out" in told
    assert "$POINTS_API_KEY" in done.out
    assert "curl" in told
    _none_is_shown((tmp_path / "keys").read_text("utf-8").split(), done)


def _none_is_shown(keys: list[str], done: Ended) -> None:
    """No case's key is in any file of the report, nor on the terminal."""
    folder = done.folder / "points-conformance-report"
    texts = [path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()]
    assert len(set(keys)) >= 5
    assert len(texts) >= 4
    assert not [key for key in keys for text in [done.out, done.err, *texts] if key in text]


def test_https_is_not_exercised_where_no_authority_can_be_told(tmp_path: Path) -> None:
    """The variables are named, and the run does not fail for it."""
    command = written(tmp_path, SCRIPT + CAREFUL)
    https = only("client.trusts-its-ca", "client.untrusted-certificate")
    done = judged(tmp_path, command, *SMOKE, *https, *only("client.partial-refund"))
    assert done.status == 0, done.out + done.err
    assert done.verdict("client.trusts-its-ca") == "not exercised"
    assert done.verdict("client.untrusted-certificate") == "not exercised"
    for name in ("POINTS_CA_FILE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE"):
        assert name in done.reason("client.trusts-its-ca")


# ---------------------------------------------------------------------- an end in the middle
@linux
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_ends_everything_at_once(tmp_path: Path, sent: signal.Signals) -> None:
    """Ctrl-C, SIGTERM, SIGHUP during a client run: exit status 2, a report that calls itself
    partial, and no process is left, not even one in a session of its own.
    """
    script = "echo $$ >>pids; env -i setsid sleep 60 & echo $! >>pids; sleep 60"
    command = shlex.join(["sh", "-c", script])
    with minded(sent):
        process = start(tmp_path, "client", "--command", command, *SMOKE, key=None)
    pids = tmp_path / "pids"
    for _ in range(200):
        if pids.exists() and len(pids.read_text("utf-8").split()) >= 4:
            break
        time.sleep(0.05)
    process.send_signal(sent)
    started = time.monotonic()
    done = ended(process, tmp_path)
    assert time.monotonic() - started < 10
    assert done.status == 2, done.out + done.err
    assert (done.report["partial"], done.report["verdict"]) == (True, "inconclusive")
    assert "Traceback" not in done.out + done.err
    assert not [pid for pid in pids.read_text("utf-8").split() if _runs(pid)]


@linux
def test_nothing_runs_on_where_the_kit_is_killed(tmp_path: Path) -> None:
    """SIGKILL cannot be minded, but clients end with the kit."""
    script = "echo $$ >>pids; env -i setsid sleep 60 & echo $! >>pids; sleep 60"
    command = shlex.join(["sh", "-c", script])
    process = start(tmp_path, "client", "--command", command, *SMOKE, key=None)
    pids = tmp_path / "pids"
    _until(lambda: pids.exists() and len(pids.read_text("utf-8").split()) >= 4)
    process.kill()
    ended(process, tmp_path)
    _until(lambda: not [pid for pid in pids.read_text("utf-8").split() if _runs(pid)])


def _until(holds: Callable[[], bool]) -> None:
    patience = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < patience
        time.sleep(0.05)


@linux
def test_a_daemon_that_is_left_is_a_finding(tmp_path: Path) -> None:
    """Also one with a cleared environment in a session of its own; it is ended, too."""
    (tmp_path / "client.py").write_text(f"{SCRIPT}\nsys.exit(once())\n", "utf-8")
    client = f"{shlex.quote(sys.executable)} client.py"
    script = f"env -i setsid sleep 61.5 >/dev/null 2>&1 & {client}"
    command = shlex.join(["sh", "-c", script])
    rule = "client.leaves-nothing-running"
    done = run(tmp_path, "client", "--command", command, *SMOKE, "--select", rule, key=None)
    assert done.verdict(rule) == "advice", done.out
    assert "something is left running" in done.out
    left = [p for p in Path("/proc").glob("[0-9]*/cmdline") if _reads(p) == b"sleep\x0061.5\0"]
    assert left == []


def _reads(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _runs(pid: str) -> bool:
    """Whether a process is there, and no mere entry that nobody has fetched yet."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
