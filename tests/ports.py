"""A port for what is ended and started again where it was."""

import random
import socket

__all__ = ["steady_port"]

#: Below what Linux gives to outgoing connections (from 32768 on): while a shop is down between a
#: crash and its new start, none of another test's can take its place.
_RANGE = range(15_000, 32_000)


def steady_port() -> int:
    """One on 127.0.0.1 where nothing listens now, and no outgoing connection will begin.

    Random on purpose, without a seed: runs beside each other must not meet.
    """
    for _ in range(100):
        port = random.SystemRandom().choice(_RANGE)
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                free.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")
