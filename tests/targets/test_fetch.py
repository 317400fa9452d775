"""One answer, read within bounds."""

import gzip
import io
import time
import tracemalloc
import zlib
from collections.abc import Iterator

import httpx
import pytest
from tests.cli.command import listening

from points_conformance.contract.bounds import MOST_BYTES, MOST_DIGITS
from points_conformance.simulator.messages import load_json
from points_conformance.targets.fetch import Fetched, fetch


def served(body: bytes, **headers: str) -> Fetched:
    """What is read of a body that comes in pieces of 64 KB."""

    class Stream(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for at in range(0, len(body), 65536):
                yield body[at : at + 65536]

    named = {name.replace("_", "-"): value for name, value in headers.items()}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=named, stream=Stream()))
    with httpx.Client(transport=transport) as client:
        return fetch(client, "GET", "http://127.0.0.1/x", headers={}, seconds=30)


def raw_deflate(body: bytes) -> bytes:
    """Deflate without its head, as some servers send it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (b'{"a": 1}', "identity"),
        (gzip.compress(b'{"a": 1}'), "gzip"),
        (zlib.compress(b'{"a": 1}'), "deflate"),
        (raw_deflate(b'{"a": 1}'), "deflate"),
        (gzip.compress(gzip.compress(b'{"a": 1}')), "gzip, GZIP"),
        (b"", "gzip"),
    ],
    ids=["plain", "gzip", "deflate", "raw deflate", "gzip in gzip", "empty"],
)
def test_ordinary_answers_are_read_as_they_are(packed: bytes, encoding: str) -> None:
    """Compressed or not."""
    answer = served(packed, content_encoding=encoding)
    assert not answer.too_much
    assert answer.content == (b'{"a": 1}' if packed else b"")


def test_what_says_that_it_is_compressed_and_is_not_is_an_error_of_the_client() -> None:
    """As any other answer that breaks HTTP."""
    with pytest.raises(httpx.DecodingError):
        served(b"plain", content_encoding="gzip")


def test_a_gzip_bomb_is_unpacked_no_further_than_the_bound() -> None:
    """200 MB in 200 KB: 8 MiB are looked at, and what is kept is short."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        for _ in range(200):
            file.write(bytes(1_000_000))
    tracemalloc.start()
    try:
        answer = served(packed.getvalue(), content_encoding="gzip")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.too_much
    assert len(answer.content) <= 1000
    assert peak < 6 * MOST_BYTES


def test_a_body_of_the_bound_is_read_and_one_byte_more_is_not() -> None:
    """Plain or compressed."""
    for size, too_much in ((MOST_BYTES, False), (MOST_BYTES + 1, True)):
        body = bytes(size)
        assert served(body).too_much is too_much
        assert served(gzip.compress(body, 1), content_encoding="gzip").too_much is too_much


def test_an_answer_that_drips_a_byte_a_time_for_ever_is_given_up() -> None:
    """And nothing of this process still reads it: the connection is closed."""
    gone = []

    def drip(handler: object) -> None:
        handler.send_response(200)  # type: ignore[attr-defined]
        handler.send_header("Content-Length", "1000000")  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]
        end = time.monotonic() + 20
        try:
            while time.monotonic() < end:
                handler.wfile.write(b" ")  # type: ignore[attr-defined]
                time.sleep(0.05)
        except OSError:
            gone.append(True)

    with listening(drip) as server, httpx.Client() as client:
        began = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            fetch(client, "GET", server.base_url, headers={}, seconds=0.5)
        assert time.monotonic() - began < 5
        while not gone and time.monotonic() - began < 10:
            time.sleep(0.05)
        assert gone == [True]


@pytest.mark.parametrize(
    "text",
    ["1e9999999", "-1e9999999", "1e-9999999", "0e9999999", "9" * 5000, "1." + "9" * 5000,
     "NaN", "Infinity", "-Infinity", "[" * 200_000],
)  # fmt: skip
def test_a_number_that_no_program_can_take_is_no_json(text: str) -> None:
    """At once, and with a word on why."""
    began = time.process_time()
    with pytest.raises(ValueError, match=r"digits|JSON"):
        load_json(text.encode())
    assert time.process_time() - began < 2


def test_a_number_of_the_most_digits_is_read() -> None:
    """Nobody's order has one, and it harms nobody."""
    assert load_json(b"9" * MOST_DIGITS) == int("9" * MOST_DIGITS)
    assert load_json(b"1e400").adjusted() == 400


def test_accept_that_is_empty_is_not_sent() -> None:
    """A call may say nothing of what it accepts; where nobody asks for that it says anything."""
    seen: list[str | None] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("accept"))
        return httpx.Response(200)

    with httpx.Client(transport=httpx.MockTransport(handle)) as client:
        for headers in ({"Accept": ""}, {}, {"Accept": "text/plain"}):
            fetch(client, "GET", "http://127.0.0.1/", headers=headers)
    assert seen == [None, "*/*", "text/plain"]
