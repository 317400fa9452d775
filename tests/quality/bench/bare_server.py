"""What ``serve`` is measured beside: uvicorn and one Starlette route that reads and answers JSON.

``python -m tests.quality.bench.bare_server SIZE`` serves answers of so many bytes on loopback, and
says in a line where.
"""

import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def main(size: int) -> None:
    """Serve until told to stop."""
    told = {"status": True, "data": "x" * max(size - len('{"status":true,"data":""}'), 0)}

    async def answer(request: Request) -> JSONResponse:
        await request.json()
        return JSONResponse(told)

    app = Starlette(routes=[Route("/", answer, methods=["POST"])])
    # With the protocol named, asyncio switches Nagle's algorithm off: 44 ms a call otherwise.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
    config = uvicorn.Config(app, http="h11", loop="asyncio", ws="none", log_config=None)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(int(sys.argv[1]))
