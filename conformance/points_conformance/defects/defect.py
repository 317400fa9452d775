"""What a seeded defect is, and how a module declares its own.

A defect is a class that derives from something sound and is wrong in one way, or a function that
takes the place of one method. Its docstring's first sentence says what is wrong.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, Self, TypeVar

from points_conformance.judging.rule import Profile

__all__ = ["Defect", "DefectError", "Seeds"]

P = ParamSpec("P")
R = TypeVar("R")
Wrong = TypeVar("Wrong", bound=Callable[..., Any])


class DefectError(ValueError):
    """A defect that cannot be in the catalogue, or a name that none has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One seeded defect. A subject's own derives from it, and adds what it is made of.

    ``id``: unique among all subjects. ``caught_by``: the rules that must fail (IDs or globs), each
    in every profile that it runs in, from ``profile`` on; unless with this seed a generated rule
    that it comes after came upon the defect already, so that nothing is left for it to say.
    ``related``: globs of rules that may fail as well, since the same wrong deed is seen from where
    they stand. All others must not fail.
    """

    #: Rules that make up their own input: they may come upon any defect, with one seed or another.
    generated: ClassVar[tuple[str, ...]] = ()
    #: Other rules that may come upon any defect of the subject.
    anyway: ClassVar[tuple[str, ...]] = ()
    #: What IDs and rules begin with; they are declared without it.
    prefix: ClassVar[str] = ""

    id: str
    summary: str
    caught_by: tuple[str, ...]
    related: tuple[str, ...] = ()
    profile: Profile = Profile.SMOKE

    @property
    def follows_advice(self) -> bool:
        """Whether advice that is not followed means that something is wrong."""
        return True

    @classmethod
    def of(cls, wrong: Any, **declared: Any) -> Self:
        """The record of what is wrong. Raises :class:`DefectError`."""
        raise NotImplementedError

    def must_fail(self, rule_id: str) -> bool:
        """Whether the rule is declared to catch it."""
        return _matches(rule_id, self.caught_by)

    def may_fail(self, rule_id: str) -> bool:
        """Whether the rule has to do with this defect."""
        globs = (*self.caught_by, *self.related, *self.anyway, *self.generated)
        return _matches(rule_id, globs)

    def made_up(self, rule_id: str) -> bool:
        """Whether the rule makes up its own input."""
        return _matches(rule_id, self.generated)

    def facts(self) -> dict[str, Any]:
        """What else there is to know of it, by subject."""
        return {}


def _matches(rule_id: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(rule_id, glob) for glob in globs)


D = TypeVar("D", bound=Defect)


class Seeds(Generic[D]):
    """Collects the defects of one module: ``seed = Seeds(ServerDefect)``, then ``@seed(...)``.

    ``declared``: ``related`` (a glob or several), ``profile``, and what the subject adds; what most
    of a module's defects declare may be said once for all that do not say otherwise.
    """

    def __init__(self, kind: type[D], **declared: Any) -> None:
        self.kind = kind
        self.declared = declared
        self.defects: list[D] = []

    def __call__(self, id_: str, *caught_by: str, **declared: Any) -> Callable[[Wrong], Wrong]:
        """Seed the decorated class, or the function if the subject knows of such."""

        def register(wrong: Wrong) -> Wrong:
            self.add(id_, _summary(wrong), wrong, *caught_by, **declared)
            return wrong

        return register

    def on(
        self, method: Callable[Concatenate[Any, P], R], id_: str, *caught_by: str, **declared: Any
    ) -> Callable[[Callable[Concatenate[Any, P], R]], Callable[Concatenate[Any, P], R]]:
        """Seed the decorated function in the place of a method of the class that its first argument
        is annotated with. What is sound is called as ``Desk.decide(desk, …)``.
        """

        def register(wrong: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
            self.add(id_, _summary(wrong), _variant(method, wrong), *caught_by, **declared)
            return wrong

        return register

    def add(self, id_: str, summary: str, wrong: Any, *caught_by: str, **declared: Any) -> None:
        """Seed what was put together by hand."""
        declared = {"related": (), **self.declared, **declared}
        related = declared.pop("related")
        globs = (related,) if isinstance(related, str) else related
        prefix = self.kind.prefix
        self.defects.append(
            self.kind.of(
                wrong,
                id=prefix.replace(".", "-") + id_,
                summary=summary,
                caught_by=tuple(prefix + rule for rule in caught_by),
                related=tuple(prefix + glob for glob in globs),
                **declared,
            )
        )


def _variant(method: Callable[..., Any], function: Callable[..., Any]) -> type[Any]:
    """The class whose method the function takes the place of, with it there."""
    sound = next(iter(function.__annotations__.values()), object)
    if getattr(sound, method.__name__, None) is not method:
        raise DefectError(f"{function.__name__} does not say by its first argument whose method")
    return type(function.__name__, (sound,), {method.__name__: function})


def _summary(wrong: Any) -> str:
    """What is wrong, in a sentence: the first of a docstring. Raises :class:`DefectError`."""
    text = " ".join(inspect.cleandoc(wrong.__doc__ or "").split("\n\n")[0].split())
    if not text:
        raise DefectError(f"{wrong.__qualname__} does not say what it does wrong")
    return text
