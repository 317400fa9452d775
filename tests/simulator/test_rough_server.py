"""The server that is as rough as a network: each way to end a connection, TLS, and its own end."""

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache

import httpx
import pytest
import trustme
from tests.standstill import stand_still

from points_conformance.simulator.messages import Request, Response
from points_conformance.simulator.mounts.rough_server import End, RoughServer, Sent

BODY = b'{"status":true,"data":{"order_status":"fully_refunded"}}'
CALL = b"POST /api/v1/orders/x/refund HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
#: Seconds: how long anything in here may take at most.
SOON = 5.0


def well(request: Request) -> Sent:
    """The answer that everybody hopes for."""
    del request
    return Sent(Response(200, {"Content-Type": "application/json"}, BODY))


def ending(end: End) -> Callable[[Request], Sent]:
    """An answer that would be well, on a connection that ends so."""
    return lambda request: Sent(well(request).response, end)


@contextlib.contextmanager
def serving(
    answer: Callable[[Request], Sent] = well,
    *,
    context: ssl.SSLContext | None = None,
    plain: Callable[[Request], Sent] | None = None,
) -> Iterator[RoughServer]:
    """A server for as long as the block lasts; it must end soon."""
    server = RoughServer(answer, context=context, plain=plain)
    server.start()
    try:
        yield server
    finally:
        started = time.monotonic()
        server.stop()
        assert time.monotonic() - started < SOON


@cache
def anyone() -> httpx.Client:
    """A client that trusts everybody and keeps no connection; made once, for it costs."""
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(verify=False, trust_env=False, limits=limits)


def connected(server: RoughServer) -> socket.socket:
    """A connection of a client that has not said anything."""
    return socket.create_connection((server.host, server.port), timeout=SOON)


def all_of(client: socket.socket) -> bytes:
    """Everything that comes until the other end closes. Raises what ``recv`` does."""
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


def one_answer(client: socket.socket) -> bytes:
    """What comes until the body that is always sent is whole."""
    got = b""
    while not got.endswith(BODY):
        part = client.recv(65536)
        assert part, got
        got += part
    return got


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Signs what servers here show."""
    return trustme.CA()


@pytest.fixture(scope="module")
def context(authority: trustme.CA) -> ssl.SSLContext:
    """A server's side of TLS."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(made)
    return made


# ---------------------------------------------------------------------- how connections end
def test_two_requests_share_a_connection_that_is_kept() -> None:
    """The second is answered on the same socket."""
    with serving() as server, connected(server) as client:
        for _ in range(2):
            client.sendall(CALL)
            assert one_answer(client).startswith(b"HTTP/1.1 200")


def test_a_client_that_wants_the_connection_closed_has_it_closed() -> None:
    """``Connection: close`` is obeyed after the answer."""
    with serving() as server, connected(server) as client:
        client.sendall(CALL.replace(b"Host: x", b"Host: x\r\nConnection: close"))
        assert all_of(client).endswith(BODY)


def test_a_closed_connection_carries_no_answer() -> None:
    """Not one byte comes, and the end is orderly."""
    with serving(ending(End.CLOSED)) as server, connected(server) as client:
        client.sendall(CALL)
        assert all_of(client) == b""


def test_a_reset_connection_is_reset() -> None:
    """The client's own system says so."""
    with serving(ending(End.RESET)) as server, connected(server) as client:
        client.sendall(CALL)
        with pytest.raises(ConnectionResetError):
            all_of(client)


def test_half_an_answer_is_half_of_it() -> None:
    """The head says more than comes, and httpx calls it broken."""
    with serving(ending(End.HALF)) as server:
        with connected(server) as client:
            client.sendall(CALL)
            half = all_of(client)
        with serving() as whole, connected(whole) as client:
            client.sendall(CALL)
            assert len(half) == len(one_answer(client)) // 2
        with pytest.raises(httpx.RemoteProtocolError):
            anyone().post(server.origin)


def test_silence_lasts_until_the_client_gives_up() -> None:
    """No byte and no end comes: the client's own timeout ends it."""
    with serving(ending(End.SILENT)) as server, pytest.raises(httpx.ReadTimeout):
        anyone().post(server.origin, timeout=0.3)


def test_a_slow_answer_comes_late_and_whole() -> None:
    """Not before its time."""
    with serving(lambda request: Sent(well(request).response, seconds=0.3)) as server:
        started = time.monotonic()
        assert anyone().post(server.origin).content == BODY
        assert time.monotonic() - started >= 0.3


def test_connections_are_refused_until_the_server_listens() -> None:
    """``after`` seconds nobody listens on the port; then somebody does."""
    server = RoughServer(well)
    server.start(after=0.4)
    try:
        with pytest.raises(httpx.ConnectError):
            anyone().get(server.origin)
        _until_listening(server)
        assert anyone().get(server.origin).content == BODY
    finally:
        server.stop()


def _until_listening(server: RoughServer) -> None:
    for _ in range(100):
        with contextlib.suppress(ConnectionRefusedError), connected(server):
            return
        time.sleep(0.05)
    pytest.fail("nobody listens")


# ---------------------------------------------------------------------- requests
def test_a_request_arrives_as_it_was_sent() -> None:
    """Method, path, query, headers in lower case, body."""
    came: list[Request] = []

    def note(request: Request) -> Sent:
        came.append(request)
        return well(request)

    with serving(note) as server:
        url = f"{server.origin}/orders/x/refund?a=1"
        anyone().post(url, content=b"{}", headers={"X-Api-Key": "k"})
    request = came[0]
    assert (request.method, request.path, request.query) == ("POST", "/orders/x/refund", "a=1")
    assert (request.headers["x-api-key"], request.body) == ("k", b"{}")


def test_a_chunked_body_is_put_together() -> None:
    """In whatever pieces it comes."""
    came: list[bytes] = []

    def note(request: Request) -> Sent:
        came.append(request.body)
        return well(request)

    with serving(note) as server:
        anyone().post(server.origin, content=iter([b'{"amount":', b" 25.00", b"}"]))
    assert came == [b'{"amount": 25.00}']


def test_who_waits_for_100_continue_is_told_to_go_on() -> None:
    """As curl does before larger bodies."""
    head, _, body = CALL.partition(b"\r\n\r\n")
    with serving() as server, connected(server) as client:
        client.sendall(head + b"\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 100")
        client.sendall(body)
        assert one_answer(client).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "junk",
    [
        b"\x00\xff" * 500,
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 300_000,
        CALL[:-1],
        b"",
    ],
    ids=["bytes", "version", "length", "chunks", "head", "cut off", "nothing"],
)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_junk_does_no_harm(junk: bytes, tls: bool, context: ssl.SSLContext) -> None:
    """The connection ends, and the next client is answered."""
    with serving(context=context if tls else None, plain=well) as server:
        with contextlib.suppress(OSError), connected(server) as client:
            client.sendall(junk)
            client.shutdown(socket.SHUT_WR)
            all_of(client)
        answer = anyone().get(f"{server.origin}/")
    assert answer.content == BODY


def test_a_body_without_end_is_cut_off() -> None:
    """More than 4 MiB is read of nobody."""
    with serving() as server, connected(server) as client:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n"
        with pytest.raises(ConnectionError):
            client.sendall(head + b"x" * 64 * 1024 * 1024)


# ---------------------------------------------------------------------- TLS
def test_who_trusts_the_authority_is_answered_over_tls(
    authority: trustme.CA, context: ssl.SSLContext
) -> None:
    """And who does not refuses the certificate, without harm."""
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with serving(context=context) as server:
        assert server.origin.startswith("https://")
        with pytest.raises(httpx.ConnectError, match="certificate"):
            httpx.get(server.origin, trust_env=False)
        assert httpx.get(server.origin, verify=trusting, trust_env=False).content == BODY


@pytest.mark.parametrize("end", [End.CLOSED, End.RESET, End.HALF])
def test_tls_connections_end_as_roughly(end: End, context: ssl.SSLContext) -> None:
    """No whole answer comes."""
    with serving(ending(end), context=context) as server, pytest.raises(httpx.RequestError):
        anyone().post(server.origin)


def test_plain_http_to_a_tls_port_is_answered_apart(context: ssl.SSLContext) -> None:
    """By ``plain``, who can note it."""

    def note(request: Request) -> Sent:
        return Sent(Response(400, {}, f"plain {request.path}".encode()))

    with serving(context=context, plain=note) as server:
        answer = anyone().get(f"http://{server.host}:{server.port}/x")
    assert (answer.status_code, answer.text) == (400, "plain /x")


# ---------------------------------------------------------------------- a process that stands still
def test_it_knows_how_long_the_process_stood_still() -> None:
    """Nothing in the process ran for a while: no call could have been answered."""
    with serving() as server:
        time.sleep(0.2)
        calm = server.held_up
        stand_still(0.6)
        time.sleep(0.2)
        assert calm < 0.5 < server.held_up < SOON


# ---------------------------------------------------------------------- its end
@pytest.mark.parametrize(
    "said", [b"", b"\x16", CALL[:20], CALL], ids=["nothing", "handshake", "half", "all"]
)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_stop_ends_open_connections_soon(said: bytes, tls: bool, context: ssl.SSLContext) -> None:
    """Whatever a client has said so far: it waits for none."""
    silent = ending(End.SILENT)
    server = RoughServer(silent, context=context if tls else None, plain=silent)
    server.start()
    with connected(server) as client:
        client.sendall(said)
        time.sleep(0.1)
        started = time.monotonic()
        server.stop()
        assert time.monotonic() - started < SOON
        assert select.select([client], [], [], SOON)[0]
    assert not [t for t in threading.enumerate() if t.name == "points-rough-server"]


def test_stop_ends_a_slow_answer_and_a_server_that_never_listened() -> None:
    """Nobody waits out what will not be sent."""
    slow = RoughServer(lambda request: Sent(well(request).response, seconds=60))
    slow.start()
    never = RoughServer(well)
    never.start(after=60)
    with connected(slow) as client:
        client.sendall(CALL)
        time.sleep(0.1)
        started = time.monotonic()
        slow.stop()
        never.stop()
        assert time.monotonic() - started < SOON


def test_an_address_is_free_again_after_the_end() -> None:
    """Nobody listens any longer."""
    with serving() as server:
        anyone().get(server.origin)
    with pytest.raises(httpx.ConnectError):
        anyone().get(server.origin)
