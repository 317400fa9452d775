"""Writes the published catalogue. ``points-conformance rules --publish specs`` in a checkout."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from points_conformance.commands.published import rules_json, rules_markdown
from points_conformance.rules.consumer.page import consumer_page
from points_conformance.subjects import Subject, catalogue

__all__ = ["publish_consumer_page", "publish_into"]


def publish_into(
    folder: Path, caught_by: Mapping[str, Sequence[str]] | None = None
) -> tuple[Path, ...]:
    """Write ``RULES.md`` and ``rules.json`` of all subjects into a folder; returns what it wrote.

    ``caught_by`` maps rules to the defects that they catch.
    """
    rules = [rule for subject in Subject for rule in catalogue(subject)]
    texts = {
        "RULES.md": rules_markdown(rules, caught_by),
        "rules.json": rules_json(rules, caught_by),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return tuple(folder / name for name in texts)


def publish_consumer_page(folder: Path) -> Path:
    """Write what a webhook consumer must do into a folder of documents; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "what-your-consumer-must-do.md"
    path.write_text(consumer_page(catalogue(Subject.CONSUMER)), encoding="utf-8")
    return path
