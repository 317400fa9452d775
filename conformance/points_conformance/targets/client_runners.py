"""How a client is made to do one operation: a command, or an object in this process."""

import asyncio
import contextlib
import inspect
import io
import logging
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from points_conformance.targets.client_case import Operation
from points_conformance.targets.client_outcome import ClientOutcome, Unmapped, outcome_of

__all__ = ["Clients", "CommandClients", "CommandError", "Meeting", "ObjectClients", "Said"]

#: What the exit statuses mean; any other is a finding.
_STATUSES: Final = {0: ClientOutcome.DONE, 10: ClientOutcome.REFUSED, 11: ClientOutcome.UNKNOWN}
#: The variables by which an HTTP library learns of an authority to trust.
_CA_VARIABLES: Final = (
    "POINTS_CA_FILE",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "CURL_CA_BUNDLE",
)
#: Of what a client prints so much is read, in characters; the rest is thrown away.
_MOST: Final = 4_000_000
#: Seconds for what a killed process leaves in its pipe.
_LAST_WORDS: Final = 2.0
#: The standard output is one for the whole process.
_WATCHING: Final = threading.Lock()
#: How often it is looked whether the run is over, in seconds.
_LOOK: Final = 0.25
OutcomeOf = Callable[[object, BaseException | None], ClientOutcome]


class CommandError(ValueError):
    """A command that cannot be run: not found, not executable, or not to be parsed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How an operation ended. ``outcome`` is ``None`` where the client said none of the three;
    ``how`` is what it did instead ("exit status 1"). ``output`` is all that it printed, logged or
    raised, not redacted. ``hung``: it did not end in time. ``left``: processes that it left.
    """

    outcome: ClientOutcome | None
    how: str
    seconds: float
    output: str = ""
    hung: bool = False
    left: int = 0

    def __str__(self) -> str:
        return self.how if self.outcome is None else f"{self.outcome} ({self.how})"


_STOPPED: Final = Said(outcome=None, how="the run was over", seconds=0.0, hung=True)


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a client is told of the API. ``ca_file``: the authority it may trust."""

    base_url: str
    key: str
    uuid: str
    ca_file: str | None = None


class Clients(Protocol):
    """Makes a client for one case, and has it do operations one after the other."""

    def open(self, meeting: Meeting) -> Callable[[Operation], Said]:
        """A client that knows of this API."""
        ...

    @contextlib.contextmanager
    def watched(self) -> Iterator[Callable[[], str]]:
        """While this lasts, what clients print and log is kept; the function tells it."""
        ...

    @property
    def takes_ca(self) -> bool:
        """Whether it can be told of an authority to trust."""
        ...

    def stop(self) -> None:
        """End what runs; whatever is asked from now on is not begun."""
        ...


# ---------------------------------------------------------------------- a command
class CommandClients:
    """A command, run once per operation with everything in its environment.

    ``timeout`` is in seconds. Raises :class:`CommandError` for a command that cannot be run.
    """

    takes_ca = True

    def __init__(
        self, command: str, environment: Mapping[str, str], *, timeout: float = 35.0
    ) -> None:
        self.argv = _parsed(command, environment.get("PATH"))
        self.timeout = timeout
        self._environment = _without_points(environment)
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End every process that runs."""
        self._stopped.set()

    def open(self, meeting: Meeting) -> Callable[[Operation], Said]:
        """A command that is told of this API."""
        environment = self._environment | _told(meeting)

        def run(operation: Operation) -> Said:
            words = environment | _asked(operation, meeting.uuid)
            if self._stopped.is_set():
                return _STOPPED
            return _run(self.argv, words, self.timeout, meeting.key, self._stopped)

        return run

    @contextlib.contextmanager
    def watched(self) -> Iterator[Callable[[], str]]:
        """A command's output is always kept."""
        yield str


def _parsed(command: str, path: str | None) -> list[str]:
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise CommandError(f"--command {command!r} cannot be read: {error}") from None
    if not argv:
        raise CommandError("--command is empty: give the command that runs your client")
    if shutil.which(argv[0], path=path) is not None:
        return argv
    found = Path(argv[0])
    if found.is_dir():
        raise CommandError(f"--command: {argv[0]} is a folder")
    if found.exists():
        raise CommandError(
            f"--command: {argv[0]} is not executable: chmod +x it, or name its interpreter"
        )
    raise CommandError(f"--command: {argv[0]} was not found; paths count from this folder")


def _without_points(environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without our own variables, and without a proxy to loopback."""
    kept = {name: text for name, text in environment.items() if not name.startswith("POINTS_")}
    here = "127.0.0.1,localhost"
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = f"{kept[name]},{here}" if kept.get(name) else here
    return kept


def _told(meeting: Meeting) -> dict[str, str]:
    told = {"POINTS_BASE_URL": meeting.base_url, "POINTS_API_KEY": meeting.key}
    if meeting.ca_file is not None:
        told |= dict.fromkeys(_CA_VARIABLES, meeting.ca_file)
    return told


def _asked(operation: Operation, uuid: str) -> dict[str, str]:
    asked = {"POINTS_OPERATION": operation.kind, "POINTS_ORDER_UUID": uuid}
    if operation.amount is not None:
        asked["POINTS_AMOUNT"] = str(operation.amount)
    if operation.reason is not None:
        asked["POINTS_REASON"] = operation.reason
    return asked


def _run(
    argv: Sequence[str],
    environment: dict[str, str],
    timeout: float,
    key: str,
    stopped: threading.Event,
) -> Said:
    started = time.monotonic()
    try:
        process = subprocess.Popen(  # noqa: S603 - running the user's command is the purpose
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return Said(outcome=None, how=f"could not be run: {error.strerror}", seconds=0.0)
    read: list[bytes] = []
    reader = threading.Thread(target=_drain, args=(process, read), daemon=True)
    reader.start()
    hung = not _ended(process, timeout, stopped)
    seconds = time.monotonic() - started
    left = _end(process, key, running=hung)
    reader.join(_LAST_WORDS)
    if process.stdout is not None:
        process.stdout.close()
    output = b"".join(read).decode("utf-8", "replace")
    if hung:
        how = f"did not end within {timeout:g} s"
        return Said(outcome=None, how=how, seconds=seconds, output=output, hung=True)
    status = process.returncode
    how = f"exit status {status}" if status >= 0 else f"ended by signal {-status}"
    return Said(outcome=_STATUSES.get(status), how=how, seconds=seconds, output=output, left=left)


def _ended(process: "subprocess.Popen[bytes]", timeout: float, stopped: threading.Event) -> bool:
    """Wait for the end, until time is up or the run is over."""
    deadline = time.monotonic() + timeout
    while not stopped.is_set() and (left := deadline - time.monotonic()) > 0:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(min(left, _LOOK))
            return True
    return process.poll() is not None


def _drain(process: "subprocess.Popen[bytes]", into: list[bytes]) -> None:
    """Read all that is printed, so that the client never waits for us; keep the first of it."""
    kept = 0
    # A pipe that is closed while it is read is the end of it.
    with contextlib.suppress(OSError, ValueError):
        while process.stdout is not None and (part := os.read(process.stdout.fileno(), 65536)):
            if kept < _MOST:
                into.append(part)
                kept += len(part)


def _end(process: "subprocess.Popen[bytes]", key: str, *, running: bool) -> int:
    """End whatever is left of a client; how many processes it left behind when it had ended."""
    left = _group_lives(process.pid) if not running else 0
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait(_LAST_WORDS)
    strays = _with_key(key)
    for pid in strays:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return max(left, len(strays))


def _group_lives(group: int) -> int:
    if not hasattr(os, "killpg"):
        return 0
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return 0
    return 1


def _with_key(key: str) -> list[int]:
    """Processes whose environment has this case's key: they left the group (Linux alone)."""
    mark = f"POINTS_API_KEY={key}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in entry.read_bytes():
                found.append(int(entry.parent.name))
    return found


# ---------------------------------------------------------------------- an object
class ObjectClients:
    """Objects with ``cancel`` and ``refund``, sync or async, made by ``make(base_url, key)``.

    ``make`` may take ``ca_file``. ``outcome`` says what a result or an error means. A method that
    does not end in ``timeout`` seconds is left behind in a thread that nobody waits for.
    """

    def __init__(
        self,
        make: Callable[..., Any],
        *,
        timeout: float = 35.0,
        outcome: OutcomeOf = outcome_of,
    ) -> None:
        self._make = make
        self._timeout = timeout
        self._outcome = outcome
        self.takes_ca = _takes(make, "ca_file")
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Wait for no method any more."""
        self._stopped.set()

    def open(self, meeting: Meeting) -> Callable[[Operation], Said]:
        """An object that knows of this API; made with the first operation."""
        return _ObjectClient(
            self._make, meeting, self._timeout, self._outcome, self.takes_ca, self._stopped
        ).run

    @contextlib.contextmanager
    def watched(self) -> Iterator[Callable[[], str]]:
        """What anybody in this process prints or logs is kept for a while, and not shown."""
        _WATCHING.acquire()
        printed, logged = io.StringIO(), io.StringIO()
        handler, root = logging.StreamHandler(logged), logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(min(level, logging.INFO))
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                yield lambda: printed.getvalue() + logged.getvalue()
        finally:
            root.setLevel(level)
            root.removeHandler(handler)
            _WATCHING.release()


def _takes(make: Callable[..., Any], name: str) -> bool:
    try:
        parameters = inspect.signature(make).parameters
    except (TypeError, ValueError):
        return False
    return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


class _ObjectClient:
    """One object; one event loop for all its operations."""

    def __init__(
        self,
        make: Callable[..., Any],
        meeting: Meeting,
        timeout: float,
        outcome: OutcomeOf,
        takes_ca: bool,
        stopped: threading.Event,
    ) -> None:
        self._make = make
        self._meeting = meeting
        self._timeout = timeout
        self._outcome = outcome
        self._more = {"ca_file": meeting.ca_file} if takes_ca else {}
        self._runner = asyncio.Runner()
        self._client: Any = None
        self._hung = False
        self._stopped = stopped

    def run(self, operation: Operation) -> Said:
        """Do one operation in a thread of its own."""
        started = time.monotonic()
        told: list[Said] = []
        if self._hung:
            how = "the operation before it never ended"
            return Said(outcome=None, how=how, seconds=0.0, hung=True)
        thread = threading.Thread(target=lambda: told.append(self._said(operation)), daemon=True)
        thread.start()
        while thread.is_alive() and not self._stopped.is_set():
            left = started + self._timeout - time.monotonic()
            if left <= 0:
                break
            thread.join(min(left, _LOOK))
        seconds = time.monotonic() - started
        if told:
            return replace(told[0], seconds=seconds)
        self._hung = True
        how = f"did not end within {self._timeout:g} s"
        return Said(outcome=None, how=how, seconds=seconds, hung=True)

    def _said(self, operation: Operation) -> Said:
        result: object = None
        error: BaseException | None = None
        try:
            result = self._called(operation)
        except BaseException as raised:  # also sys.exit(): whatever it raises is what it says
            error = raised
        told = _raised(error) if error is not None else f"returned {result!r}"
        try:
            outcome = ClientOutcome(self._outcome(result, error))
        except Unmapped as unmapped:
            return Said(outcome=None, how=str(unmapped), seconds=0.0, output=told)
        except Exception as wrong:
            how = f"points_client_outcome failed: {type(wrong).__name__}: {wrong}"
            return Said(outcome=None, how=how, seconds=0.0, output=told)
        return Said(outcome=outcome, how=told, seconds=0.0, output=told)

    def _called(self, operation: Operation) -> object:
        if self._client is None:
            self._client = self._make(self._meeting.base_url, self._meeting.key, **self._more)
        words = {"amount": operation.amount, "reason": operation.reason}
        given = {name: value for name, value in words.items() if value is not None}
        result = getattr(self._client, operation.kind)(self._meeting.uuid, **given)
        if inspect.isawaitable(result):
            return self._runner.run(_awaited(result))
        return result


async def _awaited(result: Any) -> object:
    return await result


def _raised(error: BaseException) -> str:
    """An error and what it came from, in a line."""
    lines: list[str] = []
    link: BaseException | None = error
    while link is not None and len(lines) < 5:
        lines.append(f"{type(link).__name__}: {link}")
        link = link.__cause__ or link.__context__
    return "raised " + "; from ".join(lines)
