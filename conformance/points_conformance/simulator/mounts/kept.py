"""What a call did is kept before it is answered."""

from collections.abc import Awaitable, Callable
from typing import Final

from points_conformance.simulator.messages import Response
from points_conformance.simulator.mounts.asgi import Message, Receive, Send, respond
from points_conformance.simulator.store import Store
from points_conformance.simulator.stored import StoreError

__all__ = ["KeptApp"]

_TEXT: Final = {"Content-Type": "text/plain; charset=utf-8"}
App = Callable[[Message, Receive, Send], Awaitable[None]]


class KeptApp:
    """An application whose simulator is kept in a store; what cannot be kept is answered 507."""

    def __init__(self, app: App, store: Store) -> None:
        self.app = app
        self.store = store

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI protocol."""
        refused = False

        async def kept(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start":
                try:
                    self.store.save()
                except StoreError as error:
                    refused = True
                    await respond(Response(507, _TEXT, f"{error}\n".encode()), send)
            if not refused:
                await send(message)

        await self.app(scope, receive, kept)
