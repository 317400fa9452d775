"""Schemathesis is loaded beside the rules, and does not take the machine from the first of them."""

import io
import json
import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from tests.judging.toys import rule

from points_conformance.judging.catalogue import Catalogue
from points_conformance.judging.judge import Judge
from points_conformance.judging.rule import Profile
from points_conformance.plugin.api.run import ApiRun
from points_conformance.plugin.judging import Judging
from points_conformance.rules.api.generation import schemathesis_process, sweep
from points_conformance.subjects import Subject, catalogue
from points_conformance.targets.api.build import embedded_target

URL = "http://127.0.0.1:9/api/v1"
ALL = [rule.id for rule in catalogue(Subject.API)]
FEW = ["refund.full", "schema.no-server-error"]


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seed of each process that was begun, in place of the process."""
    begun: list[int] = []
    monkeypatch.setattr(sweep, "start_ahead", lambda seed, allowance: begun.append(seed))
    return begun


def a_run(url: str, *, loopback: bool = True) -> ApiRun:
    """Of a server, or without a URL of the embedded simulator."""
    settings: Any = SimpleNamespace(
        of=SimpleNamespace(url=url, on_loopback=loopback),
        catalogue=catalogue(Subject.API),
        profile=Profile.STANDARD,
        seed=0,
    )
    run: Any = SimpleNamespace(settings=settings)
    return ApiRun(run)


def test_a_server_on_this_machine_has_it_to_itself_until_60_rules_are_decided(
    loaded: list[int],
) -> None:
    """Then it is loaded, once."""
    run = a_run(URL)
    run.begin_ahead(ALL)
    for number in range(1, 60):
        run.went_on(number)
    assert loaded == []
    for number in range(60, 200):
        run.went_on(number)
    assert len(loaded) == 1


@pytest.mark.parametrize(
    ("url", "loopback", "asked"),
    [
        pytest.param("", True, ALL, id="embedded"),
        pytest.param("https://sandbox.example/api/v1", False, ALL, id="elsewhere"),
        pytest.param(URL, True, FEW, id="few rules"),
    ],
)
def test_elsewhere_it_is_loaded_at_once(
    loaded: list[int], url: str, loopback: bool, asked: list[str]
) -> None:
    """Nobody needs the machine, or so many rules are never decided."""
    run = a_run(url, loopback=loopback)
    run.begin_ahead(asked)
    run.went_on(100)
    assert len(loaded) == 1


def test_where_no_rule_asks_for_it_it_is_not_loaded(loaded: list[int]) -> None:
    """Neither at once nor later."""
    run = a_run(URL)
    run.begin_ahead([id_ for id_ in ALL if id_ != "schema.no-server-error"])
    run.went_on(100)
    assert loaded == []


@pytest.mark.parametrize("at_once", [1, 8])
def test_a_run_tells_how_many_rules_are_decided(at_once: int) -> None:
    """Of the whole run, also where each rule has its turn by itself."""
    target, told = embedded_target(), list[int]()
    rules = [rule(name) for name in "abc"]
    ids = [one.id for one in rules]
    subject = SimpleNamespace(
        given=lambda given: given,
        ready=lambda target: None,
        looks_first=False,
        side_by_side=lambda target: at_once,
        went_on=told.append,
    )
    run: Any = SimpleNamespace(
        subject=subject,
        judges=Judge(Catalogue("api", rules)),
        errands=None,
        asked=lambda: ids,
        collected=lambda: dict.fromkeys(ids, ()),
        open=lambda target: None,
    )
    judging = Judging(run, None)
    for id_ in ids:
        judging._judge_until(id_, target)
    target.client.close()
    assert sorted(told) == told
    assert told[-1] == 3


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all threads of a process are equal")
def test_cases_are_made_behind_those_who_judge_and_answers_wait_for_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where all want the machine, a finding is told the sooner."""

    def made(question: Any, operations: dict[str, Any]) -> dict[str, Any]:
        operations["cancel"] = None
        return {"cases": _place()}

    monkeypatch.setattr(schemathesis_process, "_generated", made)
    monkeypatch.setattr(schemathesis_process, "_misfits", lambda *asked: _place())
    answers = io.StringIO()
    questions = io.StringIO('{"description": {}}\n{"operation": "cancel"}\n')
    ours = _place()
    schemathesis_process.main(questions, answers)
    cases, misfits = map(json.loads, answers.getvalue().splitlines())
    assert cases == {"cases": min(ours + 10, 19)}
    assert misfits == {"misfits": ours}


def _place() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)
