"""The matrix defect × rule: as a table for people, as JSON for programs."""

import json
from collections.abc import Iterator
from typing import Any

from points_conformance.defects.catalogue import seeded
from points_conformance.defects.selfcheck import SelfCheck
from points_conformance.defects.trial import Trial
from points_conformance.subjects import Subject

__all__ = ["as_json", "as_table"]


def as_table(check: SelfCheck) -> list[str]:
    """Of each subject a table: a row for each defect, who caught it, who else failed, how many were
    blocked. Then what is not as declared.
    """
    tables = [_table(check, subject) for subject in check.subjects]
    return [*(line for table in tables for line in [*table, ""]), *_verdict(check)]


def _table(check: SelfCheck, subject: Subject) -> list[str]:
    trials = [trial for trial in check.trials if trial.subject is subject]
    width = max(len(trial.defect) for trial in trials)
    title = [f"{subject.value}:"] if len(check.subjects) > 1 else []
    rows = [line for trial in trials for line in _row(trial, width)]
    return [*title, f"{'defect':{width}}  caught by", *rows]


def _row(trial: Trial, width: int) -> Iterator[str]:
    caught = ", ".join(trial.caught) or ("missed" if trial.missed else "-")
    beside = [f"{len(trial.related)} related"] if trial.related else []
    beside += [f"{len(trial.blocked)} blocked"] if trial.blocked else []
    tail = f"  ({', '.join(beside)})" if beside else ""
    yield f"{trial.defect:{width}}  {caught}{tail}"
    for label, rules in _wrong(trial):
        yield f"{'':{width}}  ! {label}: {', '.join(rules)}"


def _wrong(trial: Trial) -> list[tuple[str, tuple[str, ...]]]:
    labelled = (
        ("not caught by", trial.missed),
        ("failed without cause", trial.strangers),
        ("the kit failed in", trial.errors),
    )
    return [(label, rules) for label, rules in labelled if rules]


def _verdict(check: SelfCheck) -> Iterator[str]:
    for alarm in check.false_alarms:
        yield f"! false alarm where nothing is wrong: {alarm}"
    for rule_id in check.idle:
        yield f"! {rule_id} caught no defect"
    wrong = sum(not trial.as_declared for trial in check.trials)
    found = sum(trial.found for trial in check.trials)
    beyond = len(check.trials) - found - sum(bool(trial.missed) for trial in check.trials)
    beyond_text = f", {beyond} beyond this profile" if beyond > 0 else ""
    yield f"{found} of {len(check.trials)} defects caught{beyond_text}"
    yield "as declared" if check.as_declared else f"not as declared: {wrong} defects"


def as_json(check: SelfCheck) -> str:
    """The matrix as JSON."""
    document = {
        "profile": check.profile.value,
        "seed": check.seed,
        "subjects": [subject.value for subject in check.subjects],
        "as_declared": check.as_declared,
        "false_alarms": list(check.false_alarms),
        "defects": [_record(trial) for trial in check.trials],
        "rules": [
            {"id": rule_id, "catches": defects} for rule_id, defects in check.catches().items()
        ],
        "rules_without_a_defect": list(check.idle),
        "rules_that_no_part_can_break": {
            rule_id: why
            for subject in check.subjects
            for rule_id, why in seeded(subject).unseeded.items()
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _record(trial: Trial) -> dict[str, Any]:
    defect = seeded(trial.subject).named(trial.defect)
    return {
        "id": defect.id,
        "subject": trial.subject.value,
        "summary": defect.summary,
        **defect.facts(),
        "declared": list(defect.caught_by),
        "caught_by": list(trial.caught),
        "related": list(trial.related),
        "blocked": list(trial.blocked),
        "missed": list(trial.missed),
        "without_cause": list(trial.strangers),
        "errors": list(trial.errors),
        "seconds": round(trial.seconds, 3),
        "as_declared": trial.as_declared,
    }
