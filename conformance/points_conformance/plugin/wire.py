"""Outcomes as plain values, for the way from a worker of pytest-xdist to its controller."""

from dataclasses import asdict
from typing import Any

from points_conformance.rules.verdict import Evidence, Outcome, OutcomeKind

__all__ = ["outcome_from", "outcome_to"]


def outcome_to(outcome: Outcome) -> dict[str, Any]:
    """An outcome as a dictionary of plain values."""
    row = asdict(outcome)
    row["kind"] = outcome.kind.value
    if outcome.evidence is not None:
        row["evidence"] |= {
            name: list(row["evidence"][name]) for name in ("story", "curl", "exchanges")
        }
    return row


def outcome_from(row: dict[str, Any]) -> Outcome:
    """The outcome that such a dictionary stands for."""
    evidence = row["evidence"]
    if evidence is not None:
        lists = {name: tuple(evidence[name]) for name in ("story", "curl", "exchanges")}
        evidence = Evidence(**{**evidence, **lists})
    return Outcome(**{**row, "kind": OutcomeKind(row["kind"]), "evidence": evidence})
