"""A step that was refused is not told; of one whose answer was a server error nobody knows."""

import contextlib

import httpx
import pytest

from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.judging.finding import Finding, NetworkTrouble, NotExercised
from points_conformance.rules.api.statuses import a_refused_step_is_not_told
from points_conformance.rules.api.steps import fresh_order
from points_conformance.targets.api.build import embedded_target


class AnswersAnew(httpx.BaseTransport):
    """A server that does what it is asked, and answers each authorize with this status."""

    def __init__(self, inner: httpx.BaseTransport, status: int) -> None:
        self.inner = inner
        self.status = status

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Do it, and say something else."""
        answer = self.inner.handle_request(request)
        if request.url.path.endswith("/authorize"):
            return httpx.Response(self.status, json={"message": "no"}, request=request)
        return answer


@pytest.mark.parametrize(
    ("status", "raised"), [(502, NotExercised), (503, NotExercised), (422, Finding)]
)
def test_a_server_error_is_no_refusal(status: int, raised: type[Exception]) -> None:
    """A proxy may lose the answer to a step that was done, and that is told therefore."""
    api = embedded_target()
    api.client = httpx.Client(transport=AnswersAnew(api.client._transport, status))
    order = fresh_order(api, OrderStatus.NEW, OrderType.REPLACING, total=5_000)
    with contextlib.suppress(NetworkTrouble):
        api.step(order, "authorize")
    with pytest.raises(raised):
        a_refused_step_is_not_told(api)
    api.client.close()
