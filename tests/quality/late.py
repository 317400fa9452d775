"""No false alarm where webhooks come late, shuffled and repeated, as they may.

``python -m tests.quality.late --seeds 20``: sound servers over real HTTP, the sandbox in every
dialect and the second server in both of its own. They hold each event back for 0 to 2 s at random
(seeded), so that it may be overtaken, and repeat some. The kit waits 3 s for an event. A run mostly
waits, about two and a half minutes, so several go on side by side in processes of their own: 120
runs, eight at once, are some 40 minutes. With ``--longest`` and ``--grace`` they are shorter. Where
a machine is so busy that the servers themselves fall behind, have fewer ``--at-once``.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import click
from tests.defects.served import judging_sandbox, judging_second, sandbox
from tests.quality.runs import heard, side_by_side
from tests.second_server import SecondServer
from tests.second_server.dialects import DIALECTS as SECOND_DIALECTS

from points_conformance.contract.dialect import DIALECTS
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.verdict import Absence, Result, Verdict
from points_conformance.subjects import catalogue
from points_conformance.targets.api.live_inbox import LiveInbox
from points_conformance.targets.api.target import ApiTarget

__all__ = ["SERVERS", "Late", "alarms", "judged", "told"]

#: What can be judged: a simulator's dialect, or one of the second server's.
SERVERS = (*(f"sandbox {name}" for name in DIALECTS), *(f"second {n}" for n in SECOND_DIALECTS))
#: Rules that read no events, but make them for those that close the run, or read their reasons.
BESIDE = ("cancel.*", "refund.*", "property.reasons", "reading.reason-*", "isolation.orders-apart")
#: How long it takes has nothing to do with late events: it waits for a sender's timeout of 10 s.
NOT_HERE = "webhook.retry-after-timeout"


@dataclass(frozen=True, slots=True)
class Late:
    """One run: which server, its seed, how late it is at most, how long the kit waits."""

    server: str
    seed: int
    longest: float = 2.0
    grace: float = 3.0
    profile: Profile = Profile.STANDARD


def told(profile: Profile) -> list[Rule]:
    """The rules that read events, and those that bring some about."""
    chosen = catalogue().select(profile)
    beside = {rule.id for rule in catalogue().select(Profile.DEEP, select=BESIDE)}
    return [
        rule
        for rule in chosen
        if ("webhook inbox" in rule.needs or rule.id in beside) and rule.id != NOT_HERE
    ]


def alarms(run: Late) -> list[str]:
    """What the kit says against a sound server: nothing, or it is a false alarm.

    What was denied counts as well: all that this server owes does come.
    """
    return [f"{r.rule.id}: {r.verdict}: {r.reason}" for r in judged(run) if _is_wrong(r)]


def judged(run: Late) -> list[Result]:
    """The results of a run, those of rules that the others come after included."""
    rules = told(run.profile)
    inbox = LiveInbox(("127.0.0.1", 0), grace=run.grace)
    with _served(run, inbox) as target:
        return heard(target, inbox, rules, profile=run.profile, seed=run.seed)


def _is_wrong(result: Result) -> bool:
    return (
        result.verdict in (Verdict.FAILED, Verdict.ERROR, Verdict.BLOCKED)
        or result.absence is Absence.DENIED
    )


@contextmanager
def _served(run: Late, inbox: LiveInbox) -> Iterator[ApiTarget]:
    family, _, dialect = run.server.partition(" ")
    with ExitStack() as stack:
        if family == "second":
            second = SecondServer(
                dialect, seed=run.seed, delivery_mode="untimely", longest_delay=run.longest
            )
            yield judging_second(stack.enter_context(second), inbox)
            return
        served = stack.enter_context(sandbox(dialect, run.seed))
        served.faults.deliveries.late(0, run.longest, seed=run.seed)
        served.faults.deliveries.reorder(run.seed)
        served.faults.deliveries.repeat(1 + run.seed % 2)
        yield judging_sandbox(served, inbox)


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=20, show_default=True)
@click.option("--longest", type=float, default=2.0, show_default=True, help="seconds")
@click.option("--grace", type=float, default=3.0, show_default=True, help="seconds")
@click.option("--at-once", type=click.IntRange(1), default=8, show_default=True)
@click.option("--server", "servers", type=click.Choice(SERVERS), multiple=True, default=SERVERS)
@click.option("--profile", type=click.Choice([p.value for p in Profile]), default="standard")
def main(
    seeds: int, longest: float, grace: float, at_once: int, servers: tuple[str, ...], profile: str
) -> None:
    """Judge sound servers whose webhooks are late; status 1 for a false alarm."""
    runs = [
        Late(server, seed, longest, grace, Profile(profile))
        for seed in range(seeds)
        for server in servers
    ]
    started, found = time.perf_counter(), 0
    for run, came in side_by_side(alarms, runs, at_once):
        found += len(came)
        for alarm in came:
            click.echo(f"{run.server}, seed {run.seed}: {alarm}")
    seconds = time.perf_counter() - started
    click.echo(f"{len(runs)} runs, {found} false alarms, {seconds:.0f} s")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
