"""One judging of a subject in a run of several processes: who judges, and what the others read.

The user's own pytest-xdist spreads the tests of a suite over workers. The first that asks judges
all rules; it writes what it finds, line by line, into a folder that the run has to itself, and the
tests in all other workers wait there for their rule. No key is ever written into it: outcomes are
redacted when they are made.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from points_conformance.judging.verdict import Outcome
from points_conformance.plugin.wire import outcome_from, outcome_to

__all__ = ["DIED", "Account", "SharedJudging", "identity"]

#: How often a test that waits looks whether its rule has been judged.
_EVERY = 0.05
DIED = "the worker that judged ended before it had judged all rules"


@dataclass(slots=True)
class Account:
    """What has been written of a judging so far: outcomes by the rule whose turn it was, in order.

    ``ended`` says why it ended, empty where all was judged; ``None`` while it lasts.
    """

    turns: dict[str, list[Outcome]] = field(default_factory=dict)
    ended: str | None = None
    unjudgeable: bool = False
    given: str = ""

    def take(self, row: Mapping[str, Any]) -> None:
        """Take over one line."""
        if "rule" in row:
            self.turns[row["rule"]] = [outcome_from(told) for told in row["outcomes"]]
        elif "ended" in row:
            self.ended, self.unjudgeable = row["ended"], row["unjudgeable"]
        else:
            self.given = row["given"]


class SharedJudging:
    """The file of one subject's judging, and the lock that whoever judges holds while it lasts."""

    def __init__(self, folder: Path) -> None:
        # Here, for only a run of several processes needs it.
        from filelock import FileLock

        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        self._path = folder / "judging.jsonl"
        self._lock = FileLock(folder / "lock", thread_local=False)
        self._file: IO[str] | None = None
        self._read = 0
        self._account = Account()

    # ------------------------------------------------------------------ the one that judges
    def claim(self) -> bool:
        """Whether this process is to judge. A judging that began is never begun again."""
        if not self._free():
            return False
        try:
            self._file = self._path.open("x", encoding="ascii")
        except FileExistsError:
            self._lock.release()
            return False
        return True

    def judges(self, given: Any) -> None:
        """Say what is judged, for whoever would judge something else in the same run."""
        self._write({"given": identity(given)})

    def judged(self, rule_id: str, outcomes: Iterable[Outcome]) -> None:
        """A rule had its turn; ``outcomes`` are those that are new by it."""
        self._write({"rule": rule_id, "outcomes": [outcome_to(outcome) for outcome in outcomes]})

    def end(self, why: str = "", *, unjudgeable: bool = False) -> None:
        """All rules had their turn, or why they will not have it."""
        if self._file is None:
            return
        try:
            self._write({"ended": why, "unjudgeable": unjudgeable})
            self._file.close()
        finally:
            self._file = None
            self._lock.release()

    def _write(self, row: Mapping[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(row) + "\n")
            self._file.flush()

    # ------------------------------------------------------------------ all others
    def wait(self, there: Callable[[Account], bool]) -> Account:
        """What is written as soon as enough is, the judging has ended, or its process has."""
        while True:
            gone = self._free()
            if gone:
                self._lock.release()
            account = self.account()
            if there(account) or account.ended is not None:
                return account
            if gone:
                account.ended = DIED
                return account
            time.sleep(_EVERY)

    def account(self) -> Account:
        """What is written by now; a line that was cut off by a kill is no line."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._read)
                whole, end, _ = file.read().rpartition(b"\n")
            self._read += len(whole) + len(end)
            for line in whole.splitlines():
                self._account.take(json.loads(line))
        return self._account

    def _free(self) -> bool:
        """Take the lock, if nobody holds it."""
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        return True


def identity(given: Any) -> str:
    """What tells one thing that is judged from another in any process. Tells nothing of it."""
    return sha256(_named(given).encode("utf-8", "replace")).hexdigest()


def _named(given: Any) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, tuple):
        return " ".join(map(_named, given))
    if isinstance(given, partial):
        return _named(given.func)
    if url := getattr(given, "base_url", None):
        return str(url)
    code = getattr(given, "__code__", None)
    if code is not None:
        return f"{code.co_filename}:{code.co_firstlineno}"
    named = given if isinstance(given, type) else type(given)
    return f"{named.__module__}.{named.__qualname__}"
