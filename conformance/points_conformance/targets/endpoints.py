"""The webhook endpoints that a run registers: journalled before, removed after, secrets hidden."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from points_conformance.simulator.messages import dump_json
from points_conformance.targets.answer import Answer
from points_conformance.targets.finding import Finding, NetworkTrouble

if TYPE_CHECKING:
    from points_conformance.targets.api import ApiTarget

__all__ = ["SECRET_NAME", "Endpoints", "endpoint_of", "endpoints_of", "others", "without_secrets"]

#: What evidence shows in the place of any endpoint's secret.
SECRET_NAME: Final = "POINTS_WEBHOOK_SECRET"  # noqa: S105 - a name, not a secret
_SECRET: Final = re.compile(r'("secret"\s*:\s*")(?:[^"\\]|\\.)*(")')
_MOST_PAGES: Final = 5


class Endpoints:
    """Registers and removes webhook endpoints of one target."""

    def __init__(self, api: "ApiTarget") -> None:
        self._api = api
        self._open: dict[str, str] = {}
        self.made = 0
        #: Registrations that were sent: one whose answer was lost may stand all the same.
        self._sent = 0

    def listed(self) -> list[dict[str, Any]]:
        """Every endpoint of the merchant, at most five pages of a hundred."""
        found: list[dict[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            answer = self._api.call("GET", f"/webhooks?per_page=100&page={page}")
            rows = endpoints_of(answer)
            fresh = [row for row in rows if row not in found]
            found += fresh
            if not fresh or len(rows) < 100:
                break
        return found

    def open(self, name: str, url: str) -> Answer:
        """``POST /webhooks``, written down before it is sent; what it makes is remembered."""
        self._api.journal.write("endpoint", url=url, name=name)
        self._sent += 1
        answer = self._api.call("POST", "/webhooks", body=dump_json({"name": name, "url": url}))
        uuid = endpoint_of(answer).get("uuid")
        if answer.accepted and isinstance(uuid, str):
            self.made += 1
            self._open[uuid] = url
            self._api.journal.write("endpoint made", uuid=uuid, url=url)
        return answer

    def remove(self, uuid: str) -> Answer:
        """``DELETE /webhooks/{uuid}``."""
        answer = self._api.call("DELETE", f"/webhooks/{uuid}")
        if answer.accepted:
            self._open.pop(uuid, None)
            self._api.journal.write("endpoint gone", uuid=uuid)
        return answer

    def is_open(self, uuid: str) -> bool:
        """Whether the run made this endpoint and has not removed it."""
        return uuid in self._open

    def remove_all(self, ours: Callable[[str], bool]) -> list[str]:
        """Remove what is left, and whatever is registered at a URL of ours; what failed, in lines.

        The run's bound of calls is set aside: nothing is left behind for its sake.
        """
        if not self._open and not self._sent:
            return []
        self._api.budget.limit = None
        try:
            rows = {str(row.get("uuid")): str(row.get("url")) for row in self.listed()}
            self._open |= {uuid: url for uuid, url in rows.items() if ours(url)}
        except (Finding, NetworkTrouble):
            pass  # those that are remembered are removed all the same
        return [line for uuid, url in list(self._open.items()) if (line := self._failed(uuid, url))]

    def _failed(self, uuid: str, url: str) -> str:
        try:
            answer = self.remove(uuid)
        except (Finding, NetworkTrouble) as error:
            return f"the endpoint {uuid} ({url}) is still registered: {error}"
        if answer.accepted or answer.status == 404:
            return ""
        return f"the endpoint {uuid} ({url}) is still registered: HTTP {answer.status}"


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
