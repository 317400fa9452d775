"""The page on ``/``: one function from request to response, forms with a token, no outside asset.

==========================  ===============================================================
``GET  /``                  the page; ``?find=`` looks for orders
``GET  /_page/page.css``    how it looks
``GET  /_page/live.js``     what keeps it up to date; the page works without
``GET  /_page/events``      the page's content whenever it changes (server-sent events; the
                            mount's, which asks :meth:`SandboxPage.news`)
``POST /_page/{deed}``      a form of :data:`~points_conformance.simulator.page.deeds.DEEDS`
==========================  ===============================================================
"""

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.judging.visible import visible
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.faults import OPERATION_NAMES, Faults
from points_conformance.simulator.messages import Request, Response
from points_conformance.simulator.page.deeds import DEEDS, FAULTS, Desktop, Told
from points_conformance.simulator.page.shown import Shown, shown

__all__ = ["EVENTS_PATH", "LARGEST_FORM", "PAGE_PREFIX", "SandboxPage"]

PAGE_PREFIX: Final = "/_page"
EVENTS_PATH: Final = f"{PAGE_PREFIX}/events"
#: Bytes, and fields, of a form.
LARGEST_FORM: Final = 64 * 1024
_MOST_FIELDS: Final = 20
#: What forms have told and nobody has read yet: so many at most.
_MOST_TOLD: Final = 100
_TEMPLATES: Final = Path(__file__).with_name("templates")
_ASSETS: Final = {"page.css": "text/css", "live.js": "text/javascript"}
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: With ``no-referrer`` a browser says ``Origin: null`` of the page's own forms.
_GUARDED: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class SandboxPage:
    """The page of one simulator. A form without this process's :attr:`token` changes nothing."""

    def __init__(self, faults: Faults, *, courier: Courier | None = None, origin: str = "") -> None:
        self.token = secrets.token_urlsafe(32)
        self.origin = origin
        self._desk = Desktop(faults, courier)
        self._told: OrderedDict[str, Told] = OrderedDict()

    @staticmethod
    def owns(path: str) -> bool:
        """Whether a path is the page's and not the API's."""
        return path == "/" or path.startswith(f"{PAGE_PREFIX}/")

    def handle(self, request: Request) -> Response:
        """Answer one request. Who may ask at all is the mount's to say."""
        name = request.path.removeprefix(f"{PAGE_PREFIX}/")
        looks = request.method in ("GET", "HEAD")
        if request.path == "/":
            return self._page(request) if looks else _plain(405, "this page is read with GET")
        if name in _ASSETS:
            body = (_TEMPLATES / name).read_bytes()
            return _answer(200, body, _ASSETS[name]) if looks else _plain(405, "read with GET")
        if name in DEEDS:
            return self._done(request, name)
        return _plain(404, "nothing is here; the page is at /")

    def shown(self, query: str) -> Shown:
        """What the page of this query shows now."""
        return shown(self._desk.faults, _fields(query).get("find", ""))

    def news(self, content: Shown, query: str) -> str:
        """The page's content as HTML, for a page of this query that is open."""
        return self._render("content.html.j2", content, _fields(query))

    # ------------------------------------------------------------------ looking
    def _page(self, request: Request) -> Response:
        fields = _fields(request.query)
        told = self._told.pop(fields.get("told", ""), None)
        html = self._render("page.html.j2", self.shown(request.query), fields, told=told)
        return _answer(200, html.encode(), "text/html")

    def _render(self, template: str, content: Shown, fields: Mapping[str, str], **more: Any) -> str:
        html: str = (
            _environment()
            .get_template(template)
            .render(
                shown=content,
                find=fields.get("find", ""),
                open=fields.get("open", ""),
                token=self.token,
                origin=self.origin,
                prefix=PAGE_PREFIX,
                kinds=list(OrderType),
                statuses=list(OrderStatus),
                operations=list(OPERATION_NAMES),
                kinds_of_fault={name: text for name, (text, _) in FAULTS.items()},
                **more,
            )
        )
        return html

    # ------------------------------------------------------------------ doing
    def _done(self, request: Request, deed: str) -> Response:
        if request.method != "POST":
            return _plain(405, "this is done with POST, by a form of the page")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return _plain(415, "this is done by a form of the page")
        if len(request.body) > LARGEST_FORM:
            return _plain(413, "a form is not as large as that")
        try:
            form = _fields(request.body.decode())
        except ValueError:
            return _plain(400, "that is no form of the page")
        # As bytes: two texts are compared in constant time only where both are ASCII.
        if not hmac.compare_digest(form.get("token", "").encode(), self.token.encode()):
            return _plain(403, "this form is not of this sandbox's page: open the page again")
        return self._see_other(self._desk.do(deed, form), form)

    def _see_other(self, told: Told, form: Mapping[str, str]) -> Response:
        """Back to the page, so that loading it again does nothing again."""
        number = secrets.token_urlsafe(9)
        self._told[number] = told
        while len(self._told) > _MOST_TOLD:
            self._told.popitem(last=False)
        find = {"find": form["find"]} if form.get("find") else {}
        query = urlencode({"told": number, "open": told.row, **find})
        return Response(303, {**_GUARDED, "Location": f"/?{query}#told"}, b"")


def _fields(query: str) -> dict[str, str]:
    """The first value of each field. Raises :class:`ValueError` for too many of them."""
    pairs = parse_qs(query, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    return {name: values[0] for name, values in pairs.items()}


def _answer(status: int, body: bytes, kind: str) -> Response:
    return Response(status, {**_GUARDED, "Content-Type": f"{kind}; charset=utf-8"}, body)


def _plain(status: int, why: str) -> Response:
    return _answer(status, f"{why}\n".encode(), "text/plain")


_made: list[Any] = []


def _environment() -> Any:
    """Jinja's environment, made once; who serves no page does not pay for it."""
    if not _made:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        _made.append(
            Environment(
                loader=FileSystemLoader(_TEMPLATES),
                autoescape=True,
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
                finalize=lambda value: visible(value) if type(value) is str else value,
            )
        )
    return _made[0]
