"""Judgings of one target share its bounds: none goes faster than its part."""

import time

from points_conformance.judging.share import Share
from points_conformance.targets.api.build import LiveSettings, live_target
from points_conformance.targets.consumer.build import ConsumerOptions, build_consumer

FAR = "https://sandbox.papp.sa/api/v1"


def seconds(pace: object) -> float:
    """What the second of two calls waits."""
    began = time.monotonic()
    pace.wait()  # type: ignore[attr-defined]
    pace.wait()  # type: ignore[attr-defined]
    return time.monotonic() - began


def test_a_far_server_is_called_at_the_rate_of_the_share() -> None:
    """Five a second by itself, two and a half where two processes judge."""
    environment = {"POINTS_API_KEY": "sk"}
    alone = live_target(LiveSettings(base_url=FAR, environment=environment))
    beside = live_target(LiveSettings(base_url=FAR, environment=environment, share=Share(4, 2)))
    assert 0.15 < seconds(alone.pace) < 0.35
    assert seconds(beside.pace) >= 0.39


def test_a_far_consumer_is_delivered_to_at_the_rate_of_the_share() -> None:
    """The same."""
    options = ConsumerOptions(url="https://shop.example/webhooks")
    assert seconds(build_consumer(options, "secret", share=Share(4, 2)).pace) >= 0.39
