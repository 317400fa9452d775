"""Suites to inherit from: one parametrized test per rule, in the user's own test file.

.. code-block:: python

    from points_conformance.suite import ApiSuite, ConsumerSuite

    class TestPoints(ApiSuite):
        pass
"""

from points_conformance.suite.suites import ApiSuite, ConsumerSuite
from points_conformance.targets.consumer_probe import ConsumerState

__all__ = ["ApiSuite", "ConsumerState", "ConsumerSuite"]
