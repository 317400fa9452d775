"""How a family of rules about consumers begins: ``rule = family(...)``, then ``@rule(...)``."""

from typing import Final, Unpack

from points_conformance.judging.catalogue import Registrar, Terms
from points_conformance.judging.rule import Source
from points_conformance.subjects import Subject

__all__ = ["family"]

#: How long a rule goes on at most, in seconds: more than any takes of a consumer that needs 5 s for
#: a delivery.
_SECONDS: Final = 120.0


def family(*sources: Source, **terms: Unpack[Terms]) -> Registrar:
    """Collects the rules of one module."""
    terms.setdefault("seconds", _SECONDS)
    return Registrar(Subject.CONSUMER, *sources, **terms)
