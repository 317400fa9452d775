"""The suite that judges an API, and what the command runs of it."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

__all__ = ["ApiSuite", "TestApi"]


class ApiSuite:
    """Judges a Points API: one test per rule, ``test_rule[cancel.default-reason]``.

    ``points_api`` is what is judged: by default ``points_target``, which the options choose. A
    class may return a base URL instead.
    """

    points_subject: ClassVar[str] = "api"

    @pytest.fixture
    def points_api(self, points_target: Any) -> Any:
        """What is judged."""
        return points_target

    def test_rule(
        self, points_rule: str, points_judge: Callable[[str, Any], None], points_api: Any
    ) -> None:
        """The rule holds."""
        points_judge(points_rule, points_api)


class TestApi(ApiSuite):
    """The target of the command."""
