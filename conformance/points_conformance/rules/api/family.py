"""How a family of rules about servers begins: ``rule = family(...)``, then ``@rule(...)``."""

from typing import Unpack

from points_conformance.judging.catalogue import Registrar, Terms
from points_conformance.judging.rule import Source
from points_conformance.rules.api.other_orders import with_other_orders
from points_conformance.subjects import Subject

__all__ = ["family"]


def family(*sources: Source, **terms: Unpack[Terms]) -> Registrar:
    """Collects the rules of one module. Where an order is turned away the next one is tried."""
    return Registrar(Subject.API, *sources, around=with_other_orders, **terms)
