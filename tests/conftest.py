"""What all tests of a process share."""

from collections.abc import Iterator

import pytest

from points_conformance.rules.api.generation.generator import kept_running


@pytest.fixture(scope="session", autouse=True)
def schemathesis_stays_up() -> Iterator[None]:
    """One Schemathesis for all runs against servers: starting it takes half of a standard run."""
    with kept_running():
        yield
