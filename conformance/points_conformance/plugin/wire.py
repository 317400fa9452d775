"""Outcomes as plain values, for the way from the process that judges to all others."""

from dataclasses import asdict
from typing import Any

from points_conformance.judging.step import Step
from points_conformance.judging.verdict import Absence, Cost, Evidence, Outcome, OutcomeKind

__all__ = ["outcome_from", "outcome_to"]


def outcome_to(outcome: Outcome) -> dict[str, Any]:
    """An outcome as a dictionary of plain values."""
    return {
        **asdict(outcome),
        "kind": outcome.kind.value,
        "absence": outcome.absence and outcome.absence.value,
    }


def outcome_from(row: dict[str, Any]) -> Outcome:
    """The outcome that such a dictionary stands for."""
    attributed = {id_: _evidence(found) for id_, found in row["attributed"].items()}
    evidence = None if row["evidence"] is None else _evidence(row["evidence"])
    kind = OutcomeKind(row["kind"])
    absence = Absence(row["absence"]) if row["absence"] else None
    return Outcome(
        **{
            **row,
            "kind": kind,
            "absence": absence,
            "evidence": evidence,
            "attributed": attributed,
            "moves": tuple(row["moves"]),
        }
    )


def _evidence(row: dict[str, Any]) -> Evidence:
    """Tuples come as lists over the wire."""
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    steps = tuple(Step(**step) for step in row["steps"])
    cost = Cost(**row["cost"]) if row["cost"] else None
    return Evidence(**values | {"steps": steps, "cost": cost})
