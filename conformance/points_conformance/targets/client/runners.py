"""How a client is made to do one operation, and by a command. By an object: ``objects.py``."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from points_conformance.targets.client.case import Operation
from points_conformance.targets.client.outcome import ClientOutcome
from points_conformance.targets.client.process import Ended, Processes
from points_conformance.targets.command import CommandError, words_of_command

__all__ = ["Asked", "Clients", "CommandClients", "CommandError", "Meeting", "Said"]

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


class Asked(Protocol):
    """A client that is asked for an operation; several threads may ask at once."""

    def __call__(self, operation: Operation, uuid: str | None = None) -> Said:
        """How it ended; on the order that it was told of, or on another one of the case."""
        ...


class Clients(Protocol):
    """Makes a client for one case, and has it do operations, each on one order."""

    def open(self, meeting: Meeting) -> AbstractContextManager[Asked]:
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
        self.argv = words_of_command("--command", command, environment.get("PATH"))
        self.timeout = timeout
        self._environment = _without_points(environment)
        self._processes = Processes()

    @contextlib.contextmanager
    def open(self, meeting: Meeting) -> Iterator[Asked]:
        """A command that is told of this API."""
        yield lambda operation, uuid=None: self._run(operation, meeting, uuid or meeting.uuid)

    def _run(self, operation: Operation, meeting: Meeting, uuid: str) -> Said:
        words = self._environment | _told(meeting) | _asked(operation, uuid)
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
