"""What the command runs: the same suite that an integrator inherits from."""

from points_conformance.suite import ConsumerSuite

__all__ = ["TestConsumer"]


class TestConsumer(ConsumerSuite):
    """The consumer of the command."""
