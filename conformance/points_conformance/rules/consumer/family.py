"""How a family of rules about consumers begins: ``rule = family(...)``, then ``@rule(...)``."""

from typing import Unpack

from points_conformance.judging.catalogue import Registrar, Terms
from points_conformance.judging.rule import Source
from points_conformance.subjects import Subject

__all__ = ["family"]


def family(*sources: Source, **terms: Unpack[Terms]) -> Registrar:
    """Collects the rules of one module."""
    return Registrar(Subject.CONSUMER, *sources, **terms)
