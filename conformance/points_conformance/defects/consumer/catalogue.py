"""Every wrong consumer, and which of them a rule catches."""

from typing import Final

from points_conformance.defects.api.defect import DefectError
from points_conformance.defects.consumer import answers as consumer_answers
from points_conformance.defects.consumer import books as consumer_books
from points_conformance.defects.consumer import payloads as consumer_payloads
from points_conformance.defects.consumer.defect import ConsumerDefect

__all__ = ["DEFECTS", "consumer_caught_by", "named"]

DEFECTS: Final[tuple[ConsumerDefect, ...]] = (
    *consumer_answers.seed.defects,
    *consumer_books.seed.defects,
    *consumer_payloads.seed.defects,
)


def named(id_: str) -> ConsumerDefect:
    """The wrong consumer of this ID. Raises :class:`DefectError`."""
    for defect in DEFECTS:
        if defect.id == id_:
            return defect
    raise DefectError(f"no wrong consumer has the ID {id_!r}")


def consumer_caught_by(rule_id: str) -> list[str]:
    """The defects that a rule is declared to catch."""
    return [defect.id for defect in DEFECTS if rule_id in defect.caught_by]
