"""What a run will do at most."""

import pytest

from points_conformance.judging.catalogue import build
from points_conformance.judging.plan import CAPS, OVERHEAD, plan
from points_conformance.judging.rule import Level, Profile, Rule, Source
from points_conformance.judging.share import Share
from points_conformance.subjects import Subject, catalogue


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


def test_a_cap_chooses_rules_of_every_family() -> None:
    """No family goes without because it stands late in the catalogue: each has its turn."""
    first = [rule(f"a.{n}", calls=100) for n in range(10)]
    last = [rule(f"z.{n}", calls=100) for n in range(10)]
    rules = build(Subject.API, [*first, *last])
    bound = plan(rules, list(rules), Profile.STANDARD, loopback=False)
    kept = {r.id for r in rules} - bound.left_out
    assert kept == {"a.0", "z.0", "a.1", "z.1", "a.2"}
    assert "left out, so that the run will be inconclusive: a (7), z (8)" in bound.lines()[-1]


def test_a_far_standard_run_judges_webhooks_and_points() -> None:
    """They are where money is told of: a cap never leaves them to chance."""
    shipped = catalogue()
    bound = plan(shipped, shipped.select(Profile.STANDARD), Profile.STANDARD, loopback=False)
    kept = {r.family for r in shipped.select(Profile.STANDARD) if r.id not in bound.left_out}
    assert {"webhook", "points", "refund", "cancel", "race", "property", "story"} <= kept
    cores = {r.id for r in shipped.select(Profile.STANDARD) if r.core}
    assert not cores & bound.left_out


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


def test_judgings_that_share_a_cap_keep_to_it_together() -> None:
    """Each plans with its part; on loopback nothing is shared."""
    shipped = catalogue()
    chosen = shipped.select(Profile.STANDARD)
    one = plan(shipped, chosen, Profile.STANDARD, loopback=False, share=Share(7, 2))
    assert one.calls == CAPS[Profile.STANDARD] // 7
    near = plan(shipped, chosen, Profile.STANDARD, loopback=True, share=Share(7, 2))
    assert near == plan(shipped, chosen, Profile.STANDARD, loopback=True)
