"""Books what the endpoint noted: a thread beside it, or ``python -m shop.worker`` elsewhere."""

import threading

from shop import books

#: Set where something was noted: then nobody waits for the next look.
NOTED = threading.Event()


def work(stop: threading.Event, pause: float = 0.2) -> None:
    """Book until told to stop; ``pause``: seconds between looks where nothing was noted."""
    while not stop.is_set():
        NOTED.clear()
        if not books.book_noted():
            NOTED.wait(pause)


if __name__ == "__main__":
    books.prepare()
    work(threading.Event())
