"""What the rules of subject ``client`` are given: cases to run, and what came of each.

Clients back off in real time, so cases run side by side, each on its own sandbox. A case that
several rules look at runs once.
"""

import ssl
import tempfile
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from points_conformance.judging.budget import Budget
from points_conformance.judging.exchange import Redactor
from points_conformance.judging.finding import NotExercised
from points_conformance.targets.client.case import Case, Tls
from points_conformance.targets.client.record import KEY, Record, Turn
from points_conformance.targets.client.runners import Asked, Clients, Meeting
from points_conformance.targets.client.sandbox import ClientSandbox
from points_conformance.targets.viewed import Viewed

__all__ = ["SIDE_BY_SIDE", "Authorities", "ClientTarget"]

#: So many cases run at the same time; they mostly wait.
SIDE_BY_SIDE: Final = 12
#: A sandbox that stood still for so many seconds may have been given up on by a sound client: the
#: case is run again, so often in all. After that it is judged as it is.
_HELD_UP: Final = 0.5
_ATTEMPTS: Final = 3
#: Seconds after which who waits looks whether somebody wants the run to end.
_LOOK: Final = 0.2


class Authorities:
    """Certificates for loopback: of an authority that clients are told of, and of another."""

    def __init__(self) -> None:
        # Here, for only the rules of HTTPS need it.
        import trustme

        self._trusted, self._stranger = trustme.CA(), trustme.CA()
        self._folder = tempfile.TemporaryDirectory(prefix="points-ca-")
        self.ca_file = str(Path(self._folder.name) / "ca.pem")
        self._trusted.cert_pem.write_to_path(self.ca_file)

    def context(self, tls: Tls) -> ssl.SSLContext:
        """A server's side of what a case shows."""
        authority = self._stranger if tls is Tls.UNTRUSTED else self._trusted
        names = ("points.invalid",) if tls is Tls.OTHER_HOST else ("127.0.0.1", "localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        expired = datetime.now(UTC) - timedelta(days=1) if tls is Tls.EXPIRED else None
        authority.issue_cert(*names, not_after=expired).configure_cert(context)
        return context

    def close(self) -> None:
        """Remove what is on disk."""
        self._folder.cleanup()


class _Bench:
    """Runs each case once, so many at a time."""

    def __init__(self, clients: Clients, seed: int, most: int) -> None:
        self.clients = clients
        self.seed = seed
        self.pool = ThreadPoolExecutor(most, thread_name_prefix="points-client")
        self._lock = threading.Lock()
        self._records: dict[Case, Future[Record]] = {}
        self._authorities: Authorities | None = None

    def begin(self, case: Case) -> "Future[Record]":
        """The record of a case, now or later."""
        with self._lock:
            if case not in self._records:
                self._records[case] = self.pool.submit(self._run, case)
            return self._records[case]

    def _run(self, case: Case) -> Record:
        """What came of a case while its sandbox was there to answer. What a watched one printed is
        of every attempt, so it has but one.
        """
        record, held_up = self._attempted(case, 1)
        for attempt in range(2, _ATTEMPTS + 1):
            if held_up < _HELD_UP or case.watched:
                break
            record, held_up = self._attempted(case, attempt)
        return record

    def _attempted(self, case: Case, attempt: int) -> tuple[Record, float]:
        """The record, and the seconds for which its sandbox stood still."""
        ca_file, context = None, None
        if case.tls is not Tls.NONE:
            authorities = self.authorities()
            ca_file, context = authorities.ca_file, authorities.context(case.tls)
        numbers = range(len(case.operations))
        with ClientSandbox(case, self.seed, context, attempt=attempt) as sandbox:
            meeting = Meeting(sandbox.base_url, sandbox.key, sandbox.uuid, ca_file)
            with self.clients.open(meeting) as client:
                turn = partial(self._turn, sandbox, client)
                if case.at_once:
                    with ThreadPoolExecutor(len(numbers)) as together:
                        turns = tuple(together.map(turn, numbers))
                else:
                    turns = tuple(turn(number) for number in numbers)
        record = Record(
            case=case, turns=turns, seen=tuple(sandbox.seen), key=sandbox.key, uuid=sandbox.uuid
        )
        return record, sandbox.held_up

    @staticmethod
    def _turn(sandbox: ClientSandbox, client: Asked, index: int) -> Turn:
        operation = sandbox.case.operations[index]
        uuid = sandbox.uuids[operation.order - 1]
        before = sandbox.begin(index + 1, operation.order)
        at = sandbox.now()
        said = client(operation, uuid)
        after = sandbox.close_books(operation.order)
        moves = sum(seen.moved for seen in list(sandbox.seen) if seen.operation == index + 1)
        return Turn(
            operation=operation,
            said=said,
            at=at,
            before=before,
            after=after,
            moves=moves,
            uuid=uuid,
        )

    def authorities(self) -> Authorities:
        """The certificates, made once."""
        with self._lock:
            if self._authorities is None:
                self._authorities = Authorities()
            return self._authorities

    def close(self) -> None:
        """End what runs, and start nothing more."""
        self.clients.end()
        self.pool.shutdown(wait=True, cancel_futures=True)
        if self._authorities is not None:
            self._authorities.close()


def _record(future: "Future[Record]") -> Record:
    """The record, once it is there. Woken now and then: a wait without end may miss Ctrl-C."""
    while not future.done():
        wait([future], timeout=_LOOK)
    return future.result()


class ClientTarget(Viewed):
    """An integrator's client. ``timeout`` is how long one operation may take, in seconds."""

    loopback = True

    def __init__(
        self,
        clients: Clients,
        *,
        timeout: float = 35.0,
        seed: int = 0,
        side_by_side: int = SIDE_BY_SIDE,
    ) -> None:
        super().__init__()
        self.timeout = timeout
        self.clients = clients
        self.seed = seed
        self.budget = Budget()
        self.redact = Redactor({})
        self._bench = _Bench(clients, seed, side_by_side)
        self._known: dict[Case, Record] = {}
        self._makers: dict[Case, str] = {}
        #: Of what rules take at the same time.
        self._lock = threading.Lock()

    def run(self, *cases: Case) -> list[Record]:
        """The records of the cases, each run once however often it is asked for.

        Raises :class:`NotExercised` where one is over HTTPS and no authority can be told of.
        """
        if any(case.tls is not Tls.NONE for case in cases):
            self._needs_ca()
        if any(case.watched for case in cases):
            return self._run_watched(cases)
        begun = [self._bench.begin(case) for case in cases]
        return [
            self._taken(case, _record(future)) for case, future in zip(cases, begun, strict=True)
        ]

    def _run_watched(self, cases: Iterable[Case]) -> list[Record]:
        """Cases of which every word counts run while nothing else takes the standard output."""
        with self.clients.watched() as printed:
            begun = [self._bench.begin(case) for case in cases]
            records = [_record(future) for future in begun]
            words = printed()
        return [self._taken(record.case, replace(record, printed=words)) for record in records]

    def _taken(self, case: Case, record: Record) -> Record:
        with self._lock:
            if case not in self._known:
                self._known[case] = record
                self._makers[case] = self.rule
                self.budget.spent += len(record.seen)
                self.redact.add(KEY, record.key)
            return self._known[case]

    @property
    def operations(self) -> int:
        """How many operations the cases had that were run for the rules that were judged."""
        return sum(len(record.turns) for record in self.records())

    def records(self) -> list[Record]:
        """Every case that has been run for the rules that were judged, each with its rule."""
        with self._lock:
            known = list(self._known.items())
        return [replace(record, rule=self._makers[case]) for case, record in known]

    def _needs_ca(self) -> None:
        if not self.clients.takes_ca:
            raise NotExercised(
                "the client takes no ca_file: let points_api_client take the keyword ca_file, the "
                "PEM file of an authority to trust, to have HTTPS judged",
                lacks="trust in an authority",
            )

    def begin(self, cases: Iterable[Case]) -> None:
        """Begin cases that a rule will ask for. Watched ones wait, for they run alone."""
        for case in cases:
            if not case.watched and (case.tls is Tls.NONE or self.clients.takes_ca):
                self._bench.begin(case)

    def close(self) -> None:
        """End all that runs."""
        self._bench.close()
