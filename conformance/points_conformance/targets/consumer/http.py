"""One answer of a consumer, bounded as a whole: in seconds, and in bytes after decompression."""

import time
from typing import Final

import httpx

from points_conformance.judging.deadline import within

__all__ = ["MOST_BYTES", "exchanged"]

#: The most that is read of one answer.
MOST_BYTES: Final = 8 * 1024 * 1024
#: What said how the body travelled, and no longer holds once it has been read.
_OF_THE_WAY: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def exchanged(client: httpx.Client, request: httpx.Request, seconds: float) -> httpx.Response:
    """The whole answer to a request. Raises :class:`httpx.HTTPError`: a late one is a
    ``TimeoutException``, however slowly its bytes drip; so is no answer at all.
    """
    request.extensions["timeout"] = httpx.Timeout(seconds).as_dict()
    until = time.monotonic() + seconds
    return within(seconds, lambda: _whole(client.send(request, stream=True), until))


def _whole(answer: httpx.Response, until: float) -> httpx.Response:
    try:
        content = _content(answer, until)
    finally:
        answer.close()
    headers = [(k, v) for k, v in answer.headers.multi_items() if k.lower() not in _OF_THE_WAY]
    return httpx.Response(
        answer.status_code, headers=headers, content=content, request=answer.request
    )


def _content(answer: httpx.Response, until: float) -> bytes:
    content = bytearray()
    for part in answer.iter_bytes():
        content += part
        if len(content) > MOST_BYTES:
            raise httpx.DecodingError(f"an answer of more than {MOST_BYTES // 1024**2} MiB")
        if time.monotonic() > until:
            raise httpx.ReadTimeout("the answer drips")
    return bytes(content)
