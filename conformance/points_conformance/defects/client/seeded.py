"""Wrong clients, and how one is judged."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from points_conformance.defects.client.defect import ClientDefect
from points_conformance.defects.client.sample import ReconcilingClient, SampleClient
from points_conformance.defects.seeded import Seeded
from points_conformance.defects.trial import Judged, run_rules
from points_conformance.judging.judge import seed_of
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.verdict import Verdict
from points_conformance.rules.client.family import cases_of
from points_conformance.subjects import Subject, catalogue
from points_conformance.targets.client.objects import ObjectClients
from points_conformance.targets.client.target import ClientTarget

__all__ = ["SEEDED", "judge_client"]

#: Seconds after which a wrong client is given up; the good ones need at most three.
_GIVEN_UP: Final = 8.0
_ADVERSE: Final = frozenset({Verdict.FAILED, Verdict.ADVICE, Verdict.ERROR, Verdict.BLOCKED})


def judge_client(
    make: Callable[..., Any],
    rules: Sequence[Rule] | None = None,
    *,
    seed: int = 0,
    profile: Profile = Profile.STANDARD,
    timeout: float = 35.0,
) -> Judged:
    """What the rules say of a client in this process; ``timeout`` per operation."""
    among = catalogue(Subject.CLIENT)
    rules = among.select(profile) if rules is None else rules
    target = ClientTarget(ObjectClients(make, timeout=timeout), timeout=timeout, seed=seed)
    try:
        for rule in among.with_prerequisites(rules):
            target.begin(cases_of(rule, seed_of(seed, rule.id), rule.bound(profile)))
        return run_rules(Subject.CLIENT, target, rules, profile=profile, seed=seed)
    finally:
        target.close()


def _judged(defect: ClientDefect, rules: Sequence[Rule], profile: Profile, seed: int) -> Judged:
    return judge_client(defect.make, rules, seed=seed, profile=profile, timeout=_GIVEN_UP)


def _sound(make: type[SampleClient], profile: Profile, seed: int) -> list[str]:
    """What fails on a good client. Advice counts."""
    judged = judge_client(make, seed=seed, profile=profile)
    return [
        f"{make.__name__}: {result.rule.id}: {result.reason}"
        for result in judged.results
        if result.verdict in _ADVERSE
    ]


SEEDED: Final = Seeded[ClientDefect](
    subject=Subject.CLIENT,
    families=("bodies", "keys", "answers", "lost", "pace", "edges"),
    judged=_judged,
    sound=(partial(_sound, SampleClient), partial(_sound, ReconcilingClient)),
    unseeded={
        "client.generated": "what it finds is found by a rule of its own first",
        "client.leaves-nothing-running": "a client in this process has no processes",
    },
)
