"""One failing story of every rule, for its page: ``python -m tests.quality.stories``.

Each rule is tried with a seeded defect that it is declared to catch, alone with the rules that it
comes after; of a few defects the shortest story is kept, in ``docs/stories.json``. What was
recorded with the same declaration is kept, unless ``--all`` or names of rules (globs) ask for it
anew.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import click

from points_conformance.defects.catalogue import seeded
from points_conformance.defects.defect import Defect
from points_conformance.defects.recording import mark_of
from points_conformance.defects.selfcheck import keep_running
from points_conformance.judging.rule import Level, Profile, Rule
from points_conformance.judging.verdict import Evidence, Verdict
from points_conformance.report.atomic import write_atomically
from points_conformance.subjects import Subject, catalogue

__all__ = ["STORIES", "Story", "read", "record", "why_none"]

Story = dict[str, Any]

STORIES: Final = Path(__file__).parents[2] / "docs" / "stories.json"
ABOUT: Final = "Written by `python -m tests.quality.stories`: never edit."
#: Of so many defects the shortest story is kept; a story of so many steps is short enough.
_DEFECTS: Final = 3
_SHORT: Final = 4
#: Steps of a story that are kept, the last ones; characters of one.
_STEPS: Final = 8
_LONGEST: Final = 170
_FAILING: Final = frozenset({Verdict.FAILED, Verdict.ADVICE})
#: What differs from run to run: moments, and the texts of objects in memory.
_MOMENT: Final = re.compile(r" \(?\d{4}-\d\d-\d\dT[\d:.]+Z\)?|^ *\d+\.\d\d s  ")


def read(file: Path = STORIES) -> dict[str, Story]:
    """The recorded stories, by rule."""
    stories: dict[str, Story] = json.loads(file.read_text(encoding="utf-8"))["stories"]
    return stories


def why_none(rule: Rule) -> str:
    """Why a rule can have no failing story; empty where it can."""
    if rule.level is Level.OBSERVE:
        return "It reads what the target does, and fails nobody."
    unseeded: Mapping[str, str] = seeded(Subject(rule.subject)).unseeded
    if rule.id in unseeded:
        return f"No seeded defect can break it: {unseeded[rule.id]}."
    return ""


def record(rule: Rule) -> Story | None:
    """The shortest failing story of a few defects; none where the rule found nothing in them."""
    subject = Subject(rule.subject)
    defects = [seeded(subject).named(id_) for id_ in seeded(subject).caught_by(rule.id)]
    best: Story | None = None
    for defect in defects[:_DEFECTS]:
        story = _story(rule, defect, [rule])
        if story and (best is None or _length(story) < _length(best)):
            best = story
        if best is not None and _length(best) <= (False, _SHORT):
            break
    # What looks back on other rules finds nothing by itself.
    every = catalogue(subject).select(Profile.STANDARD)
    return best or (_story(rule, defects[0], list(every)) if defects else None)


def _length(story: Story) -> tuple[bool, int]:
    """Some findings need no step to be told; one with steps says more."""
    return not story["steps"], len(story["steps"]) + story.get("before", 0)


def _story(rule: Rule, defect: Defect, rules: Sequence[Rule]) -> Story | None:
    profile = max((Profile.STANDARD, rule.profile, defect.profile), key=list(Profile).index)
    judged = seeded(Subject(rule.subject)).judged(defect, rules, profile, 0)
    for result in judged.results:
        if result.rule.id == rule.id and result.verdict in _FAILING and result.evidence:
            return {
                "mark": mark_of(rule),
                "defect": defect.id,
                "wrong": defect.summary,
                **_told(result.evidence),
            }
    return None


def _told(evidence: Evidence) -> Story:
    """What a page shows of it."""
    steps = [_in_words(step) for step in _drawn(evidence)]
    before = max(len(steps) - _STEPS, 0)
    return {
        "title": evidence.title,
        "expected": _line(evidence.expected),
        "got": _line(evidence.got),
        "steps": steps[before:],
        **({"before": before} if before else {}),
        **({"cost": evidence.cost.text} if evidence.cost else {}),
    }


def _drawn(evidence: Evidence) -> list[str]:
    told = []
    for step in evidence.steps:
        who = f"{step.teller} -> {step.hearer}: " if step.hearer else ""
        answer = f" -> {step.answer}" if step.answer else ""
        told.append(f"{who}{step.said}{answer}{f' ({step.after})' if step.after else ''}")
    return told or list(evidence.story) or list(evidence.exchanges)


def _in_words(step: str) -> str:
    return _line(_MOMENT.sub("", step))


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _wanted(
    rules: Iterable[Rule], known: Mapping[str, Story], globs: tuple[str, ...]
) -> list[Rule]:
    return [
        rule
        for rule in rules
        if not why_none(rule)
        and (
            any(fnmatchcase(rule.id, glob) for glob in globs)
            if globs
            else known.get(rule.id, {}).get("mark") != mark_of(rule)
        )
    ]


def _every_rule() -> Iterator[Rule]:
    for subject in Subject:
        yield from catalogue(subject)


def _write(stories: Mapping[str, Story]) -> None:
    ordered = {rule.id: stories[rule.id] for rule in _every_rule() if rule.id in stories}
    document = {"about": ABOUT, "stories": ordered}
    write_atomically(STORIES, json.dumps(document, ensure_ascii=False, indent=1) + "\n")


@click.command(help=__doc__)
@click.argument("globs", nargs=-1)
@click.option("--all", "anew", is_flag=True, help="record all rules anew")
def main(globs: tuple[str, ...], anew: bool) -> None:
    """Bring the file up to date; status 1 where a rule found nothing in its defects."""
    known = read() if STORIES.exists() and not anew else {}
    wanted = _wanted(_every_rule(), known, globs)
    click.echo(f"{len(wanted)} stories to record")
    keep_running()
    silent = []
    for number, rule in enumerate(wanted, start=1):
        story = record(rule)
        if story:
            known[rule.id] = story
        else:
            silent.append(rule.id)
        if number % 20 == 0:
            click.echo(f"{number} recorded")
            _write(known)
    _write(known)
    for id_ in silent:
        click.echo(f"no story: {id_}")
    click.echo(f"{STORIES.name}: {STORIES.stat().st_size} bytes")
    sys.exit(1 if silent else 0)


if __name__ == "__main__":
    main()
