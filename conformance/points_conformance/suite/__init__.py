"""Suites to inherit from: one parametrized test per rule, in the user's own test file.

.. code-block:: python

    from points_conformance.suite import ApiSuite

    class TestPoints(ApiSuite):
        pass
"""

from points_conformance.suite.suites import ApiSuite

__all__ = ["ApiSuite"]
