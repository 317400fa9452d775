"""What a rule is: a record, and a short function that checks it.

The function's name states the fact, the first sentence of its docstring is the rule's statement in
every report. IDs are permanent.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

__all__ = [
    "ALL",
    "Level",
    "Profile",
    "Rule",
    "Source",
    "inferred",
    "promised",
    "source",
]

#: What a rule needs for itself that no other may run beside.
ALL: Final = "everything"
#: What stands in the place of a page where no page says it.
_PROMISED: Final = "Design of the kit"
_INFERRED: Final = "inferred"


class Level(StrEnum):
    """MUST and SHOULD as in RFC 2119 (our judgement of the sources); OBSERVE where they differ."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    OBSERVE = "OBSERVE"


class Profile(StrEnum):
    """How much is tried. Each profile includes the ones before it."""

    SMOKE = "smoke"
    STANDARD = "standard"
    DEEP = "deep"

    def includes(self, other: "Profile") -> bool:
        """Whether a rule of ``other`` runs in this profile."""
        order = list(Profile)
        return order.index(other) <= order.index(self)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule comes from: a page and heading of the documentation, or an inference."""

    page: str
    heading: str = ""

    @property
    def documented(self) -> bool:
        """Whether it is a page of the documentation."""
        return self.page not in (_PROMISED, _INFERRED)

    def __str__(self) -> str:
        return f"{self.page}, {self.heading}" if self.heading else self.page


def source(page: str, heading: str = "") -> Source:
    """A page of the Points documentation and a heading on it."""
    return Source(page, heading)


def promised(text: str) -> Source:
    """One of the three promises this kit was asked to check."""
    return Source(_PROMISED, text)


def inferred(text: str) -> Source:
    """Our inference; the text names the rule or fact that it follows from."""
    return Source(_INFERRED, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the catalogue.

    ``after``: MUST rules without which this one says nothing. ``needs``: what a target must offer
    beyond plain orders. ``core``: without it no run is conclusive. ``profile``: the smallest one it
    runs in, ``far`` that off loopback, where it differs: calls are bounded there. ``calls``: how
    many calls it makes at most, by profile for generated rules; ``far_calls`` the same off
    loopback, where it differs. ``seconds``: how long it goes on at most where the target's pace
    decides; after that it begins no call. ``riyals``: its largest order, ``far_riyals`` that off
    loopback, where it differs. ``closing``: judges the
    evidence of the whole run, after all others. ``glance``: what of that can be told before, as it
    stays so whatever comes: it is given the target and what is new there, raises a finding, and
    neither calls nor waits. ``apart``: that one order does not touch another;
    where it is broken, what others find may come of what ran before.
    Where rules run side by side: ``alone`` is what it needs for itself, :data:`ALL` the target.
    ``waits``: it takes long by its nature, though it hardly calls, and begins first. ``long``: it
    makes many calls. ``holds_up``: what others wait for comes late by its doing.
    ``behind``: rules that it looks back on where they run.
    ``matter``: what an OBSERVE rule reads. ``cases``: what a target is to run for it, as plain
    values or a pure function that draws them, in the terms of its subject.
    """

    id: str
    level: Level
    statement: str
    sources: tuple[Source, ...]
    subject: str
    check: Callable[..., Any] = field(repr=False)
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    core: bool = False
    profile: Profile = Profile.STANDARD
    far: Profile | None = None
    calls: Mapping[Profile, int] = field(default_factory=dict, repr=False)
    far_calls: Mapping[Profile, int] = field(default_factory=dict, repr=False)
    seconds: Mapping[Profile, float] = field(default_factory=dict, repr=False)
    riyals: int = 100
    far_riyals: int = 0
    closing: bool = False
    glance: Callable[..., Any] | None = field(default=None, repr=False)
    apart: bool = False
    alone: str = ""
    long: bool = False
    waits: bool = False
    holds_up: bool = False
    behind: tuple[str, ...] = ()
    matter: str = ""
    cases: Any = field(default=None, repr=False)
    aliases: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """The part of the ID before the dot."""
        return self.id.partition(".")[0]

    def within(self, profile: Profile, *, loopback: bool = True) -> bool:
        """Whether a run of this profile judges it."""
        return profile.includes(self.profile if loopback else self.far or self.profile)

    def bound(self, profile: Profile, *, loopback: bool = True) -> int:
        """The most calls this rule makes in a profile, on loopback or off it."""
        near = self.calls.get(profile, 0)
        return near if loopback else self.far_calls.get(profile, near)

    def largest(self, *, loopback: bool = True) -> int:
        """Riyals of its largest order, on loopback or off it."""
        return self.riyals if loopback else self.far_riyals or self.riyals

    def longest(self, profile: Profile) -> float:
        """The most seconds that this rule goes on for in a profile; infinite without a bound."""
        return self.seconds.get(profile, math.inf)
