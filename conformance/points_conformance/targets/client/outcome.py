"""What a client may say of an operation."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

__all__ = ["ClientOutcome", "Unmapped", "outcome_of"]


class ClientOutcome(StrEnum):
    """``done`` once, ``refused`` by the API so that nothing was done, or ``unknown``."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Unmapped(Exception):
    """What a client raised or returned says none of the three."""


#: Answers that say nothing about whether the call was carried out.
_UNCLEAR: Final = frozenset({408, 429})
#: Names of exception classes, anywhere among the bases, that HTTP libraries use for the network's.
#: ``HTTPException`` is of ``http.client``, for half an answer.
_NETWORK: Final = frozenset(
    {"TransportError", "RequestException", "ClientError", "HTTPError", "HTTPException"}
)


def outcome_of(result: object, error: BaseException | None) -> ClientOutcome:
    """What a client's method said: what it returned, or the error that it raised.

    A :class:`ClientOutcome`, or its word, is taken as it is; whatever else is returned means done
    (but ``False``, which says nothing). An error with ``.response.status_code`` is the API's: 400
    to 499 is a refusal, but for 408 and 429; every other status is unknown. A timeout, a lost
    connection, and what httpx, requests, aiohttp or urllib raise for the network is unknown. Raises
    :class:`Unmapped` for anything else.
    """
    if error is None:
        return _returned(result)
    status = _status(error)
    if status is not None:
        refused = 400 <= status < 500 and status not in _UNCLEAR
        return ClientOutcome.REFUSED if refused else ClientOutcome.UNKNOWN
    if isinstance(error, OSError) or _NETWORK & set(_names(type(error).__mro__)):
        return ClientOutcome.UNKNOWN
    raise Unmapped(f"it raised {type(error).__name__}: {error}")


def _status(error: BaseException) -> int | None:
    """The HTTP status that an error carries, itself or in its response."""
    for holder in (getattr(error, "response", None), error):
        for name in ("status_code", "status"):
            status = getattr(holder, name, None)
            if isinstance(status, int):
                return int(status)
    return None


def _returned(result: object) -> ClientOutcome:
    if isinstance(result, str) and result in list(ClientOutcome):
        return ClientOutcome(result)
    if result is False:
        raise Unmapped("it returned False, which says neither refused nor unknown")
    return ClientOutcome.DONE


def _names(classes: Iterable[type]) -> list[str]:
    return [cls.__name__ for cls in classes]
