"""The shipped signatures: up to date, small, and kept defect by defect."""

from dataclasses import replace
from functools import cache

import pytest

from points_conformance.contract.specs import specs_folder
from points_conformance.defects import recording
from points_conformance.defects.catalogue import seeded
from points_conformance.defects.recording import Run, kept, mark_of, record, runs_to_make, stale
from points_conformance.judging.causes import Sign
from points_conformance.judging.finders import finding_order
from points_conformance.judging.rule import Profile
from points_conformance.judging.signatures import Recorded, Signature
from points_conformance.report.causes import SIGNATURES, faults_of, shipped
from points_conformance.subjects import Subject, catalogue

AGAIN = "bring it up to date: points-conformance selfcheck --record specs/signatures.json"


def test_the_shipped_signatures_are_up_to_date() -> None:
    """Of all rules and all defects as they are declared now."""
    assert stale(shipped()) == [], AGAIN


def test_the_file_is_small() -> None:
    """It ships with the kit: 300 KiB at most."""
    assert (specs_folder() / SIGNATURES).stat().st_size <= 300 * 1024


def test_what_is_written_is_read_again() -> None:
    """The same recording, and the same text of it."""
    again = Recorded.read(shipped().text())
    assert again == shipped()
    assert again.text() == (specs_folder() / SIGNATURES).read_text(encoding="utf-8")


def test_each_subject_has_faults() -> None:
    """Servers, consumers and clients."""
    assert all(len(faults_of(subject)) > 30 for subject in Subject)


@cache
def current() -> Recorded:
    """A recording that is up to date, whatever the shipped one is: each defect broke one rule."""
    fails = {"client.cancel": {Sign("too much"): 2}}
    signatures = {
        subject.value: {
            d.id: Signature(title=d.summary, mark=mark_of(d), seeds=(0, 1), fails=fails)
            for d in seeded(subject).defects
        }
        for subject in Subject
    }
    profile = Profile.STANDARD
    rules = {
        subject.value: {rule.id: mark_of(rule) for rule in catalogue(subject).select(profile)}
        for subject in Subject
    }
    calls = {rule.id: 1 for rule in catalogue(Subject.API)}
    order = finding_order(catalogue(Subject.API), profile, [], calls)
    return Recorded(
        profile=profile,
        seeds=(0, 1),
        rules=rules,
        signatures=signatures,
        calls=calls,
        order=order,
    )


def without(subject: Subject, *, rule: str = "", defect: str = "") -> Recorded:
    """The recording from before a rule or a defect."""
    rules = {k: v for k, v in current().rules[subject].items() if k != rule}
    signatures = {k: v for k, v in current().signatures[subject].items() if k != defect}
    return replace(
        current(),
        rules={**current().rules, subject.value: rules},
        signatures={**current().signatures, subject.value: signatures},
    )


def holds(recorded: Recorded) -> Recorded:
    """What of it holds."""
    return kept(recorded, recorded.profile, recorded.seeds)


def test_nothing_is_recorded_again_that_did_not_change() -> None:
    """An up-to-date file costs no run."""
    assert runs_to_make(holds(current())) == []


def test_an_order_that_does_not_follow_is_stale() -> None:
    """As where a rule makes more calls than it did; it costs no run."""
    before = replace(current(), order=current().order[::-1])
    assert stale(before) == ["the order in which rules find the most: changed"]
    assert runs_to_make(holds(before)) == []
    *_, after = record(before, profile=before.profile, seeds=before.seeds)
    assert after.order == current().order


def test_who_found_something_with_one_seed_alone_does_not_go_before_who_always_does() -> None:
    """A story that came upon it lays it to a rule that would not have found it."""
    always, once = "refund.many-parts", "auth.unknown-key"
    fails = {always: {Sign("too much"): 2}, once: {Sign("too much"): 1}}
    of_each = current().signatures[Subject.API].items()
    signatures = {id_: replace(signature, fails=fails) for id_, signature in of_each}
    before = replace(current(), signatures={**current().signatures, "api": signatures})
    *_, after = record(before, profile=before.profile, seeds=before.seeds)
    assert after.order.index(always) < after.order.index(once)


def test_a_new_defect_costs_its_own_runs() -> None:
    """And is named as stale."""
    before = without(Subject.API, defect="sum-not-checked")
    assert stale(before) == ["defect sum-not-checked: new"]
    assert runs_to_make(holds(before)) == [
        Run(Subject.API, "sum-not-checked", seed, Profile.STANDARD) for seed in current().seeds
    ]


def test_a_new_rule_costs_its_own_runs() -> None:
    """Of each defect of its subject, and of that rule alone."""
    before = without(Subject.CLIENT, rule="client.cancel")
    assert stale(before) == ["rule client.cancel: new"]
    runs = runs_to_make(holds(before))
    assert {(run.subject, run.rules) for run in runs} == {(Subject.CLIENT, ("client.cancel",))}
    assert len(runs) == len(current().signatures[Subject.CLIENT]) * len(current().seeds)


def test_a_changed_rule_is_in_no_signature_that_holds() -> None:
    """What it found once says nothing any more."""
    old = replace(
        current(),
        rules={**current().rules, "client": {**current().rules["client"], "client.cancel": "0"}},
    )
    assert stale(old) == ["rule client.cancel: changed"]
    signatures = holds(old).signatures[Subject.CLIENT]
    assert not any("client.cancel" in signature.fails for signature in signatures.values())


def test_a_defect_that_is_declared_otherwise_is_recorded_again() -> None:
    """Its mark is another."""
    of = current().signatures[Subject.API]
    odd = {**of, "sum-not-checked": replace(of["sum-not-checked"], mark="0")}
    old = replace(current(), signatures={**current().signatures, "api": odd})
    assert stale(old) == ["defect sum-not-checked: changed"]
    assert {run.defect for run in runs_to_make(holds(old))} == {"sum-not-checked"}


def test_more_seeds_cost_those_seeds() -> None:
    """What was recorded with the others is kept."""
    seeds = (*current().seeds, 77)
    runs = runs_to_make(kept(current(), current().profile, seeds))
    assert {run.seed for run in runs} == {77}


def test_a_recording_is_brought_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the missing runs show is added, and nothing is stale then."""
    shown = {"refund.sum-bounded": Sign("more goes back than is left", "HTTP 200")}
    monkeypatch.setattr(recording, "_made", lambda runs, workers: ((run, shown) for run in runs))
    before = without(Subject.API, defect="sum-not-checked")
    *_, after = record(before, profile=before.profile, seeds=before.seeds)
    assert stale(after) == []
    signature = after.signatures[Subject.API]["sum-not-checked"]
    assert signature.fails == {rule: {sign: len(before.seeds)} for rule, sign in shown.items()}
    assert list(after.signatures[Subject.API]) == list(current().signatures[Subject.API])


def test_a_signature_counts_how_often_a_rule_fails_so() -> None:
    """A share of the runs, by which faults are told apart that show only with some seeds."""
    sign = Sign("too much")
    signature = Signature(title="It is wrong.", mark="0", seeds=())
    signature = signature.with_run(0, {"a": sign, "b": sign}).with_run(1, {"a": sign})
    assert signature.fault("it").fails == {"a": {sign: 1.0}, "b": {sign: 0.5}}


def test_the_mark_of_a_defect_is_of_its_declaration() -> None:
    """So that a test can tell what is stale without a run."""
    defect = seeded(Subject.API).named("sum-not-checked")
    assert mark_of(defect) == mark_of(replace(defect))
    assert mark_of(defect) != mark_of(replace(defect, summary="Something else."))
