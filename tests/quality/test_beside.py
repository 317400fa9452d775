"""One by one and side by side: the same verdicts, and the same calls of each rule."""

from typing import Any

import pytest
from tests.quality.beside import differences, races
from tests.quality.runs import AT_ONCE

from points_conformance.contract.dialect import DIALECTS
from points_conformance.defects.api.seeded import SEEDED
from points_conformance.judging.judge import Judge
from points_conformance.judging.rule import Profile
from points_conformance.judging.side_by_side import SideBySide
from points_conformance.subjects import catalogue
from points_conformance.targets.api.build import embedded_target


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_same_verdicts_in_every_dialect(dialect: str) -> None:
    """With eight rules at once as with one."""
    assert differences(None, DIALECTS[dialect], profile=Profile.SMOKE) == []


@pytest.mark.parametrize("defect", [d for d in SEEDED.defects if not races(d.id)][::23])
def test_the_same_verdicts_on_defects(defect: Any) -> None:
    """Some of all defects; ``nox -s quality`` compares every one."""
    dialect = DIALECTS[defect.dialect]
    assert differences(defect.parts, dialect, profile=Profile.SMOKE) == []


def calls_of(at_once: int) -> dict[str, list[tuple[str, str | None]]]:
    """The calls of each rule, in its order, without what the server made up."""
    target = embedded_target()
    judge = Judge(catalogue(), seed=3, profile=Profile.SMOKE)
    SideBySide(judge, target, at_once).run([rule.id for rule in catalogue().select(Profile.SMOKE)])
    calls: dict[str, list[tuple[str, str | None]]] = {}
    for exchange in target.exchanges:
        path = exchange.url.rpartition("/")[2]
        calls.setdefault(exchange.rule, []).append(
            (f"{exchange.method} {len(path)}", exchange.body)
        )
    return calls


def test_the_same_seed_makes_the_same_calls_of_each_rule() -> None:
    """Stories that several look at are told by whoever asks first; all else is a rule's own."""
    shared = {id_ for id_ in (rule.id for rule in catalogue()) if id_.startswith("webhook.")}
    one, many = calls_of(1), calls_of(AT_ONCE)
    own = [id_ for id_ in one if id_ not in shared]
    assert len(own) > 20
    assert [id_ for id_ in own if one[id_] != many.get(id_)] == []
