"""What a seeded defect is, and how a module declares its own.

A defect is a class that takes the place of one part, or a function that takes the place of one
operation. Its docstring's first sentence says what the server does wrong.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from points_conformance.judging.rule import Profile
from points_conformance.simulator.core import Parts, Simulator
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.forms import Forms
from points_conformance.simulator.gate import Gate
from points_conformance.simulator.messages import Response
from points_conformance.simulator.notifier import Notifier
from points_conformance.simulator.operations import OPERATIONS, Call, Operation
from points_conformance.simulator.presenter import Presenter

__all__ = ["GENERATED", "Answering", "Defect", "DefectError", "Seeds", "answer_of", "with_answer"]

#: How the table of operations writes the path of a call on an order.
ORDER_PATH = r"/orders/([^/]*)"

Answering = Callable[[Simulator, Call], Response]
Part = TypeVar("Part", bound=type[Any])

_SEAMS: tuple[tuple[str, type[Any]], ...] = (
    ("forms", Forms),
    ("gate", Gate),
    ("desk", Desk),
    ("presenter", Presenter),
    ("notifier", Notifier),
    ("courier", Courier),
)


#: Rules that make up their own input may come upon any defect, with one seed or another.
GENERATED = ("property.*", "schema.*", "story.*")
#: Calls at once come upon whatever is wrong with the one or the other, if the moment is right.
_BY_CHANCE = ("race.*",)
#: These look at every order of a run, whoever made it: any wrong deed may show there.
_ALL_ORDERS = (
    "webhook.every-reversal-is-told",
    "webhook.told-once",
    "webhook.nothing-for-a-refusal",
    "webhook.views-agree",
)


class DefectError(ValueError):
    """A defect that cannot be in the catalogue, or a name that none has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One wrong server.

    ``caught_by``: the rules that must fail (IDs or globs), each in every profile that it runs in,
    from ``profile`` on; unless with this seed a generated rule that it comes after came upon the
    defect already, so that nothing is left for it to say. ``related``: globs of rules that may fail
    as well, since the same wrong deed is seen from where they stand. All others must not fail.
    """

    id: str
    summary: str
    seam: str
    parts: Parts
    caught_by: tuple[str, ...]
    related: tuple[str, ...] = ()
    dialect: str = "default"
    profile: Profile = Profile.SMOKE

    def may_fail(self, rule_id: str) -> bool:
        """Whether the rule has to do with this defect."""
        globs = (*self.caught_by, *self.related, *_ALL_ORDERS, *_BY_CHANCE, *GENERATED)
        return any(fnmatchcase(rule_id, glob) for glob in globs)

    def facts(self) -> dict[str, str]:
        """What else there is to know of it."""
        return {"seam": self.seam, "dialect": self.dialect}


class Seeds:
    """Collects the defects of one module: ``seed = Seeds()``, then ``@seed(...)``."""

    def __init__(self) -> None:
        self.defects: list[Defect] = []

    def __call__(
        self,
        id_: str,
        *caught_by: str,
        related: str | tuple[str, ...] = (),
        dialect: str = "default",
        profile: Profile = Profile.SMOKE,
    ) -> Callable[[Part], Part]:
        """Seed the decorated class in the place of the part that it derives from."""

        def register(part: Part) -> Part:
            self.add(
                id_,
                _summary(part),
                _parts_with(part),
                *caught_by,
                related=(related,) if isinstance(related, str) else related,
                dialect=dialect,
                profile=profile,
            )
            return part

        return register

    def operation(
        self,
        id_: str,
        call: str,
        *caught_by: str,
        related: str | tuple[str, ...] = (),
        dialect: str = "default",
        profile: Profile = Profile.SMOKE,
    ) -> Callable[[Answering], Answering]:
        """Seed the decorated function in the place of one call's: ``get`` or a reversal or step."""

        def register(answer: Answering) -> Answering:
            self.add(
                id_,
                _summary(answer),
                Parts(operations=with_answer(call, answer)),
                *caught_by,
                related=(related,) if isinstance(related, str) else related,
                dialect=dialect,
                profile=profile,
            )
            return answer

        return register

    def add(
        self,
        id_: str,
        summary: str,
        parts: Parts,
        *caught_by: str,
        related: tuple[str, ...] = (),
        dialect: str = "default",
        profile: Profile = Profile.SMOKE,
    ) -> None:
        """Seed parts that were put together by hand."""
        self.defects.append(
            Defect(
                id=id_,
                summary=summary,
                seam=", ".join(_exchanged(parts)),
                parts=parts,
                caught_by=caught_by,
                related=related,
                dialect=dialect,
                profile=profile,
            )
        )


def answer_of(call: str) -> Answering:
    """The simulator's own function for a call on an order."""
    return _row(call).answer


def with_answer(
    call: str, answer: Answering, operations: tuple[Operation, ...] = OPERATIONS
) -> tuple[Operation, ...]:
    """The table of operations with one call's function exchanged."""
    wrong = _row(call)
    return tuple(replace(row, answer=answer) if _same(row, wrong) else row for row in operations)


def _row(call: str) -> Operation:
    method, path = ("GET", ORDER_PATH) if call == "get" else ("POST", f"{ORDER_PATH}/{call}")
    for row in OPERATIONS:
        if row.method == method and row.path.pattern == path:
            return row
    raise DefectError(f"no operation is named {call!r}")


def _same(row: Operation, other: Operation) -> bool:
    return (row.method, row.path) == (other.method, other.path)


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


def _summary(wrong: Any) -> str:
    text = " ".join(inspect.cleandoc(wrong.__doc__ or "").split("\n\n")[0].split())
    if not text:
        raise DefectError(f"{wrong.__qualname__} does not say what it does wrong")
    return text
