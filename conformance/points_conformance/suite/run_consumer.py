"""The suite that judges a consumer, and what the command runs of it."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

__all__ = ["ConsumerSuite", "TestConsumer"]


class ConsumerSuite:
    """Judges a consumer of Points' webhooks: ``test_rule[consumer.second-partial-refund]``.

    ``points_consumer`` is what is judged: a URL, an ASGI or WSGI application (served on loopback),
    or a function ``(httpx.Request) -> int | httpx.Response``. By default the options choose. The
    secret is in ``POINTS_WEBHOOK_SECRET``.
    """

    points_subject: ClassVar[str] = "consumer"

    @pytest.fixture
    def points_consumer(self) -> Any:
        """What is judged."""
        return None

    def test_rule(
        self, points_rule: str, points_judge: Callable[[str, Any], None], points_consumer: Any
    ) -> None:
        """The rule holds."""
        points_judge(points_rule, points_consumer)


class TestConsumer(ConsumerSuite):
    """The consumer of the command."""
