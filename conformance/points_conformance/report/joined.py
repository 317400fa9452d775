"""Several judgings of one target as one report: the worst verdict counts. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import chain, zip_longest
from typing import Any, Final

from points_conformance.judging.catalogue import Catalogue
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.step import Step
from points_conformance.judging.verdict import (
    Absence,
    Cost,
    Evidence,
    Result,
    RunVerdict,
    Trouble,
    Verdict,
)
from points_conformance.report.run import RunReport
from points_conformance.report.text import counted
from points_conformance.subjects import Subject

__all__ = ["JoinedReport", "SeedResult", "in_words", "join", "judgings_of", "spelt"]

Content = Mapping[str, Any]
#: The seeds of each verdict or reading.
BySeed = Mapping[str, tuple[int, ...]]

#: Of the verdicts that seeds have of one rule the first counts: broken before held, exercised
#: before not.
_ORDER: Final = (
    Verdict.ERROR,
    Verdict.FAILED,
    Verdict.ADVICE,
    Verdict.KNOWN,
    Verdict.PASSED,
    Verdict.OBSERVED,
    Verdict.BLOCKED,
    Verdict.NOT_EXERCISED,
)
_FOUND: Final = frozenset({Verdict.ERROR, Verdict.FAILED, Verdict.ADVICE, Verdict.KNOWN})
#: What was said of a rule that a run did not reach.
_UNREACHED: Final = "the run ended before it"
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
#: A line that says already which seeds it is of.
_WITH_SEEDS: Final = re.compile(r" \(seeds? -?\d[-\d., ]*\)$")


@dataclass(frozen=True, slots=True)
class SeedResult:
    """One seed's, in short. ``exit_status`` is its command's."""

    seed: int
    verdict: str
    exit_status: int
    calls: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """As report.json has it."""
        return {name: getattr(self, name) for name in self.__slots__}


def judgings_of(content: Content) -> list[SeedResult]:
    """Those that a report is of: its own, or all that were joined in it."""
    rows = content.get("judgings") or [content]
    return [SeedResult(**{name: row[name] for name in SeedResult.__slots__}) for row in rows]


def spelt(seeds: Iterable[int]) -> str:
    """``0..3, 7``: seeds in short."""
    runs: list[list[int]] = []
    for seed in sorted(set(seeds)):
        if runs and seed == runs[-1][1] + 1:
            runs[-1][1] = seed
        else:
            runs.append([seed, seed])
    return ", ".join(
        str(first) if first == last else f"{first}{', ' if last == first + 1 else '..'}{last}"
        for first, last in runs
    )


def in_words(seeds: Iterable[int]) -> str:
    """``seed 3``, ``seeds 0..3, 7``."""
    each = set(seeds)
    return f"{'seed' if len(each) == 1 else 'seeds'} {spelt(each)}"


@dataclass(frozen=True, kw_only=True)
class JoinedReport(RunReport):
    """A report of several judgings. ``seed`` is the first one's.

    ``tallies``: for each rule the seeds of each of its verdicts; ``read_by``: for each matter the
    seeds of each of its readings. ``reasons``: why single judgings are not simply conformant.
    """

    judgings: Sequence[SeedResult] = ()
    tallies: Mapping[str, BySeed] = field(default_factory=dict)
    read_by: Mapping[str, BySeed] = field(default_factory=dict)
    reasons: Sequence[str] = ()

    @property
    def seeds(self) -> list[int]:
        """The seeds, each once."""
        return sorted({judging.seed for judging in self.judgings})

    @property
    def seeds_said(self) -> str:
        """The seeds in words."""
        return in_words(self.seeds)

    @property
    def exit_status(self) -> int:
        """The worst one's, by the same order as of a single run."""
        stopped = bool(self.partial or self.trouble.stopped)
        statuses = {super().exit_status, *(judging.exit_status for judging in self.judgings)}
        return next((s for s in ((3, 2, 1) if stopped else (3, 1, 2)) if s in statuses), 0)

    @property
    def verdict(self) -> RunVerdict:
        """The worst one. A broken rule is a fact even where other judgings are missing."""
        verdicts = {super().verdict, *(judging.verdict for judging in self.judgings)}
        if RunVerdict.NOT_CONFORMANT in verdicts:
            return RunVerdict.NOT_CONFORMANT
        return RunVerdict.INCONCLUSIVE if self.exit_status else RunVerdict.CONFORMANT

    @property
    def because(self) -> list[str]:
        """What is missing, then what single judgings say, with their seeds."""
        own = [*self.trouble.stopped, *self.trouble.stale, *self.reasons]
        if not own and self.verdict is RunVerdict.INCONCLUSIVE:
            own = super().because
        return list(dict.fromkeys(own))

    @property
    def headline(self) -> str:
        """The verdict, how much was exercised by any seed, and how many there are."""
        return f"{super().headline}; {counted(len(self.seeds), 'seed')}"

    def found_by(self, rule_id: str) -> str:
        """``found by 2 of 3 seeds: 1, 2``; empty of a rule that no seed found broken."""
        seeds = self._found(rule_id)
        all_ = counted(len(self.seeds), "seed")
        return f"found by {len(seeds)} of {all_}: {spelt(seeds)}" if seeds else ""

    def _found(self, rule_id: str) -> list[int]:
        tally = self.tallies.get(rule_id, {})
        return sorted({s for verdict, seeds in tally.items() if verdict in _FOUND for s in seeds})

    @property
    def differing(self) -> list[str]:
        """The readings that are not the same with all seeds, in lines."""
        return [
            f"{key}: " + " or ".join(f"{said} ({in_words(seeds)})" for said, seeds in by.items())
            for key, by in sorted(self.read_by.items())
            if len(by) > 1
        ]

    def to_json(self) -> dict[str, Any]:
        """The same shape as of a single run, and what only several can tell."""
        content = super().to_json()
        rules = content.pop("rules")
        for row in rules:
            tally = self.tallies.get(row["id"], {})
            row["seeds"] = {verdict: list(seeds) for verdict, seeds in tally.items()}
            found = self._found(row["id"])
            row["found_by"] = {"seeds": found, "of": len(self.seeds)} if found else None
        return content | {
            "seeds": self.seeds,
            "judgings": [judging.to_json() for judging in self.judgings],
            "read_by": {
                key: {reading: list(seeds) for reading, seeds in by.items()}
                for key, by in sorted(self.read_by.items())
            },
            "differing": self.differing,
            "rules": rules,
        }


def join(
    contents: Sequence[Content],
    catalogue: Catalogue,
    *,
    stopped: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> JoinedReport:
    """Join reports of one target, at least one, whose rules the catalogue knows.

    ``stopped``: what keeps the whole from being green: reports that are missing, or of something
    else. ``notes``: what else there is to say.
    """
    contents = sorted(contents, key=lambda content: min(_seeds_of(content)))
    first = contents[0]
    judgings = [judging for content in contents for judging in judgings_of(content)]
    seeds = {judging.seed for judging in judgings}
    rows: dict[str, list[Content]] = {}
    for content in contents:
        for row in content["rules"]:
            rows.setdefault(row["id"], []).append(row)
    read_by = _tally(row for content in contents for row in _read(content))
    stale = _lines(contents, "stale", seeds)
    return JoinedReport(
        subject=Subject(first["subject"]),
        target=first["target"],
        profile=Profile(first["profile"]),
        seed=min(seeds),
        started=min(datetime.fromisoformat(content["started"]) for content in contents),
        versions=first["versions"],
        scope=first["scope"],
        strict=first["strict"],
        partial=bool(stopped),
        interrupted="; ".join(stopped),
        calls=sum(content["calls"] for content in contents),
        seconds=sum(content["seconds"] for content in contents),
        readings=_worded(read_by),
        results=[_result(rule, rows[rule.id], read_by) for rule in catalogue if rule.id in rows],
        trouble=Trouble(stopped=list(stopped), stale=stale),
        plan=_lines(contents, "plan", seeds),
        effect=_summed(contents) or _lines(contents, "effect", seeds),
        notes=[*notes, *_lines(contents, "notes", seeds)],
        again=_commands(rows),
        judgings=sorted(judgings, key=lambda judging: judging.seed),
        tallies=_tally(row for content in contents for row in _judged(content)),
        read_by=read_by,
        reasons=[line for line in _lines(contents, "because", seeds) if line not in stale],
    )


# ---------------------------------------------------------------------- by seed
def _seeds_of(content: Content) -> list[int]:
    return [judging.seed for judging in judgings_of(content)]


def _tally(told: Iterable[tuple[str, str, Iterable[int]]]) -> dict[str, BySeed]:
    """For each key the seeds of each value, each once."""
    tally: dict[str, dict[str, tuple[int, ...]]] = {}
    for key, value, seeds in told:
        by = tally.setdefault(key, {})
        by[value] = tuple(sorted({*by.get(value, ()), *seeds}))
    return dict(tally)


def _read(content: Content) -> Iterator[tuple[str, str, Iterable[int]]]:
    own = {key: {reading: _seeds_of(content)} for key, reading in content["readings"].items()}
    for key, by in content.get("read_by", own).items():
        yield from ((key, reading, seeds) for reading, seeds in by.items())


def _judged(content: Content) -> Iterator[tuple[str, str, Iterable[int]]]:
    for row in content["rules"]:
        by = row.get("seeds", {row["verdict"]: _seeds_of(content)})
        yield from ((row["id"], verdict, seeds) for verdict, seeds in by.items())


def _lines(contents: Sequence[Content], name: str, all_: Set[int]) -> list[str]:
    """What all seeds say once, what some of them say with their seeds."""
    said = _tally(
        (name, line, _seeds_of(content))
        for content in contents
        for line in content[name]
        if not (name == "because" and content["partial"] and line in content["interrupted"])
    ).get(name, {})
    return [
        line if all_ == set(by) or _WITH_SEEDS.search(line) else f"{line} ({in_words(by)})"
        for line, by in said.items()
    ]


def _summed(contents: Sequence[Content]) -> list[str] | None:
    """The lines of what was done, with the sums of their numbers; ``None`` where they differ."""
    told = [content["effect"] for content in contents if content["effect"]]
    shapes = {tuple(_NUMBER.sub("#", line) for line in lines) for lines in told}
    if len(shapes) != 1:
        return None
    return [_sum(same) for same in zip(*told, strict=True)]


def _sum(lines: Sequence[str]) -> str:
    """Lines that differ in their numbers alone as one with the sums."""
    columns = zip(*(_NUMBER.findall(line) for line in lines), strict=True)
    sums = [str(sum(map(Decimal, column))) for column in columns]
    between = _NUMBER.split(lines[0])
    return "".join(chain.from_iterable(zip_longest(between, sums, fillvalue="")))


# ---------------------------------------------------------------------- one rule
def _result(rule: Rule, rows: Sequence[Content], read_by: Mapping[str, BySeed]) -> Result:
    """What the worst says of it; the first of those, where several are as bad."""
    row = min(rows, key=_rank)
    read = {key for each in rows for key in each["readings"]}
    return Result(
        rule=rule,
        verdict=Verdict(row["verdict"]),
        reason=row["reason"],
        absence=Absence(row["absence"]) if row["absence"] else None,
        lacks=row["lacks"],
        accepted=row["accepted"],
        unreached=row["absence"] == Absence.DENIED and _UNREACHED in row["reason"],
        evidence=_evidence(row["evidence"]),
        readings=_worded({key: by for key, by in read_by.items() if key in read}),
        moves=_moves(row, rows),
        calls=sum(each["calls"] for each in rows),
        seconds=sum(each["seconds"] for each in rows),
        prerequisite=row["prerequisite"],
        network=row["network"],
    )


def _moves(told: Content, rows: Iterable[Content]) -> tuple[str, ...]:
    """Each once; those of the seed that is told from last, for there its story ends."""
    others = dict.fromkeys(move for row in rows for move in row["moves"])
    return (*(move for move in others if move not in told["moves"]), *told["moves"])


def _rank(row: Content) -> tuple[int, bool]:
    """The worst first; of what was not exercised that which the run was denied."""
    return _ORDER.index(Verdict(row["verdict"])), row["absence"] == Absence.LACKING


def _evidence(told: Content | None) -> Evidence | None:
    if told is None:
        return None
    names = ("title", "expected", "got", "story", "curl", "exchanges", "rounds")
    fields = {name: told[name] for name in names}
    lists = {name: tuple(field) for name, field in fields.items() if isinstance(field, list)}
    steps = tuple(Step(**step) for step in told["steps"])
    cost = Cost(**told["cost"]) if told["cost"] else None
    return Evidence(**fields | lists, steps=steps, cost=cost)


def _commands(rows: Mapping[str, Sequence[Content]]) -> dict[str, str]:
    """The command that finds each finding again: that of the judging that it is told from."""
    worst = {id_: min(of, key=_rank)["evidence"] for id_, of in rows.items()}
    return {id_: evidence["command"] for id_, evidence in worst.items() if evidence is not None}


def _worded(read_by: Mapping[str, BySeed]) -> dict[str, str]:
    return {key: " or ".join(sorted(by)) for key, by in read_by.items()}
