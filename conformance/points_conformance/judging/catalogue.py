"""The catalogue: every rule once, each after the rules it comes after.

A duplicate ID, an unknown dependency, need or page, a dependency on a rule that is no MUST, a
circle, or a statement with "MUST not" is refused when the catalogue loads.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, TypedDict, TypeVar, Unpack

from points_conformance.judging.rule import Level, Profile, Rule, Source

__all__ = ["Catalogue", "CatalogueError", "Registrar", "Terms", "build"]

Check = TypeVar("Check", bound=Callable[..., Any])
#: RFC 2119 has MUST NOT and SHOULD NOT.
_HALF_A_WORD: Final = re.compile(r"\b(?:MUST|SHOULD) not\b")


class CatalogueError(ValueError):
    """A rule that cannot be in the catalogue, or a name that no rule has."""


class Terms(TypedDict, total=False):
    """What a rule says beside ID, level, statement and sources: the fields of :class:`Rule`.

    One name stands for a tuple of one, one number of calls or seconds for all profiles.
    """

    after: str | tuple[str, ...]
    needs: str | tuple[str, ...]
    core: bool
    profile: Profile
    far: Profile | None
    calls: int | Mapping[Profile, int]
    far_calls: Mapping[Profile, int]
    seconds: float | Mapping[Profile, float]
    riyals: int
    far_riyals: int
    closing: bool
    glance: Callable[..., Any] | None
    apart: bool
    alone: str
    long: bool
    waits: bool
    holds_up: bool
    behind: str | tuple[str, ...]
    matter: str
    cases: Any
    aliases: tuple[str, ...]


class Registrar:
    """Collects the rules of one module: ``rule = Registrar("api")``, then ``@rule(...)``.

    ``sources`` and ``terms`` are those of every rule that gives no others: a rule says what differs
    from its family. ``around`` is what each of their checks runs in.
    """

    def __init__(
        self,
        subject: str,
        *sources: Source,
        around: Callable[[Any], Any] = lambda check: check,
        **terms: Unpack[Terms],
    ) -> None:
        self.subject = subject
        self.sources = sources
        self.around = around
        self.terms = terms
        self.rules: list[Rule] = []

    def __call__(
        self, id_: str, level: Level, *sources: Source, **terms: Unpack[Terms]
    ) -> Callable[[Check], Check]:
        """Register the decorated function as the check of rule ``id_``."""

        def register(check: Check) -> Check:
            self.rules.append(
                Rule(
                    id=id_,
                    level=level,
                    statement=_statement(check),
                    sources=sources or self.sources,
                    subject=self.subject,
                    check=self.around(check),
                    **_fields({**self.terms, **terms}),
                )
            )
            return check

        return register


def _fields(terms: Terms) -> dict[str, Any]:
    calls, seconds = terms.get("calls", 0), terms.get("seconds", {})
    lists = {name: terms.get(name, ()) for name in ("after", "behind", "needs")}
    return {
        **terms,
        **{name: (one,) if isinstance(one, str) else one for name, one in lists.items()},
        "calls": dict.fromkeys(Profile, calls) if isinstance(calls, int) else calls,
        "seconds": seconds if isinstance(seconds, Mapping) else dict.fromkeys(Profile, seconds),
    }


def _statement(check: Callable[..., Any]) -> str:
    text = " ".join((check.__doc__ or "").split("\n\n")[0].split())
    if not text:
        raise CatalogueError(f"{check.__qualname__} states no rule: it has no docstring")
    return text


@dataclass(frozen=True)
class Catalogue:
    """Rules of one subject, sorted so that each stands after those it comes after."""

    subject: str
    rules: tuple[Rule, ...]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def __getitem__(self, id_: str) -> Rule:
        for rule in self.rules:
            if rule.id == id_ or id_ in rule.aliases:
                return rule
        raise CatalogueError(f"no rule has the ID {id_!r}; see points-conformance rules")

    def matching(self, pattern: str) -> list[Rule]:
        """The rules whose ID matches a glob, or whose old ID it is. Raises where there is none."""
        found = [rule for rule in self if fnmatchcase(rule.id, pattern) or pattern in rule.aliases]
        if not found:
            raise CatalogueError(f"no rule of {self.subject} matches {pattern!r}")
        return found

    def select(
        self,
        profile: Profile,
        select: Sequence[str] = (),
        deselect: Sequence[str] = (),
        *,
        loopback: bool = True,
    ) -> list[Rule]:
        """The rules to judge: those of the profile, or those named, less those deselected.

        A rule named by its ID (or old ID) runs whatever its profile; a glob chooses within the
        profile. Raises :class:`CatalogueError` where a pattern matches nothing or nothing is left.
        """
        within = {rule.id for rule in self if rule.within(profile, loopback=loopback)}
        chosen: set[str] = set()
        for pattern in select:
            matched = self.matching(pattern)
            named = {rule.id for rule in matched if pattern in (rule.id, *rule.aliases)}
            ids = named or {rule.id for rule in matched} & within
            if not ids:
                raise CatalogueError(f"{pattern!r} matches only rules of a larger profile")
            chosen |= ids
        dropped = {rule.id for pattern in deselect for rule in self.matching(pattern)}
        chosen = (chosen if select else within) - dropped
        rules = [rule for rule in self if rule.id in chosen]
        if not rules:
            raise CatalogueError("the selection is empty: nothing would be judged")
        return rules

    def with_prerequisites(self, rules: Iterable[Rule]) -> list[Rule]:
        """The rules and all that they come after, in order."""
        wanted: set[str] = set()
        waiting = [rule.id for rule in rules]
        while waiting:
            id_ = waiting.pop()
            if id_ not in wanted:
                wanted.add(id_)
                waiting += self[id_].after
        return [rule for rule in self if rule.id in wanted]


def build(
    subject: str,
    rules: Iterable[Rule],
    *,
    needs: Collection[str] | None = None,
    pages: Collection[str] | None = None,
) -> Catalogue:
    """Check the rules and sort them by how much hangs on them, each after those it comes after
    or looks back on.

    Core rules, then those of the smaller profiles, else as written; closing ones last. ``needs``
    and ``pages`` are all that there are, where they are known.
    """
    by_id: dict[str, Rule] = {}
    names: set[str] = set()
    for rule in rules:
        for name in (rule.id, *rule.aliases):
            if name in names:
                raise CatalogueError(f"two rules have the ID {name!r}")
            names.add(name)
        by_id[rule.id] = rule
    for rule in by_id.values():
        _check_words(rule, needs, pages)
        for id_ in rule.after:
            if id_ not in by_id:
                raise CatalogueError(f"{rule.id} comes after {id_!r}, which no rule has")
            if by_id[id_].level is not Level.MUST:
                raise CatalogueError(f"{rule.id} comes after {id_}, which is no MUST")
            if by_id[id_].closing and not rule.closing:
                raise CatalogueError(f"{rule.id} comes after {id_}, which closes the run")
    ordered: dict[str, Rule] = {}
    sizes = list(Profile)
    for rule in sorted(
        by_id.values(),
        key=lambda rule: (rule.closing, not rule.core, sizes.index(rule.profile)),
    ):
        _place(rule, by_id, ordered, ())
    _check_order(ordered)
    return Catalogue(subject, tuple(ordered.values()))


def _check_order(ordered: Mapping[str, Rule]) -> None:
    """Rules look back on earlier ones."""
    places = {id_: place for place, id_ in enumerate(ordered)}
    for rule in ordered.values():
        for id_ in rule.behind:
            if places.get(id_, len(places)) >= places[rule.id]:
                raise CatalogueError(f"{rule.id} looks back on {id_!r}, which is not before it")


def _check_words(rule: Rule, needs: Collection[str] | None, pages: Collection[str] | None) -> None:
    if half := _HALF_A_WORD.search(rule.statement):
        raise CatalogueError(f"{rule.id} says {half[0]!r}: write {half[0].upper()}")
    for need in rule.needs:
        if needs is not None and need not in needs:
            raise CatalogueError(f"{rule.id} needs {need!r}, which no target offers")
    for source in rule.sources:
        if pages is not None and source.documented and source.page not in pages:
            raise CatalogueError(
                f"{rule.id} cites {source.page!r}, which is no page of the documentation"
            )


def _place(
    rule: Rule, by_id: Mapping[str, Rule], ordered: dict[str, Rule], path: tuple[str, ...]
) -> None:
    if rule.id in path:
        raise CatalogueError(f"a circle of rules: {' -> '.join((*path, rule.id))}")
    for id_ in (*rule.after, *(id_ for id_ in rule.behind if id_ in by_id)):
        _place(by_id[id_], by_id, ordered, (*path, rule.id))
    ordered.setdefault(rule.id, rule)
