"""How a client is made to do one operation: a command, or an object in this process."""

import asyncio
import contextlib
import inspect
import io
import logging
import shlex
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from points_conformance.targets.client.case import Operation
from points_conformance.targets.client.outcome import ClientOutcome, Unmapped, outcome_of
from points_conformance.targets.client.process import Ended, Processes

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
#: The variables that a command is told by. Others that begin alike are the user's own.
_OURS: Final = frozenset(
    {
        *("POINTS_OPERATION", "POINTS_ORDER_UUID", "POINTS_AMOUNT", "POINTS_REASON"),
        *("POINTS_BASE_URL", "POINTS_API_KEY", "POINTS_CA_FILE"),
    }
)
#: Seconds after which it is looked whether the run is over.
_TICK: Final = 0.1
#: The standard output is one for the whole process.
_WATCHING: Final = threading.Lock()
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


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a client is told of the API. ``ca_file``: the authority it may trust."""

    base_url: str
    key: str
    uuid: str
    ca_file: str | None = None


class Clients(Protocol):
    """Makes a client for one case, and has it do operations one after the other."""

    def open(self, meeting: Meeting) -> AbstractContextManager[Callable[[Operation], Said]]:
        """A client that knows of this API, while the ``with`` block lasts."""
        ...

    @contextlib.contextmanager
    def watched(self) -> Iterator[Callable[[], str]]:
        """While this lasts, what clients print and log is kept; the function tells it."""
        ...

    @property
    def takes_ca(self) -> bool:
        """Whether it can be told of an authority to trust."""
        ...

    def end(self) -> None:
        """The run is over: end what runs, and start nothing more."""
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
        self._processes = Processes()

    @contextlib.contextmanager
    def open(self, meeting: Meeting) -> Iterator[Callable[[Operation], Said]]:
        """A command that is told of this API."""
        yield lambda operation: self._run(operation, meeting)

    def _run(self, operation: Operation, meeting: Meeting) -> Said:
        words = self._environment | _told(meeting) | _asked(operation, meeting.uuid)
        try:
            ended = self._processes.run(self.argv, words, self.timeout)
            return _said(ended, self.timeout)
        except OSError as error:
            return Said(outcome=None, how=f"could not be run: {error.strerror}", seconds=0.0)

    @contextlib.contextmanager
    def watched(self) -> Iterator[Callable[[], str]]:
        """A command's output is always kept."""
        yield str

    def end(self) -> None:
        """End every process."""
        self._processes.end()


def _parsed(command: str, path: str | None) -> list[str]:
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise CommandError(f"--command {command!r} cannot be read: {error}") from None
    if not argv:
        raise CommandError("--command is empty: give the command that runs your client")
    try:
        if shutil.which(argv[0], path=path) is not None:
            return argv
        found = Path(argv[0])
        found.exists()
    except (OSError, ValueError) as error:  # a name too long, or one that no system can hold
        raise CommandError(f"--command: {argv[0][:80]!a} is no program: {error!a}"[:300]) from None
    if found.is_dir():
        raise CommandError(f"--command: {argv[0]} is a folder")
    if found.exists():
        raise CommandError(
            f"--command: {argv[0]} is not executable: chmod +x it, or name its interpreter"
        )
    raise CommandError(f"--command: {argv[0]} was not found; paths count from this folder")


def _without_points(environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without what we tell it, and without a proxy to loopback."""
    kept = {name: text for name, text in environment.items() if name not in _OURS}
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


def _said(ended: Ended, timeout: float) -> Said:
    status = ended.status
    if status is None:
        how = f"did not end within {timeout:g} s"
    else:
        how = f"exit status {status}" if status >= 0 else f"ended by signal {-status}"
    return Said(
        outcome=None if status is None else _STATUSES.get(status),
        how=how,
        seconds=ended.seconds,
        output=ended.output,
        hung=status is None,
        left=0 if status is None else ended.left,
    )


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
        self._over = threading.Event()
        self.takes_ca = _takes(make, "ca_file")

    @contextlib.contextmanager
    def open(self, meeting: Meeting) -> Iterator[Callable[[Operation], Said]]:
        """An object that knows of this API; made with the first operation."""
        more = {"ca_file": meeting.ca_file} if self.takes_ca else {}
        make = partial(self._make, meeting.base_url, meeting.key, **more)
        client = _ObjectClient(make, meeting.uuid, self._timeout, self._outcome, self._over)
        try:
            yield client.run
        finally:
            client.close()

    def end(self) -> None:
        """Wait for no operation any longer."""
        self._over.set()

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
        make: Callable[[], Any],
        uuid: str,
        timeout: float,
        outcome: OutcomeOf,
        over: threading.Event,
    ) -> None:
        self._make = make
        self._uuid = uuid
        self._timeout = timeout
        self._outcome = outcome
        self._over = over
        self._runner = asyncio.Runner()
        self._client: Any = None
        self._hung = False

    def run(self, operation: Operation) -> Said:
        """Do one operation in a thread of its own."""
        if self._hung:
            how = "the operation before it never ended"
            return Said(outcome=None, how=how, seconds=0.0, hung=True)
        started = time.monotonic()
        told: list[Said] = []
        thread = threading.Thread(target=lambda: told.append(self._said(operation)), daemon=True)
        thread.start()
        self._wait_for(thread, started + self._timeout)
        seconds = time.monotonic() - started
        if told:
            return replace(told[0], seconds=seconds)
        self._hung = True
        how = f"did not end within {self._timeout:g} s"
        return Said(outcome=None, how=how, seconds=seconds, hung=True)

    def close(self) -> None:
        """End the event loop, but where it still runs."""
        if not self._hung:
            self._runner.close()

    def _wait_for(self, thread: threading.Thread, until: float) -> None:
        while thread.is_alive() and not self._over.is_set():
            left = until - time.monotonic()
            if left <= 0:
                return
            thread.join(min(left, _TICK))

    def _said(self, operation: Operation) -> Said:
        result: object = None
        error: BaseException | None = None
        try:
            result = self._called(operation)
        except BaseException as raised:  # sys.exit() as well: it would end the thread in silence
            error = raised
        told = _raised(error) if error is not None else f"returned {_shown(result)}"
        outcome: ClientOutcome | None = None
        how = told
        try:
            outcome = ClientOutcome(self._outcome(result, error))
        except Unmapped as unmapped:
            how = str(unmapped)
        except (Exception, SystemExit) as wrong:
            how = f"points_client_outcome {_raised(wrong)}, of what {told}"
        return Said(outcome=outcome, how=how, seconds=0.0, output=told)

    def _called(self, operation: Operation) -> object:
        if self._client is None:
            self._client = self._make()
        words = {"amount": operation.amount, "reason": operation.reason}
        given = {name: value for name, value in words.items() if value is not None}
        result = getattr(self._client, operation.kind)(self._uuid, **given)
        if inspect.isawaitable(result):
            return self._runner.run(_awaited(result))
        return result


async def _awaited(result: Any) -> object:
    return await result


def _shown(result: object) -> str:
    try:
        return repr(result)
    except Exception as error:
        return f"a {type(result).__name__} that cannot be shown: {error}"


def _raised(error: BaseException) -> str:
    """An error and what it came from, in a line."""
    lines: list[str] = []
    link: BaseException | None = error
    while link is not None and len(lines) < 5:
        lines.append(f"{type(link).__name__}: {link}")
        link = link.__cause__ or link.__context__
    return "raised " + "; from ".join(lines)
