"""Whether a finding shows again when the command that it prints is run: tried with the defects.

``python -m tests.quality.again --profile standard`` runs, for every seeded defect, the
command of its first finding, and of each that it takes several rules to find. Once; a finding of
calls at once says that it is one, and its command is run until it fails, twenty times at most.
"""

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from itertools import pairwise
from multiprocessing import get_context
from typing import Final

import click

from points_conformance.defects.catalogue import chosen, seeded
from points_conformance.defects.selfcheck import keep_running
from points_conformance.defects.trial import Judged
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.verdict import Result, Verdict, exit_status
from points_conformance.report.run import RunReport, rerun_command
from points_conformance.subjects import Subject, catalogue

__all__ = ["Again", "Judging", "looked_for_again", "selected"]

_BROKEN: Final = frozenset({Verdict.FAILED, Verdict.ADVICE})
#: What comes of calls at once differs from run to run: its command is run so often at most.
_TIMES: Final = 20
Judging = Callable[[Sequence[Rule], Profile, int], Judged]
Run = Callable[[str], Sequence[Result]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A finding of a run against a defect, the command it prints, and what came of that."""

    defect: str
    rule: str
    command: str
    verdict: Verdict
    reason: str
    status: int

    @property
    def fails(self) -> bool:
        """Whether the rule failed again, or one that it comes after failed first."""
        held_up = self.verdict is Verdict.BLOCKED and self.status == 1
        return self.verdict in _BROKEN or held_up

    def __str__(self) -> str:
        return f"{self.defect}: {self.command}: {self.verdict}: {self.reason}"


def selected(command: str) -> list[str]:
    """The rules that a printed command names."""
    words = shlex.split(command)
    return [word for option, word in pairwise(words) if option == "--select"]


def looked_for_again(
    subject: Subject,
    defect: str,
    *,
    profile: Profile,
    seed: int = 0,
    every: bool = False,
    only: Sequence[str] = (),
) -> list[Again]:
    """The findings of a run against a defect, each looked for again by its command: the first one
    and those that name other rules, or ``every`` one; ``only`` those of these rules.
    """
    seeds = seeded(subject)
    judging = partial(seeds.judged, seeds.named(defect))
    results, _ = judging(catalogue(subject).select(profile), profile, seed)
    report = _report(subject, profile, seed, results)
    found = [result for result in results if result.verdict in _BROKEN]
    first = next((r for r in found if r.verdict is Verdict.FAILED), found[0] if found else None)
    tried = [r for r in found if every or r is first or (r.evidence and r.evidence.led_by)]
    tried = [r for r in tried if not only or r.rule.id in only]
    run = partial(_run, report, judging)
    # Several findings print one command where orders touch each other: the whole run.
    once = cache(run)
    return [
        _by_chance(defect, r, report, run)
        if r.evidence and r.evidence.rounds
        else _again(defect, r, rerun_command(report, r.rule.id), once)
        for r in tried
    ]


def _by_chance(defect: str, found: Result, report: RunReport, run: Run) -> Again:
    """A finding that says so is looked for as its reader would: a few times."""
    command = rerun_command(report, found.rule.id)
    for _ in range(_TIMES):
        again = _again(defect, found, command, run)
        if again.fails:
            break
    return again


def _report(subject: Subject, profile: Profile, seed: int, results: Sequence[Result]) -> RunReport:
    return RunReport(
        subject=subject,
        target="a defect",
        profile=profile,
        seed=seed,
        started=datetime.now(UTC),
        versions={},
        results=results,
    )


def _run(report: RunReport, judging: Judging, command: str) -> Sequence[Result]:
    rules = catalogue(report.subject).select(report.profile, selected(command))
    return judging(rules, report.profile, report.seed).results


def _again(defect: str, found: Result, command: str, run: Run) -> Again:
    results = run(command)
    again = next(result for result in results if result.rule.id == found.rule.id)
    return Again(
        defect=defect,
        rule=found.rule.id,
        command=command,
        verdict=again.verdict,
        reason=again.reason,
        status=exit_status(results),
    )


# ---------------------------------------------------------------------- all of them
@click.command()
@click.option("--profile", type=click.Choice([p.value for p in Profile]), default="standard")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--subject", type=click.Choice([*(s.value for s in Subject), "all"]), default="all")
@click.option("--defect", "patterns", multiple=True, metavar="GLOB", help="only these defects")
@click.option("--every", is_flag=True, help="every finding, not only the first")
@click.option("-n", "workers", type=click.IntRange(1), help="processes; default all cores")
def main(
    profile: str,
    seed: int,
    subject: str,
    patterns: tuple[str, ...],
    every: bool,
    workers: int | None,
) -> None:
    """Run the printed command of the defects' findings; status 1 where one does not fail again."""
    subjects = list(Subject) if subject == "all" else [Subject(subject)]
    jobs = [(s, d.id) for s, many in chosen(subjects, patterns).items() for d in many]
    look = partial(_look, profile=Profile(profile), seed=seed, every=every)
    tried, lost = 0, 0
    for found in _spread(look, jobs, workers):
        tried += len(found)
        for again in found:
            if not again.fails:
                lost += 1
                click.echo(str(again))
    click.echo(f"{len(jobs)} defects, {tried} commands run again, {lost} did not fail again")
    sys.exit(1 if lost or not tried else 0)


def _look(job: tuple[Subject, str], *, profile: Profile, seed: int, every: bool) -> list[Again]:
    return looked_for_again(*job, profile=profile, seed=seed, every=every)


def _spread(
    look: Callable[[tuple[Subject, str]], list[Again]],
    jobs: Sequence[tuple[Subject, str]],
    workers: int | None,
) -> Iterator[list[Again]]:
    # Not forked: the caller may have threads.
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=keep_running) as pool:
        yield from pool.map(look, jobs)


if __name__ == "__main__":
    main()
