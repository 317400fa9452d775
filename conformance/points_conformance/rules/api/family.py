"""How a family of rules about servers begins: ``rule = family()``, then ``@rule(...)``."""

from points_conformance.judging.catalogue import Registrar
from points_conformance.rules.api.other_orders import with_other_orders
from points_conformance.subjects import Subject

__all__ = ["family"]


def family() -> Registrar:
    """Collects the rules of one module. Where an order is turned away the next one is tried."""
    return Registrar(Subject.API, with_other_orders)
