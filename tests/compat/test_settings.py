"""The settings of a project do not reach into the kit, nor the kit's out into its tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.compat.project import CONFTEST, TESTS, Ended, Project, forgetful

#: A project that is done with each property after one example, and within a millisecond.
PROFILE = """
from datetime import timedelta
from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "theirs",
    max_examples=1,
    deadline=timedelta(milliseconds=1),
    derandomize=True,
    phases=[Phase.generate],
    stateful_step_count=1,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("theirs")
"""
#: After the suites: the profile is as it was, and was kept to.
AFTER = """

def test_our_profile_is_ours():
    from datetime import timedelta

    assert len(DRAWN) == 1
    assert settings.get_current_profile_name() == "theirs"
    now = settings()
    assert (now.max_examples, now.stateful_step_count) == (1, 1)
    assert now.deadline == timedelta(milliseconds=1)
    assert now.derandomize


@given(st.integers())
def test_a_property_after_the_suites(number):
    LATER.append(number)


def test_its_one_example():
    assert len(LATER) == 1


LATER = []
"""
#: Rules that draw stories, of a server and of a consumer.
DRAWING = (
    "not test_rule or property.parts-add-up or property.reasons or consumer.stories"
    " or client.cancel"
)


def drawn(ended: Ended) -> dict[str, list[tuple[str, str, int]]]:
    """How many calls each rule made, and what it came to: fewer examples are fewer calls."""
    return {
        subject: [(row["id"], row["verdict"], row["calls"]) for row in told["rules"]]
        for subject, told in ended.reports.items()
    }


def test_a_projects_profile_of_hypothesis_stays_there(tmp_path: Path) -> None:
    """Rules draw as many examples as ever; the project's own properties keep their one."""
    plain = Project(tmp_path / "plain", mark="@pytest.mark.skip").run(
        "--points-profile=standard", few=DRAWING
    )
    assert plain.status == 0, plain.out
    theirs = Project(
        tmp_path / "theirs", conftest=PROFILE + CONFTEST, tests=TESTS + AFTER,
        mark="@pytest.mark.skip", plugins=["_hypothesis_pytestplugin"],
    ).run(
        "--points-profile=standard", "--hypothesis-seed=5", "--hypothesis-profile=theirs",
        few=DRAWING,
    )  # fmt: skip
    assert theirs.status == 0, theirs.out
    assert theirs.verdicts == plain.verdicts
    assert drawn(theirs) == drawn(plain)
    assert max(calls for _, _, calls in drawn(plain)["api"]) > 100
    assert not (tmp_path / "theirs" / ".hypothesis" / "examples").exists()


@pytest.mark.parametrize(
    "ini",
    [
        "addopts = --strict-markers --strict-config\nxfail_strict = true\n",
        "strict = true\n",
    ],
    ids=["each", "strict of pytest 9"],
)
def test_a_strict_house(tmp_path: Path, ini: str) -> None:
    """Markers, keys and xfail are strict, warnings errors: a known failure is still no failure."""
    if ini.startswith("strict") and int(pytest.__version__.partition(".")[0]) < 9:
        pytest.skip("pytest 8 has no key that is named strict")
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "known.toml").write_text(
        '[[known]]\nrule = "client.cancel"\nreason = "SHOP-1"\nexpires = 2099-01-31\n',
        encoding="utf-8",
    )
    project = Project(
        tmp_path, ini=ini, tests=forgetful(), mark="@pytest.mark.skip", conftest=CONFTEST
    )
    ended = project.run("--points-known-failures=known.toml")
    assert ended.status == 0, ended.out
    assert "1 xfailed" in ended.out
    assert ended.reports["client"]["verdict"] == "conformant"
    assert ended.reports["consumer"]["verdict"] == "conformant"
