"""One cell of a matrix: what is found in it says by its title which cell it is."""

from collections.abc import Iterator
from contextlib import contextmanager

from points_conformance.judging.finding import Finding

__all__ = ["cell"]


@contextmanager
def cell(name: str) -> Iterator[None]:
    """Whatever is found in the block names the cell, a word of the rule's own."""
    try:
        yield
    except Finding as finding:
        finding.title = f"{finding.title}: {name}"
        finding.args = (f"{finding.title}: expected {finding.expected}; got {finding.got}",)
        raise
