"""Suites to inherit from: one parametrized test per rule, in the user's own test file.

.. code-block:: python

    from points_conformance.suite import ApiSuite, ClientSuite, ConsumerSuite

    class TestPoints(ApiSuite):
        pass
"""

from points_conformance.suite.run_api import ApiSuite
from points_conformance.suite.run_client import ClientSuite
from points_conformance.suite.run_consumer import ConsumerSuite
from points_conformance.targets.client.outcome import ClientOutcome
from points_conformance.targets.consumer.probe import ConsumerState

__all__ = ["ApiSuite", "ClientOutcome", "ClientSuite", "ConsumerState", "ConsumerSuite"]
