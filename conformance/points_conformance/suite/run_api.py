"""What the command runs: the same suite that an integrator inherits from."""

from points_conformance.suite import ApiSuite

__all__ = ["TestApi"]


class TestApi(ApiSuite):
    """The target of the command."""
