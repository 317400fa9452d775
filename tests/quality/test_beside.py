"""One by one and side by side: the same verdicts, and the same calls of each rule."""

from typing import Any

import pytest
from tests.quality import beside
from tests.quality.beside import differences, races, tried
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


@pytest.mark.parametrize("name", ["dialect default", "defect cancel-is-a-no-op"])
def test_what_is_told_early_and_not_in_the_end_is_one_of_the_differences(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no end of the comparison, whose other runs are yet to come."""

    def judge_server(parts: object, dialect: object, **how: object) -> None:
        raise RuntimeError("cancel.new was told early, and holds")

    monkeypatch.setattr(beside, "judge_server", judge_server)
    told = ["cancel.new was told early, and holds"]
    assert tried(name, profile=Profile.SMOKE, seed=0) == told


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
