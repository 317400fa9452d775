"""No false alarm: every dialect passes, those that ship and made-up ones."""

import pytest
from click.testing import CliRunner
from tests.quality import soundness
from tests.quality.soundness import made_up_dialect, sound

from points_conformance.contract.dialect import DIALECTS, Dialect
from points_conformance.defects.api.seeded import false_alarms, judge_server
from points_conformance.judging.rule import Profile
from points_conformance.subjects import catalogue


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_dialect_is_conformant(dialect: str, seed: int) -> None:
    """Every reading that ships, with several seeds."""
    assert sound(dialect, seed, Profile.SMOKE) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_dialect_is_conformant_in_the_standard_profile(dialect: str) -> None:
    """More rules, the stories and other generated ones; and none makes more calls than the plan
    of a run was told.
    """
    spoken, profile = DIALECTS[dialect], Profile.STANDARD
    results, _ = judge_server(
        None, spoken, rules=catalogue().select(profile), profile=profile, seed=1
    )
    assert false_alarms(results, spoken) == []
    over = {r.rule.id: r.calls for r in results if r.calls > r.rule.bound(profile)}
    assert over == {}


@pytest.mark.parametrize("seed", range(12))
def test_any_mixture_of_readings_is_conformant(seed: int) -> None:
    """A server may follow any reading of any matter beside any of another."""
    assert sound(made_up_dialect(seed), seed, Profile.SMOKE) == []


def test_a_made_up_dialect_is_the_same_for_the_same_seed() -> None:
    """An alarm can be looked at again."""
    assert made_up_dialect(5) == made_up_dialect(5)
    assert len({made_up_dialect(seed) for seed in range(5)}) == 5


def test_the_tool_counts_false_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 1 where there is one, with the dialect and the seed."""

    def alarmed(dialect: Dialect, seed: int, profile: Profile) -> list[str]:
        return ["x.y: wrong"] if dialect == DIALECTS["strict"] and seed == 1 else []

    monkeypatch.setattr(soundness, "sound", alarmed)
    done = CliRunner().invoke(soundness.main, ["--seeds", "2", "--made-up", "1"])
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        "dialect strict, seed 1: x.y: wrong",
        "9 runs, 1 false alarms",
    ]
    monkeypatch.setattr(soundness, "sound", lambda *_: [])
    assert CliRunner().invoke(soundness.main, ["--seeds", "1"]).exit_code == 0
