"""A call that may take so long in all, however slowly its bytes drip.

The timeouts of HTTP clients are for one read each: a server that sends a byte now and then would
hold a run up for ever.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

import httpx

__all__ = ["within"]

Result = TypeVar("Result")


def within(seconds: float | None, call: Callable[[], Result]) -> Result:
    """The call's result, or whatever it raises. Raises :class:`httpx.ReadTimeout` if it is late.

    A late call is left to itself on a thread that ends with the process; its client is closed then.
    Without ``seconds`` it is called right here.
    """
    if seconds is None:
        return call()
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="points-call", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise httpx.ReadTimeout(f"no whole answer within {seconds:.0f} s")
    return results[0]
