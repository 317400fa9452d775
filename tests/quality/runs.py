"""What the runs that look for false alarms have in common."""

import multiprocessing
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import NoReturn, TypeVar

import click

from points_conformance.defects.trial import run_rules
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.verdict import Result
from points_conformance.subjects import Subject
from points_conformance.targets.api.live_inbox import LiveInbox
from points_conformance.targets.api.target import ApiTarget

__all__ = ["AT_ONCE", "count_alarms", "heard", "side_by_side"]

#: How many rules a run judges at once where its user says nothing.
AT_ONCE = 8

Run = TypeVar("Run")
Came = TypeVar("Came")


def count_alarms(runs: Iterable[tuple[str, Callable[[], Sequence[str]]]]) -> NoReturn:
    """Print each alarm behind the name of its run, then how many there were; status 1 for any."""
    done = alarms = 0
    for name, run in runs:
        done += 1
        for alarm in run():
            alarms += 1
            click.echo(f"{name}: {alarm}")
    click.echo(f"{done} runs, {alarms} false alarms")
    sys.exit(1 if alarms else 0)


def side_by_side(
    judged: Callable[[Run], Came], runs: Sequence[Run], at_once: int
) -> Iterator[tuple[Run, Came]]:
    """What came of each run, as they end, each in a process of its own."""
    # Not forked: the caller may have threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(at_once, len(runs)), context) as pool:
        futures = {pool.submit(judged, run): run for run in runs}
        for future in as_completed(futures):
            yield futures[future], future.result()


def heard(
    target: ApiTarget, inbox: LiveInbox, rules: Sequence[Rule], *, profile: Profile, seed: int
) -> list[Result]:
    """The results of the rules against a server whose webhooks come to the inbox."""
    inbox.register(target)
    try:
        judged = run_rules(Subject.API, target, rules, profile=profile, seed=seed, at_once=AT_ONCE)
        return judged.results
    finally:
        inbox.close(target)
        target.client.close()
