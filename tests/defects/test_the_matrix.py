"""Each defect is caught by the rules that it declares, and by no stranger.

The smoke rules run on all of them; a part that changes with the day gets the standard profile. The
whole is ``points-conformance selfcheck --profile standard``.
"""

import datetime
from dataclasses import replace

import pytest

from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.seeded import SEEDED
from points_conformance.defects.selfcheck import idle_rules
from points_conformance.defects.trial import Trial
from points_conformance.judging.rule import Profile
from points_conformance.subjects import Subject, catalogue

#: So many days until each defect has had the standard profile; the self-check tries all at once.
TURN = 60
TODAY = datetime.datetime.now(datetime.UTC).toordinal()


def complaint(trial: Trial) -> str:
    """What is not as declared."""
    return (
        f"{trial.defect}: not caught by {trial.missed}, failed without cause {trial.strangers}, "
        f"errors {trial.errors}; caught by {trial.caught}, related {trial.related}"
    )


@pytest.mark.slow
@pytest.mark.parametrize("defect", SEEDED.defects, ids=lambda defect: defect.id)
def test_the_smoke_rules_say_what_is_declared(defect: ServerDefect) -> None:
    """One bug, one story: rules that have nothing to do with it do not fail."""
    trial = SEEDED.tried(defect, profile=Profile.SMOKE)
    assert trial.as_declared, complaint(trial)


@pytest.mark.parametrize("seed", range(4))
def test_what_a_generated_rule_found_first_is_not_missed(seed: int) -> None:
    """With some seeds parts-add-up comes upon this defect, and the declared rules are held up."""
    defect = SEEDED.named("large-parts-are-queued-without-their-order")
    rules = [catalogue()[id_] for id_ in defect.caught_by]
    trial = SEEDED.tried(defect, profile=Profile.STANDARD, seed=seed, rules=rules)
    first = "property.parts-add-up" in trial.related
    assert trial.as_declared, complaint(trial)
    assert trial.caught == (() if first else defect.caught_by)
    assert trial.forestalled == (defect.caught_by if first else ())
    assert not set(defect.caught_by) & set(idle_rules([Subject.API], Profile.STANDARD, [trial]))


def test_what_found_nothing_is_missed() -> None:
    """A declared rule that ran, or that an example held up, has no such excuse."""
    twice = SEEDED.named("cancel-twice")
    wrong = replace(twice, caught_by=("property.order-of-parts",))
    rules = [catalogue()["property.order-of-parts"]]
    trial = SEEDED.tried(wrong, profile=Profile.STANDARD, rules=rules)
    assert trial.missed == ("property.order-of-parts",)
    no_parts = replace(
        SEEDED.named("partial-refund-is-full"), caught_by=("property.order-of-parts",)
    )
    trial = SEEDED.tried(no_parts, profile=Profile.STANDARD, rules=rules)
    assert "property.order-of-parts" in trial.blocked
    assert trial.missed == ("property.order-of-parts",)


@pytest.mark.slow
@pytest.mark.parametrize(
    "defect",
    [defect for number, defect in enumerate(SEEDED.defects) if (number + TODAY) % TURN == 0],
    ids=lambda defect: defect.id,
)
def test_todays_part_is_caught_by_the_standard_profile(defect: ServerDefect) -> None:
    """A part that rotates, with the self-check's seed."""
    trial = SEEDED.tried(defect, profile=Profile.STANDARD)
    assert trial.as_declared, complaint(trial)
    assert trial.found
