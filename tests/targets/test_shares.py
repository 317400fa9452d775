"""Judgings of one target share its bounds: none goes faster than its part."""

import threading
import time
from contextlib import nullcontext

from points_conformance.judging.share import Share
from points_conformance.targets.api.build import LiveSettings, live_target
from points_conformance.targets.api.turns import turn_at
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


def test_orders_are_asked_for_in_turn_where_several_processes_judge() -> None:
    """Whoever holds the turn is waited for; at another server nobody is."""
    assert turn_at(FAR, processes=1) is nullcontext
    url = f"https://sandbox.example/{time.monotonic_ns()}"
    ours, theirs, elsewhere = (turn_at(at, processes=2) for at in (url, url, url + "/other"))
    entered = threading.Event()

    def enter() -> None:
        with theirs():
            entered.set()

    other = threading.Thread(target=enter)
    with ours():
        with elsewhere():
            other.start()
        assert not entered.wait(0.3)
    assert entered.wait(5)
    other.join()
