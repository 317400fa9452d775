"""What whole runs cost, and when they tell of the first finding."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from tests.quality.bench import processes
from tests.quality.bench.measuring import Row, Scale
from tests.quality.bench.processes import Run, judged

from points_conformance.defects.api.seeded import SEEDED

__all__ = ["deep", "embedded", "first_finding", "forgetful", "over_http", "slow"]


def _told(what: str, came: Sequence[Run]) -> Row:
    middle = sorted(came, key=lambda run: run.seconds)[len(came) // 2]
    figure = f"{middle.seconds:.1f} s, {middle.cpu:.1f} s of CPU, {middle.megabytes:.0f} MB"
    return Row(what, figure, f"{middle.calls} calls: {middle.verdict}")


def _runs(
    scale: Scale,
    what: str,
    *,
    server: Mapping[str, str] | None = None,
    webhooks: bool = False,
    at_once: Sequence[int] | None = None,
    times: int | None = None,
) -> Iterator[Row]:
    """A standard run with each number of rules side by side, in turn."""
    numbers = list(processes.side_by_side(scale.at_once if at_once is None else at_once))
    came: dict[str, list[Run]] = {name: [] for name, _ in numbers}
    for _ in range(times or scale.runs):
        for name, options in numbers:
            came[name].append(judged(*options, server=server, webhooks=webhooks))
    for name, each in came.items():
        yield _told(f"{what}, {name}", each)


def embedded(scale: Scale) -> Iterator[Row]:
    """A standard run against the embedded simulator."""
    yield from _runs(scale, "embedded")


def over_http(scale: Scale) -> Iterator[Row]:
    """A standard run against an independent server on loopback that answers in threads."""
    for webhooks in (False, True):
        with processes.api_server() as server:
            what = "with webhooks" if webhooks else "without webhooks"
            yield from _runs(scale, what, server=server, webhooks=webhooks)


def slow(scale: Scale) -> Iterator[Row]:
    """The same against a server that takes 45 ms for an answer, with webhooks."""
    with processes.api_server("--answer-delay", "0.045") as server:
        yield from _runs(scale, "45 ms an answer", server=server, webhooks=True, times=1)


def forgetful(scale: Scale) -> Iterator[Row]:
    """The independent server, which never tells of a cancel, or of a second part: its events are
    waited for.
    """
    for defect in ("webhook-missing-on-cancel", "webhook-missing-on-second-partial"):
        with processes.api_server("--defect", defect) as server:
            yield from _runs(
                scale, f"`{defect}`", server=server, webhooks=True, at_once=(8,), times=1
            )


def deep(scale: Scale) -> Iterator[Row]:
    """The deep profile, 16 times the stories, beside the standard one; both embedded."""
    standard, deep = judged(), judged("--profile", "deep")
    yield _told("standard", [standard])
    yield _told("deep", [deep])
    seconds, held = deep.seconds / standard.seconds, deep.megabytes / standard.megabytes
    yield Row("deep to standard", f"{seconds:.1f} times the time", "", f"{held:.2f} of the memory")


def first_finding(scale: Scale) -> Iterator[Row]:
    """Seconds until the first finding is told, over HTTP with webhooks, for each seeded defect of
    the API (spread evenly over them, where not all are asked for).
    """
    step = max(len(SEEDED.defects) // (scale.defects or len(SEEDED.defects)), 1)
    firsts: dict[str, float] = {}
    none: list[str] = []
    for defect in SEEDED.defects[::step]:
        with processes.api_server(defect=defect.id) as server:
            first = processes.first_told(server)
        if first is None:
            none.append(defect.id)
        else:
            firsts[defect.id] = first
    yield from firsts_told(firsts, none)


def firsts_told(firsts: Mapping[str, float], none: Sequence[str]) -> Iterator[Row]:
    """Median, 95 % and the latest; and what was not found at all, by name."""
    ordered = sorted(firsts.values())
    late = ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]
    slowest = max(firsts, key=lambda name: firsts[name])
    figure = f"median {median(ordered):.1f} s"
    yield Row(f"{len(firsts)} defects", figure, f"95 %: {late:.1f} s")
    yield Row("the last", f"{firsts[slowest]:.1f} s", f"`{slowest}`")
    if none:
        yield Row("not found", str(len(none)), ", ".join(f"`{name}`" for name in none))
