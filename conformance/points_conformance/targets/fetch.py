"""One answer, read within bounds: so many bytes after decompression, so long as a whole.

An HTTP client decompresses whatever comes, and its timeouts are for one read each: a few kilobytes
could become gigabytes, and a server that sends a byte now and then would hold a run up for ever.
"""

import ssl
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

import httpx

from points_conformance.contract.bounds import MOST_BYTES, MOST_SECONDS
from points_conformance.judging.deadline import within
from points_conformance.simulator.messages import load_json

__all__ = ["TOO_MUCH", "Fetched", "fetch", "tls_context"]

#: What an answer over the bound is called, wherever it comes.
TOO_MUCH: Final = f"an answer of more than {MOST_BYTES // 2**20} MiB"
#: What every call says. The encodings are those that can be decompressed a piece at a time.
_ALWAYS: Final = {
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "keep-alive",
}
#: How much of an answer over the bound is kept to be shown.
_SHOWN: Final = 1000


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer that was read. ``too_much``: its content is only the beginning."""

    status_code: int
    headers: httpx.Headers
    content: bytes
    too_much: bool = False

    def json(self) -> Any:
        """The content as JSON. Raises :class:`ValueError` where it is none."""
        return load_json(self.content)


def fetch(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes | None = None,
    seconds: float | None = MOST_SECONDS,
    timeout: float | None = None,
) -> Fetched:
    """The answer to one call; no redirect is followed. ``timeout`` replaces the client's own.

    Raises whatever the client does, and :class:`httpx.ReadTimeout` where it is not whole after so
    many seconds. Without ``seconds``, for what answers in this process, it is awaited right here.
    """
    end = None if seconds is None else time.monotonic() + seconds

    def call() -> Fetched:
        request = _request(client, method, url, headers, content, timeout)
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            body = _read(response, end)
        finally:
            response.close()
        shown = body if len(body) <= MOST_BYTES else body[:_SHOWN]
        return Fetched(response.status_code, response.headers, shown, too_much=shown is not body)

    return within(seconds, call)


def _request(
    client: httpx.Client,
    method: str,
    url: str,
    headers: Mapping[str, str],
    content: bytes | None,
    timeout: float | None,
) -> httpx.Request:
    """What the client would build as well, in three times the time. ``Accept`` that is empty is
    left out.
    """
    patience = client.timeout if timeout is None else httpx.Timeout(timeout)
    sent = {**_ALWAYS, "User-Agent": client.headers["User-Agent"], **headers}
    if not sent["Accept"]:
        del sent["Accept"]
    request = httpx.Request(
        method,
        _url(url),
        headers=sent,
        content=content,
        extensions={"timeout": patience.as_dict()},
    )
    if client.cookies:
        client.cookies.set_cookie_header(request)
    return request


#: An order is read and reversed several times, each time at one of a few addresses.
_url = lru_cache(1000)(httpx.URL)


def _read(response: httpx.Response, end: float | None) -> bytes:
    """The body decompressed; more than :data:`MOST_BYTES` where there is more, but not much."""
    if response.is_stream_consumed:  # made in this process, and whole
        return response.content
    body = _joined(response.iter_raw(), end)
    encodings = response.headers.get("content-encoding", "").lower().split(",")
    for encoding in reversed([name.strip() for name in encodings]):
        if encoding in ("gzip", "x-gzip", "deflate") and len(body) <= MOST_BYTES:
            body = _decompressed(body)
    return body


def _joined(pieces: Iterable[bytes], end: float | None) -> bytes:
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > MOST_BYTES:
            break
        if end is not None and time.monotonic() > end:
            raise httpx.ReadTimeout("no whole answer in time")
    return bytes(body)


def _decompressed(body: bytes) -> bytes:
    """At most one byte more than the bound is ever unpacked."""
    if not body:
        return body
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, MOST_BYTES + 1)
    except zlib.error:
        pass
    try:  # some servers send deflate without its head
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise httpx.DecodingError(str(error)) from None


@cache
def tls_context() -> ssl.SSLContext:
    """One verifying TLS context for every client: making one costs 50 ms."""
    return httpx.create_ssl_context()
