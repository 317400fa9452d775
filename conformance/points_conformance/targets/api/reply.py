"""How the inbox answers an attempt of a delivery."""

from typing import Literal, Self

__all__ = ["Reply", "Said"]

#: A status, no answer at all, or a broken connection.
Reply = int | Literal["hang", "drop"]


class Said(int):
    """A status that is answered with a body, in chunks or whole. In process nobody reads it."""

    def __new__(cls, status: int, body: bytes, *, chunked: bool = False) -> Self:
        """A status, and what stands beside it."""
        said = super().__new__(cls, status)
        said.body, said.chunked = body, chunked
        return said

    body: bytes
    chunked: bool
