"""One sandbox for the tests of clients, without the faults of the test before."""

from collections.abc import Iterator

import pytest

from points_conformance.plugin.points import Points, sandboxed


@pytest.fixture(scope="module")
def client_sandbox() -> Iterator[Points]:
    """One sandbox for all: each test has an order of its own."""
    with sandboxed() as sandbox:
        yield sandbox


@pytest.fixture
def clear(client_sandbox: Points) -> Iterator[Points]:
    """The sandbox without the faults of the test before."""
    client_sandbox.faults.clear()
    yield client_sandbox
    client_sandbox.faults.clear()
