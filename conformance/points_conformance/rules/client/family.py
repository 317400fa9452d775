"""How the rules about clients are written: cases as data, and a function that judges the records.

``rule = family()``, then ``@rule(..., cases=...)``. What a rule may cost follows from its cases.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar, Unpack

from points_conformance.judging.catalogue import Registrar, Terms
from points_conformance.judging.rule import Level, Profile, Rule, Source
from points_conformance.subjects import Subject
from points_conformance.targets.client.case import Case
from points_conformance.targets.client.target import ClientTarget

__all__ = ["Draw", "Family", "cases_of", "family"]

Check = TypeVar("Check", bound=Callable[..., Any])
#: Generated cases: a pure function of the rule's seed and of its bound on operations.
Draw = Callable[[int, int], Sequence[Case]]


def cases_of(rule: Rule, seed: int, bound: int) -> Sequence[Case]:
    """The cases of a rule about clients, in their order, for the rule's seed and bound."""
    return _drawn(rule.cases, seed, bound)


def _drawn(cases: Sequence[Case] | Draw, seed: int, bound: int) -> Sequence[Case]:
    return cases(seed, bound) if callable(cases) else cases


class Family:
    """Collects the rules of one module about clients."""

    def __init__(self, *sources: Source, **terms: Unpack[Terms]) -> None:
        self._registrar = Registrar(Subject.CLIENT, *sources, **terms)

    @property
    def rules(self) -> list[Rule]:
        """The rules so far."""
        return self._registrar.rules

    def __call__(
        self,
        id_: str,
        level: Level,
        *sources: Source,
        cases: Sequence[Case] | Draw,
        calls: Mapping[Profile, int] | None = None,
        drives: bool = False,
        **record: Any,
    ) -> Callable[[Check], Check]:
        """Register the decorated function, which judges the records of ``cases``.

        Only generated cases have ``calls``. ``drives``: the function is given the target as well,
        before the records: for the time allowed, for the whole run's records, or because what it
        asks for next depends on what came of these.
        """
        operations = 0 if callable(cases) else sum(len(case.operations) for case in cases)
        register = self._registrar(
            id_, level, *sources, cases=cases, calls=calls or operations, **record
        )

        def decorate(check: Check) -> Check:
            @wraps(check)
            def judged(client: ClientTarget) -> Any:
                records = client.run(*_drawn(cases, client.seed, client.allowance))
                return check(client, records) if drives else check(records)

            register(judged)
            return check

        return decorate


def family(*sources: Source, **terms: Unpack[Terms]) -> Family:
    """A family of rules about clients; ``sources`` and ``terms`` are those of its rules."""
    return Family(*sources, **terms)
