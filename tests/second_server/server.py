"""The HTTP side, and the server as tests use it."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import sys
import threading
import time
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from . import shapes
from .api import PREFIX, Answer, Api, Request
from .courier import Courier
from .defects import desk_class
from .dialects import DIALECTS
from .shop import Shop
from .values import (
    APPROVED,
    FULLY_REFUNDED,
    PARTIALLY_REFUNDED,
    STATUSES,
    TYPE_NUMBERS,
    Json,
    Order,
    Refused,
)

if TYPE_CHECKING:
    from types import TracebackType

LARGEST_BODY = 32 * 1024 * 1024


class _Listener(ThreadingHTTPServer):
    """The listening socket; it knows its open connections, so that it can end them."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], api: Api, answer_delay: float) -> None:
        """Bind."""
        self.api = api
        self.answer_delay = answer_delay
        self.failures: list[BaseException] = []
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without the slow look-up of a host name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep alive."""
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):  # the client may have been quicker
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that went away."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            self.failures.append(error)


class _Handler(BaseHTTPRequestHandler):
    """Reads requests and writes answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one piece
    server: _Listener

    def _serve(self) -> None:
        """Answer one request."""
        try:
            answer = self.server.api.answer(self._request())
        except Refused as refusal:
            answer = self.server.api.refusal(refusal)
        except Exception as error:
            # A bug of this server: tests look at `failures`.
            self.server.failures.append(error)
            answer = self.server.api.refusal(Refused(500, "Server error."))
        self._write(answer)

    # The names are the standard library's; for those of the second line the answer is 405.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815
    do_HEAD = do_OPTIONS = do_TRACE = do_QUERY = _serve  # noqa: N815

    def _request(self) -> Request:
        """Read the request in full, so that the connection can go on."""
        path, _, query = self.path.partition("?")
        return Request(
            method=self.command,
            path=path,
            query=query,
            key=self.headers.get("x-api-key"),
            body=self._body(),
            origin=f"http://127.0.0.1:{self.server.server_port}",
        )

    def _body(self) -> bytes:
        """Read the body by its length."""
        length = self.headers.get("Content-Length", "0").strip()
        if "Transfer-Encoding" in self.headers:
            return self._chunks()
        if not (length.isascii() and length.isdigit() and len(length) < 12):
            self.close_connection = True
            raise Refused(400, "Bad Content-Length.")
        if int(length) > LARGEST_BODY:
            self.close_connection = True
            raise Refused(413, "The body is too large.")
        return self.rfile.read(int(length))

    def _chunks(self) -> bytes:
        """Read a body in chunks."""
        body = b""
        try:
            while size := int(self.rfile.readline(64).split(b";")[0].strip(), 16):
                if not 0 < size <= LARGEST_BODY - len(body):
                    raise ValueError(size)
                body += self.rfile.read(size)
                self.rfile.readline(8)
            while self.rfile.readline(65_536).strip():
                pass  # trailers
        except ValueError:
            self.close_connection = True
            raise Refused(400, "Bad chunk.") from None
        return body

    def _write(self, answer: Answer) -> None:
        """Write an answer."""
        time.sleep(self.server.answer_delay)
        body = shapes.encode(answer.body)
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what the standard library refuses in JSON as well."""
        self.close_connection = True
        status = 405 if code == 501 else int(code)
        self._write(self.server.api.refusal(Refused(status, message or "Bad request.")))

    def handle_expect_100(self) -> bool:
        """Ask for the body at once."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing."""


class SecondServer:
    """A Points API on a loopback port, with two merchants; use it as a context manager."""

    def __init__(
        self,
        dialect: str = "plain",
        defect: str | None = None,
        seed: int = 0,
        commit_delay: float = 0.0,
        *,
        port: int = 0,
        delivery_mode: str = "prompt",
        retry_pause: float = 0.05,
        longest_delay: float = 2.0,
        answer_delay: float = 0.0,
    ) -> None:
        """Bind the port; serving begins with `start`."""
        if dialect not in DIALECTS:
            raise ValueError(f"no dialect {dialect!r}; there are: {', '.join(DIALECTS)}")
        self.courier = Courier(delivery_mode, retry_pause, seed, longest_delay)
        desk = desk_class(defect)
        self.shop = Shop(DIALECTS[dialect], desk, self.courier, seed, commit_delay)
        self._merchants = dict(zip(("first", "second"), self.shop.merchants.values(), strict=True))
        self.key = self._merchants["first"].key
        self.other_key = self._merchants["second"].key
        self.public_key = self._merchants["first"].public_key
        self._made = 0
        self._listener = _Listener(("127.0.0.1", port), Api(self.shop), answer_delay)
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.01,))
        self.base_url = f"http://127.0.0.1:{self._listener.server_port}{PREFIX}"

    def start(self) -> Self:
        """Begin to serve in a thread."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and delivering."""
        if self._thread.is_alive():
            self._listener.shutdown()
        self._listener.hang_up()
        self._listener.server_close()
        self.courier.close()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def failures(self) -> list[BaseException]:
        """Return the exceptions that became a 500: each is a bug of this server."""
        return self._listener.failures

    def make_order(
        self,
        type: str = "earning",  # noqa: A002 - the word of orders files
        status: str = APPROVED,
        total_price: str = "150.00",
        merchant: str = "first",
    ) -> Json:
        """Make an order without any webhook; return its row for an orders file."""
        if type not in TYPE_NUMBERS or status not in STATUSES:
            raise ValueError(f"no such order: {type} {status}")
        halalas = int(Decimal(total_price) * 100)
        with self.shop.lock:
            self._made += 1
            number = f"MADE-{self._made:05d}"
        start = APPROVED if status in (PARTIALLY_REFUNDED, FULLY_REFUNDED) else status
        owner = self._merchants[merchant]
        order = self.shop.add_order(owner, type, start, number, halalas)
        self._bring_to(order, status)
        return self._row(order)

    def _bring_to(self, order: Order, status: str) -> None:
        """Book the refunds that a status speaks of."""
        if status == PARTIALLY_REFUNDED:
            order.refunds.append(order.total // 2)
        elif status == FULLY_REFUNDED:
            order.refunds.append(order.total)
        order.previous_status = order.status if status == order.status else APPROVED
        order.status = status

    def _row(self, order: Order) -> Json:
        """Return an order as orders files list it."""
        return {
            "uuid": order.uuid,
            "type": order.type,
            "order_status": order.status,
            "total_price": shapes.riyals(order.total, self.shop.dialect),
            "total_points": order.total_points,
            "order_number": order.order_number,
        }

    def find_order(self, order_number: str) -> Json:
        """Return the row of an order by its number: a checkout does not tell the uuid."""
        for order in list(self.shop.orders.values()):
            if order.order_number == order_number:
                return self._row(order)
        raise KeyError(order_number)

    def ledger(self, uuid: str) -> tuple[int, ...]:
        """Return the refunds booked on an order, in halalas."""
        return tuple(self.shop.orders[uuid].refunds)

    def auto_refund(self, uuid: str) -> bool:
        """Refund a replacing order as the backend does; tell whether it did."""
        return self.shop.desk.auto_refund(self.shop.orders[uuid])

    def orders_file(self, path: str | Path, n_each: int = 3) -> list[Json]:
        """Write rows of fresh orders, so many of each type and status."""
        rows = [
            self.make_order(kind, status)
            for _ in range(n_each)
            for kind in TYPE_NUMBERS
            for status in STATUSES
        ]
        Path(path).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        return rows
