"""No false alarm where the network between the kit and a sound server loses some calls.

``python -m tests.quality.flaky --seeds 30``: the sandbox in every dialect in turn, behind a proxy
that has 2 to 5 % of the calls meet a latency, a reset, 502, 503, 504 or 429, before or after they
were carried out. A rule may be blocked or not exercised for it, never failed. All of it, eight
runs at once, takes about a quarter of an hour.
"""

import sys
import time
from dataclasses import dataclass

import click
from tests.defects.served import judging_sandbox, sandbox
from tests.quality.flaky_proxy import FlakyProxy
from tests.quality.runs import heard, side_by_side

from points_conformance.contract.dialect import DIALECTS
from points_conformance.contract.limits import API_PREFIX
from points_conformance.judging.rule import Profile
from points_conformance.judging.verdict import Verdict
from points_conformance.rules.api.generation.generator import kept_running
from points_conformance.subjects import catalogue
from points_conformance.targets.api.live_inbox import LiveInbox

__all__ = ["Came", "Flaky", "judged"]


@dataclass(frozen=True, slots=True)
class Flaky:
    """One run: the seed of the proxy and of the suite, and how much is judged."""

    seed: int
    profile: Profile = Profile.SMOKE
    rate: float | None = None

    @property
    def dialect(self) -> str:
        """Each in turn."""
        return list(DIALECTS)[self.seed % len(DIALECTS)]


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a run: how many calls met a fault, verdicts by rule with their reasons."""

    faults: int
    verdicts: dict[str, tuple[Verdict, str]]

    @property
    def alarms(self) -> list[str]:
        """What is held against the server, or is the kit's own failure."""
        bad = (Verdict.FAILED, Verdict.ERROR)
        return [f"{id_}: {v}: {why}" for id_, (v, why) in self.verdicts.items() if v in bad]

    @property
    def held_up(self) -> list[str]:
        """The rules that could not be judged."""
        idle = (Verdict.BLOCKED, Verdict.NOT_EXERCISED)
        return [f"{id_}: {v}: {why}" for id_, (v, why) in self.verdicts.items() if v in idle]


def judged(run: Flaky) -> Came:
    """Judge the sandbox through the proxy, its webhooks heard directly."""
    rules = catalogue().select(run.profile, deselect=("webhook.retry-after-timeout",))
    with (
        kept_running(),
        sandbox(run.dialect, run.seed) as served,
        FlakyProxy(served.origin, seed=run.seed, rate=run.rate) as proxy,
    ):
        inbox = LiveInbox(("127.0.0.1", 0), grace=1.0)
        target = judging_sandbox(served, inbox, proxy.origin + API_PREFIX)
        results = heard(target, inbox, rules, profile=run.profile, seed=run.seed)
        faults = proxy.befell.total()
    return Came(faults, {result.rule.id: (result.verdict, result.reason) for result in results})


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=30, show_default=True)
@click.option("--from", "first", type=int, default=0, show_default=True, help="the first seed")
@click.option("--at-once", type=click.IntRange(1), default=8, show_default=True)
@click.option(
    "--profile", "profiles", multiple=True, type=click.Choice(["smoke", "standard"]),
    default=("smoke", "standard"),
)  # fmt: skip
def main(seeds: int, first: int, at_once: int, profiles: tuple[str, ...]) -> None:
    """Judge the sandbox through a proxy that loses calls; status 1 for a false alarm."""
    runs = [Flaky(seed, Profile(name)) for name in profiles for seed in range(first, first + seeds)]
    started, found, faults, held_up = time.perf_counter(), 0, 0, 0
    for run, came in side_by_side(judged, runs, at_once):
        faults += came.faults
        held_up += len(came.held_up)
        found += len(came.alarms)
        for alarm in came.alarms:
            click.echo(f"{run.profile.value}, {run.dialect}, seed {run.seed}: {alarm}")
    seconds = time.perf_counter() - started
    click.echo(
        f"{len(runs)} runs, {faults} calls met a fault, {held_up} rules held up, "
        f"{found} false alarms, {seconds:.0f} s"
    )
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
