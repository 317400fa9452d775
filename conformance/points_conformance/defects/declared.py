"""What is declared of every defect, whatever the subject that is wrong."""

from typing import Any, Protocol

from points_conformance.judging.rule import Profile

__all__ = ["Declared"]


class Declared(Protocol):
    """One seeded defect. ``profile``: the smallest in which it is found."""

    @property
    def id(self) -> str:
        """Unique among all subjects."""
        ...

    @property
    def summary(self) -> str:
        """What is wrong, in a sentence."""
        ...

    @property
    def caught_by(self) -> tuple[str, ...]:
        """The rules that must fail: IDs or globs."""
        ...

    @property
    def profile(self) -> Profile:
        """The smallest profile in which it is found."""
        ...

    def may_fail(self, rule_id: str) -> bool:
        """Whether the rule has to do with this defect."""
        ...

    def facts(self) -> dict[str, Any]:
        """What else there is to know of it, by subject."""
        ...
