"""Serve until killed: `python -m tests.third_server shop.sqlite --wrong part-is-all`."""

from __future__ import annotations

import argparse
import json
import secrets
import sqlite3
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PREFIX = "/api/v1"
KEY = "third_live_key_5f0e1d2c3b4a"
WRONG = {
    "twice": "Carries out a full refund of what was refunded in full.",
    "part-is-all": "Takes a part for all.",
    "remainder-is-part": "Never says that an order is fully refunded by its parts.",
    "silent": "Sends no webhook of a refund.",
    "moved": "Redirects refunds to another host.",
    "cancel-stays-new": "Says cancelled, and leaves the order as it was.",
}
SCHEMA = """
CREATE TABLE IF NOT EXISTS orders(
    uuid TEXT PRIMARY KEY, number TEXT, type INTEGER, status TEXT, total INTEGER, back INTEGER);
CREATE TABLE IF NOT EXISTS endpoints(
    uuid TEXT PRIMARY KEY, name TEXT, url TEXT UNIQUE, secret TEXT);
"""
ATTEMPTS = 3


class Refused(Exception):
    """Answered with an error envelope."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Shop:
    """Orders and endpoints, in one file; one call at a time."""

    def __init__(self, path: str, wrong: str | None, inline: bool) -> None:
        self.wrong, self.inline = wrong, inline
        self.lock = threading.Lock()
        self.told = threading.Lock()  # one delivery after the other, as a small queue would
        self.base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.base.row_factory = sqlite3.Row
        self.base.executescript(SCHEMA)

    def make(self, number: str, kind: int, status: str, total: int) -> str:
        """A new order; its uuid."""
        made = str(uuid.uuid4())
        self.base.execute(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, 0)", (made, number, kind, status, total)
        )
        return made

    def order(self, of: str) -> sqlite3.Row:
        """Raises a 404."""
        row = self.base.execute("SELECT * FROM orders WHERE uuid = ?", (of,)).fetchone()
        if row is None:
            raise Refused(404, "Order not found.")
        return row

    def move(self, row: sqlite3.Row, status: str, back: int = 0) -> None:
        """Book, and be done."""
        self.base.execute(
            "UPDATE orders SET status = ?, back = back + ? WHERE uuid = ?",
            (status, back, row["uuid"]),
        )

    def cancel(self, of: str, body: dict[str, Any]) -> None:
        row = self.order(of)
        if row["status"] not in ("new", "authorized"):
            raise Refused(400, "The order cannot be cancelled.")
        if self.wrong != "cancel-stays-new":
            self.move(row, "cancelled")
        self.tell("cancelled", of, reason=body.get("reason") or "Order cancelled via API")

    def refund(self, of: str, body: dict[str, Any]) -> None:
        if self.wrong == "moved":
            raise Refused(302, "Found elsewhere.")
        row = self.order(of)
        left = row["total"] - row["back"]
        again = self.wrong == "twice" and row["status"] == "fully_refunded"
        if row["status"] not in ("approved", "captured", "partially_refunded") and not again:
            raise Refused(400, "The order cannot be refunded.")
        amount = left if body.get("amount") is None else int(Decimal(str(body["amount"])) * 100)
        if self.wrong == "part-is-all":
            amount = left
        if not 0 <= amount <= left:
            raise Refused(422, "The amount is more than what is left.")
        full = amount == left and not (self.wrong == "remainder-is-part" and row["back"])
        self.move(row, "fully_refunded" if full else "partially_refunded", amount)
        if self.wrong != "silent":
            said = {"refund_amount": amount / 100, "left_amount": (left - amount) / 100}
            self.tell("refunded", of, reason=body.get("reason"), **said)

    def step(self, of: str, before: str, after: str) -> None:
        row = self.order(of)
        if row["status"] != before:
            raise Refused(400, "Not in this status.")
        self.move(row, after)
        self.tell(after, of)

    def tell(self, event: str, of: str, **more: Any) -> None:
        """Send an event to every endpoint: at once, or after the answer."""
        row = self.order(of)
        shown = {
            "id": of,
            "order_number": row["number"],
            "order_status": row["status"],
            "total_price": row["total"] / 100,
            "total_points": row["total"] // 10,
            "type": "earning" if row["type"] == 1 else "replacing",
            **more,
        }
        body = json.dumps({"event": event, "order": shown, "timestamp": now()}).encode()
        ends = self.base.execute("SELECT * FROM endpoints").fetchall()
        if self.inline:
            for end in ends:
                deliver(end["url"], end["secret"], event, body)
        else:
            threading.Thread(target=self._later, args=(ends, event, body), daemon=True).start()

    def _later(self, ends: list[sqlite3.Row], event: str, body: bytes) -> None:
        with self.told:
            for end in ends:
                deliver(end["url"], end["secret"], event, body)


def now() -> str:
    """The time, to the microsecond."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def deliver(url: str, secret: str, event: str, body: bytes) -> None:
    """As often as it takes, but at most three times."""
    headers = {
        "Content-Type": "application/json",
        "X-Webhook-Secret": secret,
        "X-Webhook-Event": event,
    }
    for _ in range(ATTEMPTS):
        try:
            request = urllib.request.Request(url, body, headers, method="POST")
            with urllib.request.urlopen(request, timeout=10):
                return
        except (urllib.error.URLError, OSError) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            time.sleep(0.1)


class Handler(BaseHTTPRequestHandler):
    """The API's calls, and one more that makes any order for tests (`POST /rig/orders`)."""

    protocol_version = "HTTP/1.1"
    shop: Shop

    def serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        try:
            with self.shop.lock:
                data = self.routed(self.path.partition("?")[0], json.loads(body or b"{}"))
            self.say(200, {"status": True, "message": None, "appended_data": {}, "data": data})
        except Refused as refused:
            self.say(
                refused.status, {"status": False, "message": str(refused), "appended_data": {}}
            )

    do_GET = do_POST = do_DELETE = serve  # noqa: N815

    def routed(self, path: str, body: Any) -> Any:
        """The data of an answer."""
        shop, call = self.shop, self.command
        if call == "POST" and path == "/rig/orders":
            return shop.order(shop.make("RIG", body["type"], body["status"], body["total"]))["uuid"]
        if self.headers.get("x-api-key") != KEY:
            raise Refused(400, "Invalid or inactive API key")
        words = path.removeprefix(PREFIX).strip("/").split("/")
        if words[0] == "webhooks":
            return self.webhooks(words[1:], body)
        if words == ["orders", "earning"]:
            total = int(Decimal(str(body["total_price"])) * 100)
            words = ["orders", shop.make(body["order_number"], 1, "approved", total)]
            shop.tell("approved", words[1])
        elif call == "POST" and words[2:] == ["cancel"]:
            shop.cancel(words[1], body)
        elif call == "POST" and words[2:] == ["refund"]:
            shop.refund(words[1], body)
        elif call == "POST" and words[2:] == ["authorize"]:
            shop.step(words[1], "new", "authorized")
        elif call == "POST" and words[2:] == ["capture"]:
            shop.step(words[1], "authorized", "captured")
        elif len(words) < 2:
            raise Refused(404, "Not found.")
        row = shop.order(words[1])
        said = row["status"]
        if shop.wrong == "cancel-stays-new" and words[2:] == ["cancel"]:
            said = "cancelled"
        return {
            "uuid": row["uuid"],
            "order_number": row["number"],
            "type": row["type"],
            "order_status": said,
            "total_price": row["total"] / 100,
            "total_points": row["total"] // 10,
        }

    def webhooks(self, words: list[str], body: Any) -> Any:
        base = self.shop.base
        if self.command == "POST":
            made = (str(uuid.uuid4()), body["name"], body["url"], secrets.token_hex(30))
            base.execute("INSERT INTO endpoints VALUES (?, ?, ?, ?)", made)
            return dict(zip(("uuid", "name", "url", "secret"), made, strict=True))
        if self.command == "DELETE":
            base.execute("DELETE FROM endpoints WHERE uuid = ?", words)
            return None
        return [dict(row) for row in base.execute("SELECT * FROM endpoints").fetchall()]

    def say(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status == 302:
            self.send_header("Location", "https://elsewhere.invalid/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Say where it is, in one line of JSON, and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.third_server")
    parser.add_argument("file")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--wrong", choices=sorted(WRONG))
    parser.add_argument("--inline", action="store_true", help="deliver before the answer is sent")
    options = parser.parse_args()
    Handler.shop = Shop(options.file, options.wrong, options.inline)
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.daemon_threads = True
    origin = f"http://127.0.0.1:{server.server_address[1]}"
    print(json.dumps({"base_url": origin + PREFIX, "origin": origin, "key": KEY}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
