"""What a run will do at most."""

import pytest

from points_conformance.rules.catalogue import build, catalogue
from points_conformance.rules.rule import Level, Profile, Rule, Source, Subject
from points_conformance.suite.plan import CAPS, OVERHEAD, plan


def rule(id_: str, *after: str, calls: int = 3, core: bool = False, closing: bool = False) -> Rule:
    """A rule that checks nothing."""
    return Rule(
        id=id_,
        level=Level.MUST,
        statement="It holds.",
        sources=(Source("made up"),),
        subject=Subject.API,
        check=lambda api: None,
        after=after,
        core=core,
        closing=closing,
        calls=dict.fromkeys(Profile, calls),
    )


A, B, C = rule("a.first"), rule("b.second", "a.first"), rule("c.alone")
LONG = rule("d.long", "b.second", calls=300)
RULES = build(Subject.API, [A, B, C, LONG])


@pytest.mark.parametrize("profile", [Profile.SMOKE, Profile.STANDARD])
def test_off_loopback_a_run_stays_under_its_cap(profile: Profile) -> None:
    """The shipped catalogue costs more: the plan says that not all will fit."""
    shipped = catalogue()
    bound = plan(shipped, shipped.select(profile), profile, loopback=False)
    assert bound.calls <= CAPS[profile]
    assert any(f"at most {bound.calls} calls" in line for line in bound.lines())


def test_on_loopback_nothing_is_left_out() -> None:
    """The bound is the sum of what each rule may cost."""
    bound = plan(RULES, list(RULES), Profile.SMOKE, loopback=True)
    assert bound.rules == tuple(RULES)
    assert bound.calls == OVERHEAD + 309


def test_a_plan_counts_what_a_rule_comes_after() -> None:
    """A selected rule brings its prerequisites, once."""
    bound = plan(RULES, [B], Profile.SMOKE, loopback=True)
    assert bound.calls == OVERHEAD + 6
    assert bound.rules == (B,)
