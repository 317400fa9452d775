"""Hooks that a user may implement in a conftest or a plugin module. The first result wins."""

from typing import Any

import pytest

__all__ = [
    "pytest_points_auto_refund",
    "pytest_points_consumer_order",
    "pytest_points_consumer_state",
    "pytest_points_make_order",
]


@pytest.hookspec(firstresult=True)
def pytest_points_make_order(
    config: pytest.Config,
    type: str,  # noqa: A002 - the API's word
    order_status: str,
    total_price: Any,
) -> str | None:
    """Make an order for the run and return its uuid, or ``None`` where you cannot.

    ``type`` is ``earning`` or ``replacing``, ``order_status`` the status it must be in,
    ``total_price`` a Decimal in SAR.
    """


@pytest.hookspec(firstresult=True)
def pytest_points_auto_refund(config: pytest.Config, order_uuid: str) -> bool | None:
    """Have the platform refund this replacing order by itself; true where that was triggered."""


@pytest.hookspec(firstresult=True)
def pytest_points_consumer_order(config: pytest.Config, order: dict[str, Any]) -> bool | None:
    """Tell your consumer of an order before its first delivery; true where that was done.

    ``order`` has ``id`` (the uuid that webhooks carry), ``order_number``, ``type``,
    ``order_status``, ``total_price`` (a Decimal in SAR) and ``total_points``.
    """


@pytest.hookspec(firstresult=True)
def pytest_points_consumer_state(config: pytest.Config, order_id: str) -> Any:
    """What your consumer keeps of an order, as ``points_conformance.suite.ConsumerState(status,
    refunded)``, or ``None`` where it does not know it. ``refunded`` is in SAR.
    """
