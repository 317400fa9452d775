"""What a wrong server is: a simulator with one part exchanged."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

from points_conformance.contract.dialect import DIALECTS
from points_conformance.defects.defect import Defect, DefectError
from points_conformance.simulator.core import Parts, Simulator
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.forms import Forms
from points_conformance.simulator.gate import Gate
from points_conformance.simulator.messages import Response
from points_conformance.simulator.notifier import Notifier
from points_conformance.simulator.operations import OPERATIONS, Call, Operation
from points_conformance.simulator.presenter import Presenter

__all__ = ["Answering", "ServerDefect", "answer_of", "with_answer"]

#: How the table of operations writes the path of a call on an order.
ORDER_PATH = r"/orders/([^/]*)"

Answering = Callable[[Simulator, Call], Response]
#: An operation: method and path as the table has them; on an order ``get``, a reversal or a step.
Operated = str | tuple[str, str]

_SEAMS: tuple[tuple[str, type[Any]], ...] = (
    ("forms", Forms),
    ("gate", Gate),
    ("desk", Desk),
    ("presenter", Presenter),
    ("notifier", Notifier),
    ("courier", Courier),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerDefect(Defect):
    """One wrong server. ``seam``: the parts that differ from the sound ones."""

    generated: ClassVar = ("property.*", "schema.*", "story.*")
    anyway: ClassVar = (
        # Calls at once come upon whatever is wrong with the one or the other, by chance.
        "race.*",
        # In every status all is asked for that any example asks for.
        "status.*",
        # These look at every order of a run, whoever made it: any wrong deed may show there.
        "webhook.every-reversal-is-told",
        "webhook.told-once",
        "webhook.nothing-for-a-refusal",
        "webhook.views-agree",
    )

    seam: str
    parts: Parts
    dialect: str = "default"

    @property
    def follows_advice(self) -> bool:
        """Not every conformant dialect does."""
        return self.dialect == "default"

    @classmethod
    def of(
        cls, wrong: Any, *, operation: Operated = "", dialect: str = "default", **declared: Any
    ) -> Self:
        """Parts, or a class in the place of the part that it derives from, or a function in the
        place of an operation's.
        """
        if dialect not in DIALECTS:
            raise DefectError(f"{declared['id']!r} speaks {dialect!r}, which is no dialect")
        if operation:
            parts = Parts(operations=with_answer(operation, wrong))
        else:
            parts = wrong if isinstance(wrong, Parts) else _parts_with(wrong)
        return cls(seam=", ".join(_exchanged(parts)), parts=parts, dialect=dialect, **declared)

    def facts(self) -> dict[str, Any]:
        """Where it is wrong, and which readings it follows."""
        return {"seam": self.seam, "dialect": self.dialect}


def answer_of(operation: Operated) -> Answering:
    """The simulator's own function for an operation."""
    return _row(operation).answer


def with_answer(
    operation: Operated, answer: Answering, operations: tuple[Operation, ...] = OPERATIONS
) -> tuple[Operation, ...]:
    """The table of operations with the function of one exchanged."""
    wrong = _key(_row(operation))
    return tuple(replace(row, answer=answer) if _key(row) == wrong else row for row in operations)


def _row(operation: Operated) -> Operation:
    key = operation
    if isinstance(operation, str):
        key = ("GET", ORDER_PATH) if operation == "get" else ("POST", f"{ORDER_PATH}/{operation}")
    for row in OPERATIONS:
        if _key(row) == key:
            return row
    raise DefectError(f"no operation is named {operation!r}")


def _key(row: Operation) -> tuple[str, str]:
    return row.method, row.path.pattern


def _exchanged(parts: Parts) -> list[str]:
    """The seams at which parts differ from the sound ones."""
    sound = Parts()
    names = [field.name for field in fields(Parts)]
    return [name for name in names if getattr(parts, name) is not getattr(sound, name)]


def _parts_with(part: type[Any]) -> Parts:
    exchanged: dict[str, Any] = {_seam(part): part}
    return Parts(**exchanged)


def _seam(part: type[Any]) -> str:
    for seam, sound in _SEAMS:
        if issubclass(part, sound) and part is not sound:
            return seam
    raise DefectError(
        f"{part.__name__} is no variant of a part; parts: "
        + ", ".join(field.name for field in fields(Parts))
    )
