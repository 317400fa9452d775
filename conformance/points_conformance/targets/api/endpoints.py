"""The webhook endpoints that a run registers: journalled before, removed after, secrets hidden."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from points_conformance.judging.finding import Finding, NetworkTrouble
from points_conformance.simulator.messages import dump_json
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.calling import Calling

__all__ = [
    "SECOND_MERCHANT",
    "SECRET_NAME",
    "Endpoints",
    "Registered",
    "endpoint_of",
    "endpoints_of",
    "others",
    "without_secrets",
]

#: How the journal calls the merchant of the second key.
SECOND_MERCHANT: Final = "second"
#: What evidence shows in the place of any endpoint's secret.
SECRET_NAME: Final = "POINTS_WEBHOOK_SECRET"  # noqa: S105 - a name, not a secret
_SECRET: Final = re.compile(r'("secret"\s*:\s*")(?:[^"\\]|\\.)*(")')
_MOST_PAGES: Final = 5
#: How often a DELETE is sent whose answer the network loses.
_ATTEMPTS: Final = 2


@dataclass(slots=True)
class Registered:
    """The endpoints of a run: the URLs of those that are open, by uuid; URL and name of those where
    no answer says what came of them; and whether any was ever asked for.
    """

    open: dict[str, str] = field(default_factory=dict)
    unsure: set[tuple[str, str]] = field(default_factory=set)
    asked: bool = False


class Endpoints:
    """Registers and removes webhook endpoints of a run, by the calls of one rule.

    ``key``: whose they are, where not the merchant's of the run; ``merchant`` is how the journal
    calls that one.
    """

    def __init__(
        self, api: Calling, registered: Registered, *, key: str = "", merchant: str = ""
    ) -> None:
        self._api = api
        self._run = registered
        self._key = key
        self._owner = {"merchant": merchant} if merchant else {}

    def _call(self, method: str, path: str, *, body: bytes | None = None) -> Answer:
        return self._api.call(method, f"/webhooks{path}", body=body, key=self._key)

    def _note(self, kind: str, **facts: str) -> None:
        self._api.journal.write(kind, **facts, **self._owner)

    def listed(self) -> list[dict[str, Any]]:
        """Every endpoint of the merchant, at most five pages of a hundred."""
        return self._pages() or []

    def _pages(self) -> list[dict[str, Any]] | None:
        """The same; ``None`` where the server does not list them."""
        found: list[dict[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            answer = self._call("GET", f"?per_page=100&page={page}")
            if page == 1 and not answer.accepted:
                return None
            rows = endpoints_of(answer)
            fresh = [row for row in rows if row not in found]
            found += fresh
            if not fresh or len(rows) < 100:
                break
        return found

    def open(self, name: str, url: str) -> Answer:
        """``POST /webhooks``, written down before it is sent; what it makes is remembered."""
        self._note("endpoint", url=url, name=name)
        self._run.asked = True
        self._run.unsure.add((url, name))
        answer = self._call("POST", "", body=dump_json({"name": name, "url": url}))
        uuid = endpoint_of(answer).get("uuid")
        if answer.accepted and isinstance(uuid, str):
            self.noted(uuid, url)
        if not answer.accepted or isinstance(uuid, str):
            self._run.unsure.discard((url, name))
        return answer

    def noted(self, uuid: str, url: str) -> None:
        """Remember an endpoint of ours. A uuid that may not be written down is found by its URL."""
        self._run.open[uuid] = url
        if self._api.redact(uuid) == uuid:
            self._note("endpoint made", uuid=uuid, url=url)

    def remove(self, uuid: str) -> Answer:
        """``DELETE /webhooks/{uuid}``."""
        answer = self._call("DELETE", f"/{uuid}")
        if answer.accepted:
            self._gone(uuid)
        return answer

    def _gone(self, uuid: str) -> None:
        self._run.open.pop(uuid, None)
        self._note("endpoint gone", uuid=uuid)

    def is_open(self, uuid: str) -> bool:
        """Whether the run made this endpoint and has not removed it."""
        return uuid in self._run.open

    def remove_all(self, ours: Callable[[str], bool]) -> list[str]:
        """Remove what is left, and whatever is registered at a URL of ours; what failed, in lines.

        The run's bound of calls is set aside: nothing is left behind for its sake.
        """
        if not self._run.asked:
            return []
        self._api.budget.limit = None
        unsure = self._look(ours)
        left = {uuid: why for uuid in list(self._run.open) if (why := self._why_left(uuid))}
        there = self._there() if left else None
        for uuid in [uuid for uuid in left if there is not None and uuid not in there]:
            self._gone(uuid)
        lines = [
            f"the endpoint {uuid} ({self._run.open[uuid]}) is still registered: {why}"
            for uuid, why in left.items()
            if uuid in self._run.open
        ]
        lines += [
            f"the endpoint {name!r} ({url}) may still be registered: no answer said what came of it"
            for url, name in sorted(unsure)
        ]
        return [line + self._how_to_clean() for line in lines]

    def _look(self, ours: Callable[[str], bool]) -> set[tuple[str, str]]:
        """Find what is ours in the server's list; what may be there, where there is no list."""
        there = self._there()
        if there is None:
            return self._run.unsure
        for uuid, (url, name) in there.items():
            if uuid not in self._run.open and (ours(url) or (url, name) in self._run.unsure):
                self.noted(uuid, url)
        return set()

    def _there(self) -> dict[str, tuple[str, str]] | None:
        """URL and name of every endpoint by its uuid; ``None`` where they cannot be had."""
        try:
            rows = self._pages()
        except (Finding, NetworkTrouble):
            rows = None
        if rows is None:
            return None
        return {
            str(row["uuid"]): (str(row.get("url")), str(row.get("name")))
            for row in rows
            if row.get("uuid")
        }

    def _why_left(self, uuid: str) -> str:
        """Remove an endpoint; why that failed, where it did."""
        why = ""
        for _ in range(_ATTEMPTS):
            try:
                answer = self.remove(uuid)
            except (Finding, NetworkTrouble) as error:
                why = str(error)
                continue
            return "" if answer.accepted or answer.status == 404 else f"HTTP {answer.status}"
        return why

    def _how_to_clean(self) -> str:
        path = self._api.journal.path
        return f"; delete it with: points-conformance clean {path}" if path else ""


def endpoint_of(answer: Answer) -> dict[str, Any]:
    """The endpoint in ``data``, or one deeper; empty where there is none."""
    node = answer.json
    for _ in range(3):
        if not isinstance(node, dict):
            return {}
        if "url" in node and "uuid" in node:
            return node
        node = node.get("data")
    return {}


def endpoints_of(answer: Answer) -> list[dict[str, Any]]:
    """The endpoints of a page; empty where there are none."""
    node = answer.json
    for _ in range(3):
        if isinstance(node, list):
            return [row for row in node if isinstance(row, dict)]
        node = node.get("data") if isinstance(node, dict) else None
    return []


def others(rows: list[dict[str, Any]], ours: Callable[[str], bool]) -> list[str]:
    """Who else will hear the run's events, in lines: name and address, without query or user."""
    return [
        f"{row.get('name')!r} at {_address(str(row.get('url')))}"
        for row in rows
        if not ours(str(row.get("url")))
    ]


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or '?'}{parts.path}"


def without_secrets(url: str, text: str) -> str:
    """An answer's text without the secrets that answers about endpoints show."""
    return _SECRET.sub(rf"\1${SECRET_NAME}\2", text) if "/webhooks" in url else text
