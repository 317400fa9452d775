"""A Points API that obeys the contract: one function from request to response, no sockets.

Its parts are small classes that a test may exchange one by one; the seeded defects do just that.
"""

from points_conformance.simulator.clock import Clock, ManualClock, SystemClock
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.messages import Request, Response
from points_conformance.simulator.world import Delivery, Endpoint, Merchant, Order

__all__ = [
    "Clock",
    "Delivery",
    "Endpoint",
    "ManualClock",
    "Merchant",
    "Order",
    "Request",
    "Response",
    "Simulator",
    "SystemClock",
]
