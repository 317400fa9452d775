"""Every wrong consumer, and which of them a rule catches."""

from typing import Final

from points_conformance.defects import consumer_answers, consumer_books, consumer_payloads
from points_conformance.defects.consumer_defect import ConsumerDefect

__all__ = ["DEFECTS", "consumer_caught_by"]

DEFECTS: Final[tuple[ConsumerDefect, ...]] = (
    *consumer_answers.seed.defects,
    *consumer_books.seed.defects,
    *consumer_payloads.seed.defects,
)


def consumer_caught_by(rule_id: str) -> list[str]:
    """The defects that a rule is declared to catch."""
    return [defect.id for defect in DEFECTS if rule_id in defect.caught_by]
