"""The plan's bound on calls is true: no rule makes more calls than its record says."""

import pytest

from points_conformance.contract.dialect import DIALECTS
from points_conformance.judging.judge import Judge
from points_conformance.judging.plan import CAPS, plan
from points_conformance.judging.rule import Profile
from points_conformance.subjects import catalogue
from points_conformance.targets.api.build import embedded_target


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_rule_exceeds_its_bound_far_away(dialect: str) -> None:
    """In every dialect each rule keeps to the calls that it announces for servers off loopback.

    On loopback the runs of ``tests/quality/test_soundness.py`` hold the bounds.
    """
    target = embedded_target(DIALECTS[dialect])
    target.loopback = False
    judge = Judge(catalogue(), profile=Profile.STANDARD)
    for rule in catalogue().select(Profile.STANDARD, deselect=["schema.*"]):
        judge.judge(rule.id, target)
    bounds = {
        rule.id: rule.bound(Profile.STANDARD, loopback=False)
        for rule in catalogue().select(Profile.STANDARD)
    }
    over = {
        id_: (outcome.calls, bounds[id_])
        for id_, outcome in judge.outcomes.items()
        if outcome.calls > bounds[id_]
    }
    assert over == {}


@pytest.mark.parametrize("profile", CAPS)
def test_a_far_run_is_capped(profile: Profile) -> None:
    """Off loopback a run makes no more calls than its profile allows, and says what that means.

    The smallest profile leaves nothing out (``tests/judging/test_smoke_far_away.py``).
    """
    rules = catalogue().select(profile, loopback=False)
    bound = plan(catalogue(), rules, profile, loopback=False)
    assert bound.calls == CAPS[profile]
    assert bool(bound.left_out) is (profile is not Profile.SMOKE)
    assert ("left out" in "\n".join(bound.lines())) is bool(bound.left_out)


def test_core_rules_come_first() -> None:
    """Where calls are bounded, what no run can do without is judged before all else."""
    cores = [rule.core for rule in catalogue().select(Profile.SMOKE)]
    assert cores == sorted(cores, reverse=True)
