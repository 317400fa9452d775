"""A run of the clients' rules against a client in this process."""

from collections.abc import Callable, Sequence
from typing import Any

from points_conformance.rules.catalogue import catalogue
from points_conformance.rules.rule import Profile, Rule, Subject
from points_conformance.rules.verdict import Result, settle
from points_conformance.suite.judge import Judge, seed_of
from points_conformance.targets.client import ClientTarget
from points_conformance.targets.client_runners import ObjectClients

__all__ = ["judge_client"]


def judge_client(
    make: Callable[..., Any],
    rules: Sequence[Rule] | None = None,
    *,
    seed: int = 0,
    profile: Profile = Profile.STANDARD,
    timeout: float = 35.0,
) -> list[Result]:
    """The results of the rules, and of those they come after; ``timeout`` per operation."""
    among = catalogue(Subject.CLIENT)
    rules = among.select(profile) if rules is None else rules
    target = ClientTarget(ObjectClients(make, timeout=timeout), timeout=timeout, seed=seed)
    judge = Judge(among, seed=seed, profile=profile)
    wanted = among.with_prerequisites(rules)
    try:
        for rule in wanted:
            target.ahead(rule.check, seed_of(seed, rule.id), rule.bound(profile))
        for rule in rules:
            judge.judge(rule.id, target)
    finally:
        target.close()
    return settle(wanted, judge.outcomes)
