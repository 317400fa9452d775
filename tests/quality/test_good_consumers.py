"""No good consumer fails a rule, whatever its style."""

from typing import Any

import pytest
from click.testing import CliRunner
from tests.quality import consumer_soundness
from tests.quality.consumer_soundness import sound_consumer

from points_conformance.defects.consumer.seeded import judge_consumer
from points_conformance.defects.consumer.styles import STYLES, SlowQueue
from points_conformance.judging.rule import Profile
from points_conformance.judging.verdict import Verdict
from points_conformance.subjects import Subject, catalogue

QUICK = [name for name, style in STYLES.items() if not style.slow]
SLOW = [name for name, style in STYLES.items() if style.slow]


@pytest.mark.parametrize(
    "style",
    [pytest.param(s, marks=pytest.mark.slow if STYLES[s].more_calls else ()) for s in QUICK],
)
def test_a_good_consumer_is_conformant(style: str) -> None:
    """Without advice either, and in as many calls as were said. Who queues is waited for, and who
    answers 429 is left alone for as long; one that takes what is refunded from left_amount, or
    answers a wrong secret with 404, breaks no MUST.
    """
    profile = Profile.SMOKE if STYLES[style].more_calls else Profile.STANDARD
    assert sound_consumer(style, profile=profile) == []


@pytest.mark.slow
def test_a_slow_consumer_is_conformant() -> None:
    """A poller, in the smoke profile; the soundness session has the standard one, and slower
    consumers.
    """
    assert sound_consumer("poller", profile=Profile.SMOKE) == []


def test_these_are_the_styles() -> None:
    """What a conformant consumer may be like."""
    assert [
        *("inline", "queueing", "by content", "strict", "503 first", "429 above 20 a second"),
        *("by what is left", "404 for a wrong secret"),
    ] == QUICK
    assert SLOW == ["400 ms, one at a time", "a worker of 0.5 s", "poller"]


def test_a_slow_queue_loses_nothing_of_what_is_found() -> None:
    """A worker of 0.1 s, and the documented key: the second refund is found to be lost."""

    class Wrong(SlowQueue):
        """Drops repeats of order and event."""

        job = 0.1

        def key(self, payload: dict[str, Any]) -> Any:
            """As the documentation says."""
            return (payload.get("order", {}).get("id"), payload["event"])

    rule = catalogue(Subject.CONSUMER)["consumer.second-partial-refund"]
    [*_, result] = judge_consumer(Wrong, [rule], settle_seconds=0.5).results
    assert result.verdict is Verdict.FAILED


def test_the_tool_counts_false_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 1 where there is one, with the style and the seed."""

    def alarmed(style: str, seed: int, profile: Profile) -> list[str]:
        return ["x.y: wrong"] if style == "strict" and seed == 1 else []

    monkeypatch.setattr(consumer_soundness, "sound_consumer", alarmed)
    done = CliRunner().invoke(consumer_soundness.main, ["--seeds", "2"])
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        "strict consumer, seed 1: x.y: wrong",
        "19 runs, 1 false alarms",
    ]
    monkeypatch.setattr(consumer_soundness, "sound_consumer", lambda *_: [])
    assert CliRunner().invoke(consumer_soundness.main, ["--seeds", "1"]).exit_code == 0
