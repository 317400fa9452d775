"""``schema.*``: no false alarm, every defect found, the same requests with the same seed."""

import contextlib
import importlib.util
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from hypothesis import configuration
from hypothesis.internal import charmap
from tests.second_server import SecondServer
from tests.second_server.client import DIALECTS as SECOND_DIALECTS

from points_conformance.contract.dialect import DIALECTS
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.defects.api import schema as seeded
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.judging.catalogue import Catalogue, build
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.judge import Judge, execute
from points_conformance.judging.rule import Profile
from points_conformance.judging.verdict import Outcome, OutcomeKind, Verdict
from points_conformance.rules.api import schema
from points_conformance.rules.api.generation import generator as generation
from points_conformance.rules.api.generation import schemathesis_process, sweep
from points_conformance.rules.api.generation.generator import Generator
from points_conformance.rules.api.generation.smaller import smallest
from points_conformance.simulator.core import Parts
from points_conformance.subjects import Subject, catalogue
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.build import LiveSettings, embedded_target, live_target
from points_conformance.targets.api.order import Made
from points_conformance.targets.api.sources import FileSource
from points_conformance.targets.api.target import ApiTarget

RULES = schema.rule.rules
SWEEP = "schema.no-server-error"
DEFECTS = {defect.id: defect for defect in seeded.seed.defects}


@cache
def whole() -> Catalogue:
    """The catalogue, with this family whether or not it is in the shipped one yet."""
    others = [rule for rule in catalogue() if rule.family != "schema"]
    return build(Subject.API, [*others, *RULES])


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever serves other modules of tests has no part here."""
    monkeypatch.setattr(Generator, "_kept", None)


@pytest.fixture(scope="module")
def generator() -> Iterator[Generator]:
    """One process for the whole module: most of its time goes into being started."""
    with Generator() as running:
        yield running


class Shared:
    """The module's process in the place of one's own; the same question is not asked twice."""

    def __init__(self, running: Generator) -> None:
        self.cases = cache(running.cases)
        self.misfits = running.misfits

    def of(self, seed: int, examples: int) -> "Shared":
        """The one process, whatever is asked."""
        return self

    def __enter__(self) -> "Shared":
        return self

    def __exit__(self, *error: object) -> None:
        """Left running."""


@pytest.fixture(scope="module")
def shared(generator: Generator) -> Shared:
    """What rules are given in place of a process of their own."""
    return Shared(generator)


@pytest.fixture
def quick(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules use the module's process."""
    monkeypatch.setattr(sweep, "Generator", shared)


def outcomes(
    api: ApiTarget, *, seed: int = 0, profile: Profile = Profile.STANDARD
) -> dict[str, Outcome]:
    """What each rule of the family comes to, by itself."""
    return {rule.id: execute(rule, api, seed=seed, profile=profile) for rule in RULES}


def sent(api: ApiTarget) -> list[tuple[str, str, str | None]]:
    """The requests, in the order in which they were sent."""
    return [(call.method, call.url, call.body) for call in api.exchanges]


# ---------------------------------------------------------------------- no false alarm
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.usefixtures("quick")
def test_every_dialect_is_conformant(dialect: str, seed: int) -> None:
    """All rules hold on every dialect, and have seen accepted, refused and invalid requests."""
    api = embedded_target(DIALECTS[dialect])
    assert {o.kind for o in outcomes(api, seed=seed).values()} == {OutcomeKind.HELD}
    assert {200, 400, 422} <= {call.status for call in api.exchanges}


@pytest.mark.parametrize("dialect", SECOND_DIALECTS)
@pytest.mark.usefixtures("quick")
def test_the_second_server_is_conformant_over_http(dialect: str) -> None:
    """A server that shares no code with the kit is no finding either."""
    with SecondServer(dialect) as server:
        environment = {"POINTS_API_KEY": server.key}
        api = live_target(LiveSettings(base_url=server.base_url, environment=environment))
        with api.client:
            found = outcomes(api)
    assert {outcome.kind for outcome in found.values()} == {OutcomeKind.HELD}, found
    assert found[SWEEP].calls > 60


# ---------------------------------------------------------------------- defects
@pytest.mark.parametrize("id_", DEFECTS)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.usefixtures("quick")
def test_the_defects_of_the_family_are_found(id_: str, seed: int) -> None:
    """Each defect is found by its rule, in a story of a few lines, and by no stranger."""
    defect = DEFECTS[id_]
    judge = judged(defect, seed)
    broken = {id_ for id_, o in judge.outcomes.items() if o.kind is OutcomeKind.BROKEN}
    assert set(defect.caught_by) <= broken
    assert all(defect.may_fail(rule) for rule in broken)
    evidence = judge.outcomes[defect.caught_by[0]].evidence
    assert evidence is not None
    text = "\n".join((evidence.expected, evidence.got, *evidence.story))
    assert len(text) < 900
    assert 1 <= len(evidence.curl) <= 4
    assert "seed" in text
    assert evidence.curl[-1].startswith("curl -sS -X")


def judged(defect: ServerDefect, seed: int) -> Judge:
    """A judge that has judged the family, and what it comes after."""
    api = embedded_target(DIALECTS[defect.dialect], parts=defect.parts)
    judge = Judge(whole(), seed=seed)
    for rule in RULES:
        judge.judge(rule.id, api)
    return judge


@pytest.mark.usefixtures("quick")
def test_a_server_error_holds_up_the_others() -> None:
    """One bug, one story: after a server error the other rules are blocked."""
    judge = judged(DEFECTS["crash-on-unknown-object"], 0)
    verdicts = [judge.result(rule).verdict for rule in RULES]
    assert verdicts == [Verdict.FAILED, Verdict.BLOCKED, Verdict.BLOCKED]


@pytest.mark.usefixtures("quick")
def test_a_finding_is_made_smaller() -> None:
    """The body of the story has nothing in it that the finding does not need."""
    judge = judged(DEFECTS["crash-on-unknown-object"], 1)
    evidence = judge.outcomes[SWEEP].evidence
    assert evidence is not None
    assert len(evidence.story[0]) < 200
    assert evidence.title == "server error"


@pytest.mark.usefixtures("quick")
def test_a_shape_is_told_in_the_kit_s_own_words() -> None:
    """The pointer to the culprit comes first; Schemathesis' own text is not needed."""
    judge = judged(DEFECTS["bare-text-is-refused-without-errors"], 0)
    evidence = judge.outcomes["schema.answers-fit"].evidence
    assert evidence is not None
    assert evidence.got == "/errors: is required, but missing"
    assert evidence.expected == "HTTP 422 of cancel to be as ValidationEnvelope says" or (
        evidence.expected == "HTTP 422 of refund to be as ValidationEnvelope says"
    )


# ---------------------------------------------------------------------- what is no finding
@pytest.mark.parametrize(
    ("status", "kind", "body", "expected"),
    [
        (418, "text/html", b"<html>", []),
        (422, "application/json", b'{"message": "", "errors": {}}', []),
        (422, "application/json; charset=utf-8", b'{"message": "", "errors": {}}', []),
        (422, "application/json", b'{"message": ""}', ["schema"]),
        (422, "text/html", b'{"message": "", "errors": {}}', ["content type"]),
        (422, None, b'{"message": "", "errors": {}}', ["content type"]),
        (422, "application/json", b"<html>", ["content type"]),
        (200, "application/json", b'{"status": true, "data": {"total_points": "3"}}', ["schema"]),
        (200, "application/json", b'{"status": true, "data": {}, "appended_data": null}', []),
    ],
)
def test_only_documented_statuses_are_judged(
    generator: Generator, status: int, kind: str | None, body: bytes, expected: list[str]
) -> None:
    """A documented status is judged by schema and content type, any other not at all."""
    generator.cases(0, 1)
    exchange = Exchange(number=1, method="POST", url="", headers={}, body=None, status=status)
    headers = httpx.Headers({} if kind is None else {"Content-Type": kind})
    answer = Answer(exchange, status, headers, body)
    misfits = generator.misfits("refund", answer)
    assert sorted({misfit.kind for misfit in misfits}) == expected


# ---------------------------------------------------------------------- the same seed
def test_the_same_seed_sends_the_same_requests() -> None:
    """Two runs of two processes send the same, whatever one of them was asked before; another seed
    sends something else.
    """

    def told(seed: int) -> list[tuple[str, str, str | None]]:
        api = embedded_target()
        execute(RULES[0], api, seed=seed, profile=Profile.SMOKE)
        return sent(api)

    alone = told(5)
    with generation.kept_running():
        kept = Generator.of(0, 8)
        assert told(6) != alone
        assert told(5) == alone
        assert Generator.of(0, 8) is kept
    assert Generator.of(0, 8) is not kept


@pytest.mark.usefixtures("quick")
def test_the_requests_do_not_depend_on_hypothesis_of_the_user() -> None:
    """A profile of the user's that would draw a single example changes nothing."""
    from hypothesis import settings

    plain = embedded_target()
    execute(RULES[0], plain, seed=7, profile=Profile.SMOKE)
    settings.register_profile("points-tests-one", max_examples=1, derandomize=True)
    before = settings.get_current_profile_name()
    settings.load_profile("points-tests-one")
    try:
        steered = embedded_target()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sweep, "Generator", Generator)
            execute(RULES[0], steered, seed=7, profile=Profile.SMOKE)
    finally:
        settings.load_profile(before)
    assert sent(plain) == sent(steered)


def test_what_hypothesis_would_find_of_utf_8_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads what was put there, and that is what it would have found by trying a million."""
    monkeypatch.setattr(configuration, "__hypothesis_home_directory", tmp_path)
    schemathesis_process._know_utf_8()
    with monkeypatch.context() as blind:
        blind.setattr(
            charmap, "sys", SimpleNamespace(maxunicode=-1)
        )  # so that it finds nothing by trying
        known, lossy = charmap.intervals_from_codec.__wrapped__("utf-8")
    encodable = {n for n in range(sys.maxunicode + 1) if not 0xD800 <= n <= 0xDFFF}
    assert len(known) == len(encodable)
    assert set(known) == encodable
    assert not list(lossy)


# ---------------------------------------------------------------------- bounds
@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("loopback", [True, False])
@pytest.mark.parametrize("sound", [True, False])
@pytest.mark.usefixtures("quick")
def test_the_bound_is_kept(profile: Profile, loopback: bool, sound: bool) -> None:
    """No more calls than announced, shrinking included; and few orders."""
    parts = None if sound else DEFECTS["crash-on-bare-text"].parts
    api = embedded_target(parts=parts)
    api.loopback = loopback
    for rule in RULES:
        outcome = execute(rule, api, profile=profile)
        assert outcome.calls <= rule.bound(profile, loopback=loopback)
    assert 1 <= len(api.orders) <= (5 if loopback else 3)


@pytest.mark.usefixtures("quick")
def test_a_used_up_budget_ends_the_rule_and_no_finding_is_lost() -> None:
    """Where the run's bound stops the shrinking, the finding stands as it is."""
    api = embedded_target(parts=DEFECTS["crash-on-bare-text"].parts)
    reference = embedded_target(parts=DEFECTS["crash-on-bare-text"].parts)
    execute(RULES[0], reference)
    first = next(call.number for call in reference.exchanges if call.status == 500)
    api.budget.limit = first
    assert execute(RULES[0], api).kind is OutcomeKind.BROKEN


# ---------------------------------------------------------------------- one for many runs
def test_a_kept_process_that_breaks_off_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run is in error, the next asks a process of its own."""
    broken, sound = tmp_path / "broken.py", tmp_path / "sound.py"
    broken.write_text("raise SystemExit('no room left')")
    sound.write_text(
        'import sys\nassert "seed" in sys.stdin.readline()\nprint(\'{"cases": []}\', flush=True)'
    )
    kinds = []
    with generation.kept_running():
        for script in (broken, sound):
            monkeypatch.setattr(generation, "_SCRIPT", script)
            kinds.append(execute(RULES[0], embedded_target(), profile=Profile.SMOKE).kind)
    assert kinds == [OutcomeKind.CRASHED, OutcomeKind.HELD]


# ---------------------------------------------------------------------- not exercised
def test_without_schemathesis_nothing_is_exercised(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason says what to install, and nothing is sent."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        generation.importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "schemathesis" else find(name, *rest),
    )
    api = embedded_target()
    found = outcomes(api)
    assert {outcome.kind for outcome in found.values()} == {OutcomeKind.MISSING}
    assert "points-conformance[api]" in found[SWEEP].reason
    assert api.exchanges == []


def test_another_version_of_schemathesis_is_not_exercised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version without what is needed is named, with what to install; it is no fault of ours."""
    script = tmp_path / "other.py"
    script.write_text(
        'import sys\nsys.stdin.readline()\nprint(\'{"unusable": "Schemathesis 9.9"}\', flush=True)'
    )
    monkeypatch.setattr(generation, "_SCRIPT", script)
    outcome = execute(RULES[0], embedded_target())
    assert outcome.kind is OutcomeKind.MISSING
    assert "Schemathesis 9.9" in outcome.reason


def test_a_process_that_breaks_off_is_the_kit_s_own_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last words are in the report."""
    script = tmp_path / "broken.py"
    script.write_text("raise SystemExit('no room left')")
    monkeypatch.setattr(generation, "_SCRIPT", script)
    outcome = execute(RULES[0], embedded_target())
    assert outcome.kind is OutcomeKind.CRASHED
    assert outcome.evidence is not None
    assert "no room left" in outcome.evidence.got


@pytest.mark.usefixtures("quick")
def test_given_orders_are_left_alone() -> None:
    """Where only the user's orders are there, nothing is sent to them."""
    api = embedded_target()
    order = api.order()
    made = Made(
        uuid=order.uuid,
        kind=OrderType.EARNING,
        status=OrderStatus.APPROVED,
        total=order.total,
        points=order.points,
        number=order.number,
        given=True,
    )
    source = FileSource([made])
    api.sources = [source]
    outcome = execute(RULES[0], api)
    assert outcome.kind is OutcomeKind.MISSING
    assert "orders that the kit makes itself" in outcome.reason
    assert source.used == set()
    assert api.exchanges == []


def test_a_rule_that_saw_no_sweep_is_not_exercised() -> None:
    """Nothing was sent, so nothing is passed."""
    outcome = execute(RULES[1], embedded_target())
    assert outcome.kind is OutcomeKind.MISSING
    assert "no generated request was sent" in outcome.reason


# ---------------------------------------------------------------------- apart from the rest
def test_schemathesis_is_not_loaded_into_this_process() -> None:
    """It would change Hypothesis for everyone: not by the import, not by a rule that ran."""
    script = textwrap.dedent(
        """
        import sys
        from points_conformance.rules.api import schema
        from points_conformance.judging.judge import execute
        from points_conformance.targets.api.build import embedded_target
        print(execute(schema.rule.rules[0], embedded_target(), profile="smoke").kind)
        print("schemathesis" in sys.modules)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.split() == ["held", "False"]


# ---------------------------------------------------------------------- smaller
def test_the_smallest_value_still_fails() -> None:
    """Fields, items and characters that do not matter go."""
    value = {"a": [1, 2], "b": {"c": "xy\0z"}, "d": Decimal("7.5")}
    assert smallest(value, lambda one: "\0" in str(one.get("b", {}).get("c", ""))) == {
        "b": {"c": "\0"}
    }
    assert smallest(Decimal(-7), lambda one: one < 0) == -1


def test_the_search_ends_where_nothing_fails_any_more() -> None:
    """A value whose smaller ones all pass is kept, and each is tried once."""
    tried: list[object] = []

    def fails(one: object) -> bool:
        tried.append(repr(one))
        return False

    value = {"a": True, "b": [0, "x"]}
    assert smallest(value, fails) == value
    assert len(tried) == len(set(map(str, tried)))
    with contextlib.suppress(StopIteration):
        assert smallest(False, fails) is False


def test_the_parts_of_a_defect_are_one_each() -> None:
    """Each seeded defect exchanges a single part."""
    assert all(isinstance(defect.parts, Parts) for defect in DEFECTS.values())
    assert len(DEFECTS) == 9
