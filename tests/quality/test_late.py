"""Sound servers whose webhooks come late, shuffled and repeated are found conformant.

Here with short delays and a grace time to match; ``python -m tests.quality.late`` has real ones.
"""

import pytest
from tests.quality.late import Late, alarms, judged

from points_conformance.judging.rule import Profile
from points_conformance.judging.verdict import Verdict

FAILED = Verdict.FAILED


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("server", ["sandbox default", "second awkward"])
def test_late_shuffled_and_repeated_webhooks_are_conformant(server: str, seed: int) -> None:
    """No rule judges an order's events before as many have come as reversals were accepted."""
    run = Late(server, seed, longest=0.1, grace=2.0, profile=Profile.SMOKE)
    assert alarms(run) == []


@pytest.mark.slow
@pytest.mark.parametrize("server", ["sandbox default", "sandbox lenient", "second plain"])
@pytest.mark.parametrize("seed", [0, 1])
def test_webhooks_that_come_late_and_shuffled_fail_no_rule(server: str, seed: int) -> None:
    """Three servers: what compares or sums events has all of them. The soundness session has twenty
    seeds.
    """
    run = Late(server, seed, longest=0.4, grace=2.0)
    results = {result.rule.id: result for result in judged(run)}
    assert [f"{r.rule.id}: {r.reason}" for r in results.values() if r.verdict is FAILED] == []
    assert results["property.points"].verdict is Verdict.PASSED
