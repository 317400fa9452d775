"""The shipped fault dictionary: ``specs/signatures.json``, as the self-check recorded it."""

from functools import cache
from typing import Final

from points_conformance.contract.specs import text
from points_conformance.judging.causes import Fault
from points_conformance.judging.signatures import Recorded
from points_conformance.subjects import Subject

__all__ = ["SIGNATURES", "faults_of", "shipped"]

SIGNATURES: Final = "signatures.json"


@cache
def shipped() -> Recorded:
    """The recording that ships with the kit."""
    return Recorded.read(text(SIGNATURES))


@cache
def faults_of(subject: Subject) -> tuple[Fault, ...]:
    """The recorded faults of a subject."""
    return shipped().faults(subject)
