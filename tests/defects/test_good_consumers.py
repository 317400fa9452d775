"""No good consumer fails a rule, whatever its style."""

import pytest
from click.testing import CliRunner

from points_conformance.defects import consumer_soundness
from points_conformance.defects.consumer_soundness import sound_consumer
from points_conformance.defects.consumer_styles import STYLES
from points_conformance.rules.rule import Profile


@pytest.mark.parametrize(
    "style",
    [pytest.param(s, marks=pytest.mark.slow if s == "queueing" else ()) for s in STYLES],
)
def test_a_good_consumer_is_conformant(style: str) -> None:
    """Without advice either, and in as many calls as were said. Who queues is waited for."""
    profile = Profile.SMOKE if style == "queueing" else Profile.STANDARD
    assert sound_consumer(style, profile=profile) == []


def test_there_are_five_styles() -> None:
    """What a conformant consumer may be like."""
    assert list(STYLES) == ["inline", "queueing", "by content", "strict", "503 first"]


def test_the_tool_counts_false_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 1 where there is one, with the style and the seed."""

    def alarmed(style: str, seed: int, profile: Profile) -> list[str]:
        return ["x.y: wrong"] if style == "strict" and seed == 1 else []

    monkeypatch.setattr(consumer_soundness, "sound_consumer", alarmed)
    done = CliRunner().invoke(consumer_soundness.main, ["--seeds", "2"])
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        "strict consumer, seed 1: x.y: wrong",
        "10 runs, 1 false alarms",
    ]
    monkeypatch.setattr(consumer_soundness, "sound_consumer", lambda *_: [])
    assert CliRunner().invoke(consumer_soundness.main, ["--seeds", "1"]).exit_code == 0
