"""Wrong servers, each in the simulator's dialects, and how one is judged."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from points_conformance.contract.dialect import DIALECTS, Dialect
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.seeded import Seeded
from points_conformance.defects.trial import Judged, run_rules
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.verdict import Absence, Result, Verdict
from points_conformance.simulator.core import Parts
from points_conformance.subjects import Subject, catalogue
from points_conformance.targets.api.build import embedded_target

__all__ = ["SEEDED", "false_alarms", "judge_server", "sound_server"]


def judge_server(
    parts: Parts | None,
    dialect: Dialect,
    *,
    rules: Sequence[Rule],
    profile: Profile,
    seed: int = 0,
    at_once: int = 1,
) -> Judged:
    """What the rules say of a simulator of these parts, so many of them at once."""
    target = embedded_target(dialect, seed=seed, parts=parts)
    try:
        return run_rules(Subject.API, target, rules, profile=profile, seed=seed, at_once=at_once)
    finally:
        target.client.close()


def sound_server(dialect: Dialect, profile: Profile, seed: int = 0) -> list[str]:
    """The false alarms of a run against the sound simulator of a dialect."""
    rules = catalogue().select(profile)
    judged = judge_server(None, dialect, rules=rules, profile=profile, seed=seed)
    return false_alarms(judged.results, dialect)


def _calls(profile: Profile, seed: int) -> Mapping[str, int]:
    """How many calls each rule makes where nothing is wrong."""
    rules = catalogue().select(profile)
    judged = judge_server(None, DIALECTS["default"], rules=rules, profile=profile, seed=seed)
    return {result.rule.id: result.calls for result in judged.results}


def false_alarms(results: Iterable[Result], dialect: Dialect) -> list[str]:
    """What a run against a sound server of a dialect found all the same, in words.

    A SHOULD counts in the default dialect alone: a dialect may well not follow advice. A denied
    rule counts as well, for the run would be inconclusive, as it must be where a merchant has
    partial refunds switched off.
    """
    switched_off = dialect.partial_refunds == "off"
    adverse = {Verdict.FAILED, Verdict.ERROR}
    if dialect == DIALECTS["default"]:
        adverse |= {Verdict.ADVICE}
    return [
        f"{r.rule.id}: {r.reason}"
        for r in results
        if r.verdict in adverse or (r.absence is Absence.DENIED and not switched_off)
    ]


def _judged(defect: ServerDefect, rules: Sequence[Rule], profile: Profile, seed: int) -> Judged:
    dialect = DIALECTS[defect.dialect]
    return judge_server(defect.parts, dialect, rules=rules, profile=profile, seed=seed)


SEEDED: Final = Seeded[ServerDefect](
    subject=Subject.API,
    families=(
        "cancel",
        "cancel_reasons",
        "refund",
        "refund_results",
        "amounts",
        "reasons",
        "auth",
        "envelope",
        "isolation",
        "lifecycle",
        "statuses",
        "points",
        "robust",
        "races",
        "race_pairs",
        "schema",
        "webhooks",
        "payloads",
        "fields",
        "texts",
        "numbers",
        "deliveries",
        "endpoints",
        "spellings",
        "roads",
        "endpoint_life",
        "insides",
    ),
    judged=_judged,
    sound=(partial(sound_server, DIALECTS["default"]),),
    calls=_calls,
)
