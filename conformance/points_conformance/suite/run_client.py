"""What the command runs: the same suite that an integrator inherits from."""

from points_conformance.suite import ClientSuite

__all__ = ["TestClient"]


class TestClient(ClientSuite):
    """The client of the command."""
