"""Cleans up after an interrupted run, by its journal: endpoints are deleted, orders only listed.

An order is never refunded or cancelled here: what became of it is money, and somebody's to decide.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from points_conformance.contract.hosts import is_loopback
from points_conformance.contract.limits import KEY_HEADER
from points_conformance.judging.budget import Pace
from points_conformance.judging.exchange import Redactor
from points_conformance.judging.journal import Journal, JournalError, read_torn_journal
from points_conformance.targets.api.build import live_client
from points_conformance.targets.api.endpoints import SECOND_MERCHANT
from points_conformance.targets.fetch import TOO_MUCH, Fetched, fetch
from points_conformance.targets.guard import TargetRefused, checked_base_url

__all__ = ["Cleaning", "CleaningRefused", "Left", "clean_up", "what_was_left"]

#: Calls a second off loopback.
_RATE: Final = 5.0
#: Pages of the merchant's endpoints that are looked through for one without a known uuid.
_MOST_PAGES: Final = 50
#: Where the key of a merchant is, by what the journal calls that merchant.
_KEYS: Final = {"": "POINTS_API_KEY", SECOND_MERCHANT: "POINTS_OTHER_API_KEY"}


class CleaningRefused(ValueError):
    """Nothing can be cleaned up: the text says why and what to do."""


@dataclass(slots=True)
class Left:
    """What runs against one server left to one merchant, as the journal calls it. ``asked`` are
    endpoints (url, name) whose uuid may have been lost with the answer; ``made`` those known by
    uuid. ``orders``: number to uuid, if known.
    """

    base_url: str
    merchant: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    orders: dict[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> dict[str, str]:
        """What a line of the journal says of the merchant."""
        return {"merchant": self.merchant} if self.merchant else {}

    @property
    def endpoints(self) -> list[str]:
        """The uuids that are known and not gone."""
        return [uuid for uuid in dict.fromkeys(self.made) if uuid not in self.gone]

    @property
    def lost(self) -> list[tuple[str, str]]:
        """What was asked for without an answer that gave a uuid; empty where every one did."""
        return self.asked if len(self.asked) > len(set(self.made)) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """What was done: endpoints deleted, gone before, and still there with the reason; orders."""

    deleted: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """What ``points-conformance clean`` prints."""
        lines: list[str] = []
        for title, entries in (
            ("webhook endpoints deleted", self.deleted),
            ("gone before", self.gone),
            ("still there", self.left),
            ("orders that the run made (not touched)", self.orders),
            ("not read, and so perhaps left", self.unread),
        ):
            if entries:
                lines += [f"{title}:", *(f"  {entry}" for entry in entries)]
        return lines or ["the run left nothing"]


def what_was_left(entries: Iterable[Mapping[str, Any]]) -> list[Left]:
    """What a journal's lines say was left, by server and merchant. Pure."""
    servers: dict[tuple[str, str], Left] = {}
    base_url = ""
    for entry in entries:
        if entry["kind"] == "run":
            base_url = str(entry.get("base_url", ""))
        whose = str(entry.get("base_url") or base_url), str(entry.get("merchant") or "")
        _note(servers.setdefault(whose, Left(*whose)), entry)
    return list(servers.values())


def _note(left: Left, entry: Mapping[str, Any]) -> None:
    uuid = str(entry.get("uuid") or "")
    match entry["kind"]:
        case "order":
            left.orders.setdefault(str(entry.get("order_number")), "")
        case "order made":
            left.orders[str(entry.get("order_number"))] = uuid
        case "endpoint":
            left.asked.append((str(entry.get("url")), str(entry.get("name"))))
        case "endpoint made" if uuid:
            left.made.append(uuid)
        case "endpoint gone" if uuid:
            left.gone.add(uuid)


def clean_up(
    path: Path, environment: Mapping[str, str], *, allow_production: bool = False
) -> Cleaning:
    """Delete the endpoints that a journal's runs left, and tell of their orders.

    Raises :class:`CleaningRefused`; then nothing more was deleted. What is deleted is noted in the
    journal, so that a second time finds nothing to do.
    """
    try:
        entries, spoiled = read_torn_journal(path)
    except JournalError as error:
        raise CleaningRefused(str(error)) from None
    servers = what_was_left(entries)
    deleted: list[str] = []
    gone: list[str] = []
    left: list[str] = []
    for server in servers:
        if server.endpoints or server.lost:
            with _Merchant(server, environment, allow_production=allow_production) as merchant:
                _clean_one(server, merchant, Journal(path), deleted, gone, left)
    orders = [line for server in servers for line in _orders(server)]
    return Cleaning(
        deleted=tuple(deleted),
        gone=tuple(gone),
        left=tuple(left),
        orders=tuple(orders),
        unread=tuple(f"line {number} of {path}: torn or spoiled" for number in spoiled),
    )


def _orders(server: Left) -> list[str]:
    return [
        f"{uuid} ({number})" if uuid else f"{number} (no answer came: it may not exist)"
        for number, uuid in server.orders.items()
    ]


def _clean_one(
    server: Left,
    merchant: "_Merchant",
    journal: Journal,
    deleted: list[str],
    gone: list[str],
    left: list[str],
) -> None:
    journal.write("run", base_url=server.base_url)
    for uuid in [*server.endpoints, *merchant.found(server.lost, but=server.made)]:
        if not uuid.isascii():
            left.append(f"{uuid!a}: no URL can hold this uuid")
            continue
        status = merchant.delete(uuid)
        if status in (200, 202, 204, 404):
            journal.write("endpoint gone", uuid=uuid, **server.owner)
            (gone if status == 404 else deleted).append(uuid)
        else:
            left.append(f"{uuid}: HTTP {status}")


class _Merchant:
    """The merchant's endpoints on a server, read and deleted; nothing else is ever called."""

    def __init__(
        self, server: Left, environment: Mapping[str, str], *, allow_production: bool
    ) -> None:
        if not server.base_url:
            raise CleaningRefused(
                "the journal does not say which server its endpoints are on (a line of kind run)"
            )
        self._name = name = _KEYS.get(server.merchant, "the key")
        self._key = environment.get(name, "")
        self._redact = Redactor.of(environment)
        # The journal has no key, not even where the address has it in its path.
        base_url = server.base_url.replace(
            "$POINTS_API_KEY",
            quote(environment.get("POINTS_API_KEY", ""), safe="", errors="surrogatepass"),
        )
        try:
            self._base = checked_base_url(base_url, allow_production=allow_production)
        except TargetRefused as error:
            raise CleaningRefused(str(error)) from None
        if not self._key:
            raise CleaningRefused(
                f"no key for {self._base}: set {name} in the environment, the same that the run had"
            )
        if not (self._key.isascii() and self._key.isprintable() and self._key.strip() == self._key):
            raise CleaningRefused(
                f"{name} holds what no HTTP header can carry (a line's end, a blank at an "
                "end, or a letter that is not ASCII): set it to the key alone"
            )
        near = is_loopback(urlsplit(self._base).hostname or "")
        self._pace = Pace(None if near else _RATE)
        self._client = live_client()

    def __enter__(self) -> "_Merchant":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def delete(self, uuid: str) -> int:
        """Delete one endpoint; the status of the answer."""
        return self._call("DELETE", f"/webhooks/{quote(uuid, safe='')}").status_code

    def found(self, wanted: Iterable[tuple[str, str]], *, but: Iterable[str]) -> list[str]:
        """The uuids of endpoints that have both a URL and a name of the run's, less those known."""
        names = set(wanted)  # as the journal has them, without secrets
        known = set(but)
        if not names:
            return []
        return [
            str(row["uuid"])
            for row in self._listed()
            if (self._redact(str(row.get("url"))), self._redact(str(row.get("name")))) in names
            and row.get("uuid") not in known
        ]

    def _listed(self) -> list[Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for page in range(1, _MOST_PAGES + 1):
            answer = self._call("GET", f"/webhooks?per_page=100&page={page}")
            rows = _rows(answer)
            if answer.status_code != 200 or rows is None:
                raise CleaningRefused(
                    f"{self._base} does not list its webhook endpoints (HTTP {answer.status_code})"
                    f". Check {self._name}: sandbox and production keys differ"
                )
            fresh = {str(row["uuid"]): row for row in rows if row.get("uuid")}
            if fresh.keys() <= found.keys():
                break
            found |= fresh
        return list(found.values())

    def _call(self, method: str, path: str) -> Fetched:
        self._pace.wait()
        headers = {KEY_HEADER: self._key, "Accept": "application/json"}
        try:
            answer = fetch(self._client, method, self._base + path, headers=headers)
        except httpx.HTTPError as error:
            raise CleaningRefused(
                f"{self._base} cannot be reached ({type(error).__name__}); the journal keeps what "
                "is left: run this again"
            ) from None
        if answer.too_much:
            raise CleaningRefused(f"{self._base} gives {TOO_MUCH}; the journal keeps what is left")
        return answer


def _rows(answer: Fetched) -> list[Mapping[str, Any]] | None:
    """The endpoints of a page, in ``data`` or one deeper; ``None`` where there is no list."""
    try:
        node = answer.json()
    except ValueError:
        return None
    for _ in range(3):
        if isinstance(node, list):
            return [row for row in node if isinstance(row, dict)]
        node = node.get("data") if isinstance(node, dict) else None
    return None
