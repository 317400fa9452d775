"""Each rule of the kit is a test: ``pytest``, or ``pytest --points-profile smoke``."""

import pytest
from shop.points import PointsClient
from shop.web import app

from points_conformance.suite import ClientSuite, ConsumerSuite


class TestOurConsumer(ConsumerSuite):
    """The endpoint with its worker; where it is, and where the state is, says pyproject.toml."""

    @pytest.fixture
    def points_consumer(self):
        return app


class TestOurClient(ClientSuite):
    """What makes cancels and refunds."""

    @pytest.fixture
    def points_api_client(self):
        return PointsClient
