"""Seeded defects: small wrong variants of the simulator, by which the kit itself is judged.

Each exchanges one part of the simulator (:class:`~points_conformance.simulator.core.Parts`); the
simulator's own code knows of none. The self-check runs the suite against every one of them.
"""

__all__: list[str] = []
