"""Hooks that a user may implement in a conftest or a plugin module. The first result wins."""

from typing import Any

import pytest

__all__ = ["pytest_points_auto_refund", "pytest_points_make_order"]


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
