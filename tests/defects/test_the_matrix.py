"""Each defect is caught by the rules that it declares, and by no stranger.

The smoke rules run on all of them; a part that changes with the day gets the standard profile. The
whole is ``points-conformance selfcheck --profile standard``.
"""

import datetime

import pytest

from points_conformance.defects.catalogue import defects
from points_conformance.defects.defect import Defect
from points_conformance.defects.trial import Trial, try_defect
from points_conformance.rules.rule import Profile

#: So many days until each defect has had the standard profile.
TURN = 60
TODAY = datetime.datetime.now(datetime.UTC).toordinal()


def complaint(trial: Trial) -> str:
    """What is not as declared."""
    return (
        f"{trial.defect}: not caught by {trial.missed}, failed without cause {trial.strangers}, "
        f"errors {trial.errors}; caught by {trial.caught}, related {trial.related}"
    )


@pytest.mark.slow
@pytest.mark.parametrize("defect", defects(), ids=lambda defect: defect.id)
def test_the_smoke_rules_say_what_is_declared(defect: Defect) -> None:
    """One bug, one story: rules that have nothing to do with it do not fail."""
    trial = try_defect(defect, profile=Profile.SMOKE)
    assert trial.as_declared, complaint(trial)


@pytest.mark.slow
@pytest.mark.parametrize(
    "defect",
    [defect for number, defect in enumerate(defects()) if (number + TODAY) % TURN == 0],
    ids=lambda defect: defect.id,
)
def test_todays_part_is_caught_by_the_standard_profile(defect: Defect) -> None:
    """A part that rotates, each day with another seed."""
    trial = try_defect(defect, profile=Profile.STANDARD, seed=TODAY)
    assert trial.as_declared, complaint(trial)
    assert trial.found
