"""The kit's side of Schemathesis: starts its process, asks for cases, has answers judged."""

import atexit
import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any, ClassVar, Final, Self

from points_conformance.contract import specs
from points_conformance.contract.names import REVERSALS
from points_conformance.judging.finding import NotExercised
from points_conformance.judging.slots import parked
from points_conformance.targets.api.answer import Answer

__all__ = ["OPERATIONS", "Generator", "Misfit", "Question", "component", "kept_running"]

#: What is called, by the name that findings use.
OPERATIONS: Final[Mapping[str, tuple[str, str]]] = {
    **{one.value: ("POST", f"/orders/{{uuid}}/{one.value}") for one in REVERSALS},
    "get": ("GET", "/orders/{uuid}"),
}
_SCRIPT: Final = Path(__file__).with_name("schemathesis_process.py")
#: Seconds that a question may take; the longest is the first, which loads everything.
_LONGEST: Final = 180.0
_INSTALL: Final = "pip install 'points-conformance[api]'"


@dataclass(frozen=True, slots=True)
class Question:
    """A request to send: to which operation, with which body, and what it is meant to try."""

    operation: str
    body: bytes | None
    phase: str
    about: str


@dataclass(frozen=True, slots=True)
class Misfit:
    """What does not fit about an answer: its ``schema`` or its ``content type``."""

    kind: str
    message: str


class Generator:
    """Schemathesis in a process of its own, while the ``with`` block lasts.

    Raises :class:`NotExercised` on entering where it is not installed.
    """

    #: A process that got a head start, by what it was asked: loading takes longer than most rules.
    _ahead: ClassVar[dict[tuple[int, int], "Generator"]] = {}
    #: The one that serves every run, while :func:`kept_running` lasts.
    _kept: ClassVar["Generator | None"] = None
    #: What was asked and has not been answered yet.
    _asked: tuple[int, int] | None = None
    _process: subprocess.Popen[str] | None = None

    def __init__(self) -> None:
        self._made: dict[tuple[int, int], list[Question]] = {}

    @classmethod
    def start_ahead(cls, seed: int, examples: int) -> None:
        """Have a seed's cases made while other rules run; nothing where it is not installed."""
        if (seed, examples) in cls._ahead or importlib.util.find_spec("schemathesis") is None:
            return
        generator = cls().__enter__()
        generator._ask_for_cases(seed, examples)
        cls._ahead[seed, examples] = generator
        atexit.register(cls.stop_ahead)

    @classmethod
    def stop_ahead(cls) -> None:
        """End whatever got a head start that nobody made use of."""
        while cls._ahead:
            cls._ahead.popitem()[1].__exit__(None, None, None)

    @classmethod
    def of(cls, seed: int, examples: int) -> "Generator":
        """The one that was started ahead for this, the one that is kept, or a new one."""
        return cls._ahead.pop((seed, examples), None) or cls._kept or cls()

    def __enter__(self) -> Self:
        if self._process is not None:
            return self
        if importlib.util.find_spec("schemathesis") is None:
            raise NotExercised(f"Schemathesis is not installed: {_INSTALL}", lacks="Schemathesis")
        # An empty folder: neither a schemathesis.toml nor a .hypothesis of the user's reaches in.
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._errors: IO[bytes] = tempfile.TemporaryFile()
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-P", str(_SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=self._folder.name,
            env=_environment(),
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # After an error it is not known what the process would answer next.
        if self is not Generator._kept or kind is not None:
            self._stop()

    def _stop(self) -> None:
        process, self._process = self._process, None
        # The next process knows of no question, and of no operations to judge answers by.
        self._asked = None
        self._made.clear()
        if process is None:
            return
        process.kill()
        process.communicate()
        self._errors.close()
        self._folder.cleanup()

    def cases(self, seed: int, examples: int) -> list[Question]:
        """All cases of a seed: the coverage phase's, and at most four times ``examples`` more."""
        if (seed, examples) not in self._made:
            self._made[seed, examples] = self._cases(seed, examples)
        return self._made[seed, examples]

    def _cases(self, seed: int, examples: int) -> list[Question]:
        if self._asked != (seed, examples):
            self._ask_for_cases(seed, examples)
        told = self._answer()
        self._asked = None
        if "unusable" in told:
            raise NotExercised(
                f"this version cannot be used, {told['unusable']}: {_INSTALL}", lacks="Schemathesis"
            )
        return [
            Question(
                row["operation"],
                None if row["body"] is None else row["body"].encode("latin-1"),
                row["phase"],
                row["about"],
            )
            for row in told["cases"]
        ]

    def _ask_for_cases(self, seed: int, examples: int) -> None:
        self._asked = (seed, examples)
        self._put(
            {
                "description": _description(),
                "operations": OPERATIONS,
                "seed": seed,
                "examples": examples,
            }
        )

    def misfits(self, operation: str, answer: Answer) -> list[Misfit]:
        """What does not fit about an answer; nothing for a status that is not documented."""
        self._put(
            {
                "operation": operation,
                "status": answer.status,
                "content_type": answer.headers.get("content-type"),
                "body": answer.body.decode("latin-1"),
            }
        )
        told = self._answer()
        return [Misfit(row["kind"], row["message"]) for row in told["misfits"]]

    def _put(self, question: Mapping[str, Any]) -> None:
        stdin = self._process.stdin if self._process else None
        if stdin is None:
            raise RuntimeError("Schemathesis has no pipe to be asked through")
        # Its last words tell more than a broken pipe: they are read with the answer.
        with contextlib.suppress(BrokenPipeError):
            stdin.write(json.dumps(question) + "\n")
            stdin.flush()

    def _answer(self) -> dict[str, Any]:
        process = self._process
        stdout = process.stdout if process else None
        if process is None or stdout is None:
            raise RuntimeError("Schemathesis has no pipe to answer through")
        watch = threading.Timer(_LONGEST, process.kill)
        watch.start()
        try:
            # It takes seconds to load: other rules work meanwhile.
            with parked():
                line = stdout.readline()
        finally:
            watch.cancel()
        if not line:
            raise RuntimeError(f"Schemathesis broke off: {self._last_words(process)}")
        told: dict[str, Any] = json.loads(line)
        return told

    def _last_words(self, process: subprocess.Popen[str]) -> str:
        process.wait(timeout=10)
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace")[-2000:]


@contextlib.contextmanager
def kept_running() -> Iterator[None]:
    """Have one process serve all runs while the ``with`` block lasts.

    For whoever judges many servers, one after another: most of a process's time goes into being
    started, and a seed's cases are the same whatever it was asked before.
    """
    if Generator._kept is not None:
        yield
        return
    kept = Generator._kept = Generator()
    try:
        yield
    finally:
        Generator._kept = None
        kept._stop()


def _environment() -> dict[str, str]:
    """The environment without anything that could steer Hypothesis, and without our secrets."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("POINTS_", "HYPOTHESIS_", "SCHEMATHESIS_"))
    }
    return {**kept, "HYPOTHESIS_NO_PLUGINS": "1", "PYTHONHASHSEED": "0"}


@cache
def _description() -> dict[str, Any]:
    """The part of the OpenAPI description that is asked about.

    Without ``appended_data``: ``envelope.appended-data`` advises on it, so no MUST does. Without
    the security scheme: every call carries the merchant's key.
    """
    whole = specs.openapi()
    components = deepcopy(whole["components"])
    components.pop("securitySchemes", None)
    for schema in components["schemas"].values():
        schema.get("properties", {}).pop("appended_data", None)
    return {
        "openapi": whole["openapi"],
        "info": {"title": whole["info"]["title"], "version": whole["info"]["version"]},
        "paths": {path: whole["paths"][path] for _, path in OPERATIONS.values()},
        "components": components,
    }


def component(operation: str, status: int) -> str | None:
    """The name of the component that describes an answer, where the status is documented."""
    method, path = OPERATIONS[operation]
    described = specs.openapi()["paths"][path][method.lower()]["responses"].get(str(status))
    if described is None:
        return None
    if "$ref" in described:
        name = described["$ref"].rpartition("/")[2]
        described = specs.openapi()["components"]["responses"][name]
    reference: str = described["content"]["application/json"]["schema"]["$ref"]
    return reference.rpartition("/")[2]
