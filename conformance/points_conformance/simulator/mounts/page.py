"""The sandbox's page before the API, as ASGI: who may see it, and what is new while it is open."""

from typing import Final

from points_conformance.contract.hosts import is_loopback
from points_conformance.simulator.messages import Request, Response, dump_json
from points_conformance.simulator.mounts.asgi import (
    Message,
    PointsApp,
    Receive,
    Send,
    body_of,
    gone_within,
    respond,
)
from points_conformance.simulator.mounts.door import Door
from points_conformance.simulator.mounts.wire import raw_headers, request_from
from points_conformance.simulator.page.page import EVENTS_PATH, LARGEST_FORM, SandboxPage

__all__ = ["PagedApp"]

#: How often it is looked whether anything changed, while a page is open.
_LOOK_SECONDS: Final = 0.4
_TEXT: Final = {"Content-Type": "text/plain; charset=utf-8"}


class PagedApp:
    """The page on ``/``, everything else the API's.

    Only who asks from this machine, by one of its names, sees the page, wherever the sandbox
    listens: it shows every key, and its forms ask for none.
    """

    def __init__(self, app: PointsApp, page: SandboxPage) -> None:
        self.app = app
        self.page = page
        self._door = Door("127.0.0.1")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI protocol."""
        if scope["type"] != "http" or not self.page.owns(scope["path"]):
            await self.app(scope, receive, send)
            return
        body = await body_of(receive, LARGEST_FORM)
        if body is None:
            return
        query = scope.get("query_string", b"")
        request = request_from(scope["method"], scope["path"], query, scope["headers"], body)
        refused = self._refusal(request, scope)
        if refused is not None:
            await respond(refused, send)
        elif (request.method, request.path) == ("GET", EVENTS_PATH):
            await self._tell(request.query, receive, send)
        else:
            await respond(self._handled(request), send)

    def _refusal(self, request: Request, scope: Message) -> Response | None:
        client = scope.get("client")
        if client is not None and not is_loopback(client[0]):
            return Response(403, _TEXT, b"this page is for the machine that the sandbox is on\n")
        if "host" not in request.headers:
            return Response(421, _TEXT, b"this page asks for a Host\n")
        return self._door.refusal(request)

    def _handled(self, request: Request) -> Response:
        try:
            return self.page.handle(request)
        except ValueError as wrong:
            return Response(400, _TEXT, f"{wrong}\n".encode())

    async def _tell(self, query: str, receive: Receive, send: Send) -> None:
        """Send the page's content at once, and whenever it has changed, until the page is closed.

        At once: it may have changed between the page and its first question.
        """
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        start = {"type": "http.response.start", "status": 200}
        pairs = raw_headers(Response(200, headers, b""))
        pairs = [pair for pair in pairs if pair[0] != b"content-length"]
        await send({**start, "headers": pairs})
        before = None
        while True:
            now = self.page.shown(query)
            if now != before:
                html = dump_json(self.page.news(now, query))
                event = b"data: " + html + b"\n\n"
                await send({"type": "http.response.body", "body": event, "more_body": True})
                before = now
            if await gone_within(_LOOK_SECONDS, receive):
                return
