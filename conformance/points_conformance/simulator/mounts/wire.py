"""From raw headers to the simulator's values and back: what both mounts have in common."""

from collections.abc import Iterable

from points_conformance.simulator.messages import Request, Response

__all__ = ["raw_headers", "request_from"]

RawHeaders = Iterable[tuple[bytes, bytes]]


def request_from(method: str, path: str, query: bytes, headers: RawHeaders, body: bytes) -> Request:
    """A request as the simulator takes it; a repeated header is joined, any byte is accepted."""
    read: dict[str, str] = {}
    spelt = set()
    for raw_name, raw_value in headers:
        spelling, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        name = spelling.lower()
        spelt.add(spelling)
        read[name] = f"{read[name]}, {value}" if name in read else value
    return Request(method, path, read, body, query.decode("latin-1"), frozenset(spelt))


def raw_headers(response: Response) -> list[tuple[bytes, bytes]]:
    """The response's headers as bytes, with the length of its body."""
    headers = {**response.headers, "Content-Length": str(len(response.body))}
    return [(k.lower().encode(), v.encode("latin-1", "replace")) for k, v in headers.items()]
