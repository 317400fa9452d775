"""Clients that are wrong in one way each, and the rules that catch them."""

from typing import Final

from points_conformance.defects.client import answers as clients_answers
from points_conformance.defects.client import bodies as clients_bodies
from points_conformance.defects.client import keys as clients_keys
from points_conformance.defects.client import lost as clients_lost
from points_conformance.defects.client import pace as clients_pace
from points_conformance.defects.client.defect import ClientDefect

__all__ = ["DEFECTS", "ClientDefect", "client_caught_by", "named"]

DEFECTS: Final[list[ClientDefect]] = [
    *clients_bodies.seed.defects,
    *clients_keys.seed.defects,
    *clients_answers.seed.defects,
    *clients_lost.seed.defects,
    *clients_pace.seed.defects,
]


def client_caught_by(rule_id: str) -> list[str]:
    """The defects that a rule is declared to catch."""
    return [defect.id for defect in DEFECTS if rule_id in defect.caught_by]


def named(id_: str) -> ClientDefect:
    """The defect of this ID. Raises :class:`KeyError`."""
    return {defect.id: defect for defect in DEFECTS}[id_]
