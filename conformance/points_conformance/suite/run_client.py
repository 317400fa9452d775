"""The suite that judges a client, and what the command runs of it."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from points_conformance.targets.client.outcome import outcome_of

__all__ = ["ClientSuite", "TestClient"]


class ClientSuite:
    """Judges an integrator's API client: ``test_rule[client.lost-partial-answer]``.

    ``points_api_client`` is what is judged: a class or function ``(base_url, api_key)`` (and
    ``ca_file`` by keyword, where HTTPS is to be judged) that makes an object with
    ``cancel(order_uuid, reason=None)`` and ``refund(order_uuid, amount=None, reason=None)``, sync
    or async, the amount a ``Decimal`` in SAR. By default the options choose a command.

    ``points_client_outcome`` says what a result or an error means; see
    :func:`~points_conformance.targets.client.outcome.outcome_of` for what it says by default.
    """

    points_subject: ClassVar[str] = "client"

    @pytest.fixture
    def points_api_client(self) -> Any:
        """What is judged."""
        return None

    @pytest.fixture
    def points_client_outcome(self) -> Any:
        """Replace it by a function ``(result, error) -> ClientOutcome``, or its word."""
        return outcome_of

    def test_rule(
        self,
        points_rule: str,
        points_judge: Callable[[str, Any], None],
        points_api_client: Any,
        points_client_outcome: Any,
    ) -> None:
        """The rule holds."""
        points_judge(points_rule, (points_api_client, points_client_outcome))


class TestClient(ClientSuite):
    """The client of the command."""
