"""The published catalogue: what people read (``specs/RULES.md``) and programs (``rules.json``)."""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from points_conformance.judging.rule import Profile, Rule
from points_conformance.subjects import Subject

__all__ = ["catalogue_lines", "rule_facts", "rule_text", "rules_json", "rules_markdown"]

CaughtBy = Mapping[str, Sequence[str]]

_WIDTH: Final = 100

_HEAD: Final = """\
# Rules

Generated from the rules in the code: do not edit.

MUST and SHOULD as in RFC 2119, by our judgement of the sources. OBSERVE where the sources differ or
are silent: what the target does is read and recorded, and fails nobody. A *core* rule is one
without which no run is conclusive. A rule *after* others says nothing where one of those fails.
"""


def rules_markdown(rules: Iterable[Rule], caught_by: CaughtBy | None = None) -> str:
    """The text of ``specs/RULES.md``. ``caught_by`` maps rules to the defects that they catch."""
    caught_by = caught_by or {}
    rules = list(rules)
    parts = [_HEAD]
    for subject in Subject:
        judged = [rule for rule in rules if rule.subject == subject]
        if judged:
            parts.append(f"## `{subject}`: {subject.who.judged}\n")
            parts += [_markdown_rule(rule, caught_by.get(rule.id, ())) for rule in judged]
    return "\n".join(parts)


def _markdown_rule(rule: Rule, defects: Sequence[str]) -> str:
    core = ", core" if rule.core else ""
    facts = [f"- {label}: {text}" for label, text in rule_facts(rule, defects, code="`")]
    head = [f"### `{rule.id}`", "", f"**{rule.level}**{core}. {rule.statement}", ""]
    return "\n".join([*head, *facts, ""])


def rule_facts(rule: Rule, defects: Sequence[str] = (), code: str = "") -> list[tuple[str, str]]:
    """What is to say of a rule beside level and statement, in order; nothing that is empty."""
    facts = [
        ("Source" if len(rule.sources) == 1 else "Sources", "; ".join(map(str, rule.sources))),
        ("After", _listed(rule.after, code)),
        ("Needs", ", ".join(rule.needs)),
        ("Reads", _listed((rule.matter,) if rule.matter else (), code)),
        ("When", "at the end of the run, over all its evidence" if rule.closing else ""),
        ("Profile", _profile(rule)),
        ("Calls", _bounds(rule)),
        ("Seconds", _numbers(rule.seconds, rule)),
        ("Catches", _listed(defects, code)),
        ("Formerly", _listed(rule.aliases, code)),
    ]
    return [(label, text) for label, text in facts if text]


def _listed(names: Iterable[str], code: str) -> str:
    return ", ".join(f"{code}{name}{code}" for name in names)


def _profile(rule: Rule) -> str:
    near = f"{rule.profile} and up" if rule.profile is not Profile.DEEP else "deep"
    return near + (f"; off loopback {rule.far} and up" if rule.far else "")


def _bounds(rule: Rule) -> str:
    return _numbers({profile: rule.bound(profile) for profile in Profile}, rule)


def _numbers(of: Mapping[Profile, float], rule: Rule) -> str:
    """The bound in each profile that judges the rule, or the one that is theirs all."""
    bounds = {p: f"{of[p]:g}" for p in Profile if p.includes(rule.profile) and of.get(p)}
    if len(set(bounds.values())) < 2:
        return "".join(f"at most {bound}" for bound in set(bounds.values()))
    return "at most " + ", ".join(f"{bound} in {profile}" for profile, bound in bounds.items())


def rules_json(rules: Iterable[Rule], caught_by: CaughtBy | None = None) -> str:
    """The text of ``specs/rules.json``."""
    caught_by = caught_by or {}
    records = [_record(rule, caught_by.get(rule.id, ())) for rule in rules]
    return json.dumps({"rules": records}, ensure_ascii=False, indent=2) + "\n"


def _record(rule: Rule, defects: Sequence[str]) -> dict[str, Any]:
    return {
        "id": rule.id,
        "subject": rule.subject,
        "level": rule.level.value,
        "statement": rule.statement,
        "sources": [{"page": item.page, "heading": item.heading} for item in rule.sources],
        "core": rule.core,
        "after": list(rule.after),
        "needs": list(rule.needs),
        "matter": rule.matter,
        "closing": rule.closing,
        "profile": rule.profile.value,
        "far_profile": (rule.far or rule.profile).value,
        "calls": {profile.value: rule.bound(profile) for profile in Profile},
        "seconds": {profile.value: seconds for profile, seconds in rule.seconds.items()},
        "catches": list(defects),
        "aliases": list(rule.aliases),
    }


def rule_text(rule: Rule, caught_by: CaughtBy | None = None) -> str:
    """What ``points-conformance rules ID`` prints of one rule."""
    core = ", core: without it no run is conclusive" if rule.core else ""
    lines = [f"{rule.id} ({rule.level}{core})", *_filled(rule.statement, "  "), ""]
    for label, text in rule_facts(rule, (caught_by or {}).get(rule.id, ())):
        lines += textwrap.wrap(
            text, _WIDTH, initial_indent=f"  {label:9}", subsequent_indent=" " * 11
        )
    return "\n".join(lines)


def _filled(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)


def catalogue_lines(rules: Iterable[Rule]) -> list[str]:
    """What ``points-conformance rules`` prints: by subject and family, each rule with its level."""
    rules = list(rules)
    width = max((len(rule.id) for rule in rules), default=0)
    lines: list[str] = []
    for subject, judged in groupby(rules, key=lambda rule: rule.subject):
        lines += [""] if lines else []
        lines.append(f"{subject}: {Subject(subject).who.judged}")
        for rule in judged:
            head = f"  {rule.id:{width}}  {rule.level:7}  "
            lines += textwrap.wrap(
                rule.statement,
                max(_WIDTH, len(head) + 40),
                initial_indent=head,
                subsequent_indent=" " * len(head),
            )
    return lines
