"""Answers that no program should have to take: a finding or exit 2, soon, and in little memory."""

from __future__ import annotations

import functools
import re
import zlib
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from tests.cli.command import Ended
from tests.cli.spoilt import Spoil, judged, send

from points_conformance.simulator import Response, Simulator

SMOKE = ("--profile", "smoke")
KEY_ALONE = ("--select", "auth.valid-key")


@functools.cache
def bomb() -> bytes:
    """A gigabyte of blanks in a megabyte."""
    packer = zlib.compressobj(6, wbits=31)
    packed = [packer.compress(bytes(2**20)) for _ in range(1024)]
    return b"".join([*packed, packer.flush()])


def asks(handler: BaseHTTPRequestHandler, method: str, end: str) -> bool:
    """Whether a call is this one."""
    return handler.command == method and handler.path.partition("?")[0].endswith(end)


def bomb_to(method: str, end: str) -> Spoil:
    """A gzip bomb in answer to one operation."""

    def spoil(handler: BaseHTTPRequestHandler, response: Response) -> bool:
        if not asks(handler, method, end):
            return False
        send(handler, 200, bomb(), **{"Content-Encoding": "gzip"})
        return True

    return spoil


def instead(pattern: str, new: str) -> Spoil:
    """Every answer with a text in the place of what fits a pattern."""

    def spoil(handler: BaseHTTPRequestHandler, response: Response) -> bool:
        body = re.sub(pattern, lambda _: new, response.body.decode()).encode()
        send(handler, response.status, body, **response.headers)
        return True

    return spoil


def told(done: Ended) -> str:
    """All that was said; never a trace."""
    said = done.out + done.err
    assert "Traceback" not in said
    assert "the kit itself failed" not in said
    return said


def test_a_gzip_bomb_is_a_finding_of_the_rule_and_never_unpacked(tmp_path: Path) -> None:
    """An answer of more than 8 MiB after decompression fails the rule that got it."""
    done = judged(tmp_path, Simulator(), bomb_to("POST", "/refund"), "--select", "refund.partial")
    assert done.status == 1, done
    assert "an answer of more than 8 MiB" in told(done)


def test_a_gzip_bomb_before_the_first_rule_is_2(tmp_path: Path) -> None:
    """What answers so is not judged at all."""
    done = judged(tmp_path, Simulator(), bomb_to("GET", "c0de"), *KEY_ALONE)
    assert done.status == 2, done
    assert "an answer of more than 8 MiB" in told(done)


@pytest.mark.parametrize(
    "number", ["1e9999999", "9" * 5000, "NaN", "Infinity", "-Infinity", "1e-9999999"]
)
def test_a_number_that_no_program_can_take_is_a_finding(tmp_path: Path, number: str) -> None:
    """total_points of ten million digits, of 5,000, or none at all: never green, never for ever."""
    done = judged(
        tmp_path, Simulator(), instead(r'"total_points":[0-9.]+', f'"total_points":{number}'),
        "--select", "envelope.*", "--select", "points.*", *SMOKE,
    )  # fmt: skip
    assert done.status == 1, done
    assert "a number that no program can take" in told(done)


HALF = "\\ud800"


@pytest.mark.parametrize("field", ["uuid", "order_number", "reason", "order_status"])
def test_half_a_surrogate_pair_in_an_order_breaks_nothing(tmp_path: Path, field: str) -> None:
    """It is read, judged and written down like any other wrong text."""
    done = judged(
        tmp_path, Simulator(), instead(rf'"{field}":"[^"]*"', f'"{field}":"{HALF}"'),
        "--profile", "smoke",
    )  # fmt: skip
    assert done.status in (0, 1, 2), done
    told(done)
    if field in ("uuid", "order_status"):
        assert done.report["verdict"] != "conformant"


def test_half_a_surrogate_pair_in_an_endpoints_uuid_breaks_nothing(tmp_path: Path) -> None:
    """Such an endpoint cannot be removed: a line says that it stays."""
    done = judged(
        tmp_path, Simulator(),
        instead(r'"uuid":"[^"]*","merchant_id"', f'"uuid":"{HALF}","merchant_id"'),
        "--webhook-listen", "127.0.0.1:0", "--select", "webhook.endpoint-*",
    )  # fmt: skip
    assert done.status in (1, 2), done
    assert "still registered" in " ".join(told(done).split())
