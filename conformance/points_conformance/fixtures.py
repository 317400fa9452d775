"""The types of what the fixtures hand out, for annotations: completions in editors, and mypy.

.. code-block:: python

    from points_conformance.fixtures import Points

    def test_a_refund(points: Points) -> None:
        order = points.order(total_price="150.75")
"""

from points_conformance.plugin.points import Points
from points_conformance.simulator.world import Delivery, Endpoint, Order

__all__ = ["Delivery", "Endpoint", "Order", "Points"]
