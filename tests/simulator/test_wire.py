"""The wire to URLs: closing it leaves nothing behind, whatever an attempt was doing."""

import gc
import random
import socket
import sys
import time
import warnings

import httpx
import pytest

from points_conformance.simulator.delivery.receivers import Wire


def test_closing_leaves_no_coroutine(monkeypatch: pytest.MonkeyPatch) -> None:
    """At any moment of making a connection: one left behind fails a test that runs later."""
    left: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: left.append(unraisable.object))
    moments = random.Random("moments")
    with socket.socket() as listener, warnings.catch_warnings():
        warnings.simplefilter("error")
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        for _ in range(60):
            wire = Wire(timeout=5)
            under_way = [wire._send(httpx.Request("POST", url)) for _ in range(3)]
            time.sleep(moments.uniform(0, 0.005))
            wire.close()
            assert [reply.result().status for reply in under_way] == [None] * 3
        gc.collect()
    assert not left
