"""A page for each rule: what it demands, what it catches, and a story in which it fails."""

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from docutils import nodes

from points_conformance.commands.published import rule_facts
from points_conformance.contract.needs import Need
from points_conformance.defects.catalogue import seeded
from points_conformance.judging.rule import Level, Rule
from points_conformance.subjects import Subject, catalogue

from .files import DOCS, fenced, keep

__all__ = ["link_ids", "share_tree", "write_pages"]

FOLDER = "reference/rules"

_INDEX = """\
# Rules

A page for each, with where it comes from, the seeded defects that it catches, and a recorded
story in which it fails. MUST and SHOULD are as in RFC 2119, by our judgement of the sources.
OBSERVE stands where the sources differ or are silent: what the target does is read, and fails
nobody. A *core* rule is one without which no run is conclusive. A rule *after* others says nothing
where one of those fails.

```{toctree}
:maxdepth: 1

api
consumer
client
```
"""

#: How a rule is judged by itself.
_ALONE = {
    Subject.API: "points-conformance api --base-url simulator --select {id}",
    Subject.CONSUMER: "points-conformance consumer --url URL --state-url TEMPLATE --select {id}",
    Subject.CLIENT: 'points-conformance client --command "…" --select {id}',
}
_RESTARTED = '--restart-command "…" --select'


def write_pages(docs: Path) -> None:
    """The folder ``reference/rules/``."""
    stories = json.loads((DOCS / "stories.json").read_text(encoding="utf-8"))["stories"]
    pages = {"index.md": _INDEX}
    for subject in Subject:
        rules = list(catalogue(subject))
        pages[f"{subject}.md"] = "\n".join(_of_subject(subject, rules))
        for rule in rules:
            pages[f"{rule.id}.md"] = "\n".join(_page(subject, rule, stories.get(rule.id)))
    keep(Path(docs) / FOLDER, pages)


def _of_subject(subject: Subject, rules: list[Rule]) -> Iterator[str]:
    must = sum(rule.level is Level.MUST for rule in rules)
    yield f"# Rules of `{subject}`\n"
    yield f"For {subject.who.judged}: {len(rules)} rules, of which {must} are a MUST.\n"
    for family, of_family in groupby(sorted(rules, key=_family), key=_family):
        yield f"## {family}\n\n| rule | level | what it demands |\n| --- | --- | --- |"
        for rule in of_family:
            yield f"| [`{rule.id}`]({rule.id}.md) | {rule.level} | {_cell(rule.statement)} |"
        yield ""


def _family(rule: Rule) -> str:
    """Of consumers and clients the whole catalogue is one family: the module says which."""
    if rule.subject == Subject.API:
        return rule.family
    return rule.check.__module__.rpartition(".")[2]


def _page(subject: Subject, rule: Rule, story: dict[str, Any] | None) -> Iterator[str]:
    core = ", core" if rule.core else ""
    yield "---\norphan: true\n---\n"
    yield f"# `{rule.id}`\n"
    yield f"**{rule.level}**{core}. {rule.statement}\n"
    yield f"- Judges: {subject.who.judged} ([all rules of `{subject}`]({subject}.md))"
    yield from (f"- {label}: {text}" for label, text in rule_facts(rule, code="`"))
    yield "\n## What it catches\n"
    yield from _defects(subject, rule)
    yield "\n## A story in which it fails\n"
    yield from _story(rule, story) if story else _no_story(subject, rule)
    yield "\n## By itself\n"
    line = _ALONE[subject].format(id=rule.id)
    if Need.RESTART in rule.needs:
        line = line.replace("--select", _RESTARTED)
    yield fenced(line, "sh")


def _defects(subject: Subject, rule: Rule) -> Iterator[str]:
    found = [defect for defect in seeded(subject).defects if defect.must_fail(rule.id)]
    if not found:
        yield "None of the seeded defects is declared to be caught by it."
        return
    yield "The self-check holds that each of these seeded defects fails it:\n"
    yield from (f"- `{defect.id}`: {_cell(defect.summary)}" for defect in found)


def _story(rule: Rule, story: dict[str, Any]) -> Iterator[str]:
    yield f"Recorded with the seeded defect `{story['defect']}`: {story['wrong']}\n"
    before = story.get("before", 0)
    lines = [f"{rule.id}: {story['title']}"]
    lines += [f"  expected  {story['expected']}", f"  got       {story['got']}"]
    lines += [f"  story     ({before} steps before)"] if before else []
    for number, step in enumerate(story["steps"], start=before + 1):
        head = "story" if number == 1 else ""
        lines.append(f"  {head:9} {number}. {step}")
    lines += [f"  costs     {story['cost']}"] if "cost" in story else []
    yield fenced("\n".join(lines))


def _no_story(subject: Subject, rule: Rule) -> Iterator[str]:
    if rule.level is Level.OBSERVE:
        yield "There is none: it reads what the target does, and fails nobody."
    elif why := seeded(subject).unseeded.get(rule.id):
        yield f"There is none: {why}."
    else:
        yield "None is recorded yet."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")


# ---------------------------------------------------------------------- IDs in texts
def link_ids(app: Any, doctree: nodes.document, docname: str) -> None:
    """For Sphinx: a rule's ID in a text leads to its page."""
    here = docname.removeprefix(f"{FOLDER}/")
    for literal in list(doctree.findall(nodes.literal)):
        id_ = literal.astext()
        linked = isinstance(literal.parent, nodes.reference | nodes.title)
        if linked or id_ == here or "." not in id_ or f"{FOLDER}/{id_}" not in app.env.found_docs:
            continue
        target = app.builder.get_relative_uri(docname, f"{FOLDER}/{id_}")
        reference = nodes.reference("", "", refuri=target, internal=True)
        literal.replace_self(reference)
        reference += literal


# ---------------------------------------------------------------------- the tree beside them
_TREES: dict[Any, str] = {}


def share_tree(_app: Any, page: str, _template: str, context: dict[str, Any], _tree: Any) -> None:
    """For Sphinx, before Furo: rules stand in no tree, so that the same one is beside them all.

    Drawn for each of them it would take a third of the build.
    """
    if not page.startswith(f"{FOLDER}/") or "." not in page:
        return
    draw = context["toctree"]

    def shared(**options: Any) -> str:
        key = tuple(sorted(options.items()))
        if key not in _TREES:
            _TREES[key] = draw(**options)
        return _TREES[key]

    context["toctree"] = shared
