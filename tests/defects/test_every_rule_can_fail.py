"""Every rule can fail: a defect shows it. And it passes on the sound simulator."""

import pytest

from points_conformance.contract.dialect import DIALECTS
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.seeded import SEEDED, judge_server
from points_conformance.defects.catalogue import caught_by
from points_conformance.judging.rule import Level, Profile, Rule
from points_conformance.judging.verdict import Verdict
from points_conformance.subjects import catalogue

JUDGING = [rule for rule in catalogue() if rule.level is not Level.OBSERVE]


#: What is made up at random says little of one rule, and takes long.
GENERATED = ("property", "race", "schema", "story")


def company(rule: Rule, profile: Profile) -> list[Rule]:
    """The rule, and for one that closes a run those whose evidence it judges."""
    if not rule.closing:
        return [rule]
    return [r for r in catalogue().select(profile) if r.family not in GENERATED]


def profile_for(rule: Rule, defect: ServerDefect) -> Profile:
    """The smallest profile in which the rule runs and the defect is found."""
    return max(rule.profile, defect.profile, key=list(Profile).index)


@pytest.mark.parametrize("rule", JUDGING, ids=lambda rule: rule.id)
def test_a_rule_fails_on_a_defect(rule: Rule) -> None:
    """Run with nothing but what it comes after (and for a rule that closes a run what it judges),
    each declared rule finds its defect.
    """
    declared = caught_by(rule.id)
    assert declared, f"no defect shows that {rule.id} can fail"
    defect = SEEDED.named(declared[0])
    profile = Profile.STANDARD if rule.closing else profile_for(rule, defect)
    trial = SEEDED.tried(defect, profile=profile, rules=company(rule, profile))
    assert rule.id in trial.caught, (trial.related, trial.blocked, trial.errors)


@pytest.mark.parametrize(
    "rule", [rule for rule in JUDGING if rule.family not in GENERATED], ids=lambda rule: rule.id
)
def test_a_rule_passes_on_the_sound_simulator(rule: Rule) -> None:
    """The same run against the simulator as it is. Generated rules, which make up orders of their
    own whoever ran before them, pass in the runs of ``test_soundness.py``.
    """
    results, _ = judge_server(None, DIALECTS["default"], rules=[rule], profile=rule.profile, seed=1)
    verdicts = {result.rule.id: result.verdict for result in results}
    assert set(verdicts.values()) <= {Verdict.PASSED, Verdict.NOT_EXERCISED, Verdict.OBSERVED}
