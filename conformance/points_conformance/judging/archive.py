"""Many records of one kind, kept in little memory: a deep run makes some ten thousand calls.

The newest are at hand; the older ones are packed, block by block, and unpacked when they are
looked at. From any one thread at a time: whoever shares it holds a lock. How many there are may be
asked from any.
"""

import pickle
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar, overload

__all__ = ["Archive", "Packed", "Packing"]

Item = TypeVar("Item")
#: So many are packed together: their texts are much the same, and one block is soon unpacked.
_BLOCK: Final = 256
#: The fastest: of the same texts over and over it makes a tenth already.
_LEVEL: Final = 1


class Archive(Sequence[Item], Generic[Item]):
    """A list that is only ever added to. What is read from it may be another object of the same
    value.
    """

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._new: list[Item] = []
        self._count = 0

    def append(self, item: Item) -> None:
        """Add one at the end."""
        self._new.append(item)
        self._count += 1
        if len(self._new) >= 2 * _BLOCK:
            self._blocks.append(zlib.compress(pickle.dumps(self._new[:_BLOCK]), _LEVEL))
            del self._new[:_BLOCK]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    #: It grows.
    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Item]:
        for place in range(len(self._blocks)):
            yield from self._block(place)
        yield from list(self._new)

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> list[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | list[Item]:
        if not self._blocks:
            return self._new[place]
        if isinstance(place, slice):
            return self._sliced(range(len(self))[place])
        (item,) = self._sliced([range(len(self))[place]])
        return item

    def _sliced(self, places: Sequence[int]) -> list[Item]:
        """What is at these places; a block is unpacked once for all of its own that are next to
        each other.
        """
        found: list[Item] = []
        unpacked, block = -1, self._new
        for place in places:
            number, within = divmod(place, _BLOCK)
            if number >= len(self._blocks):
                found.append(self._new[place - len(self._blocks) * _BLOCK])
                continue
            if number != unpacked:
                unpacked, block = number, self._block(number)
            found.append(block[within])
        return found

    def _block(self, place: int) -> list[Item]:
        items: list[Item] = pickle.loads(zlib.decompress(self._blocks[place]))  # noqa: S301 - own
        return items


@dataclass(frozen=True, slots=True)
class Packed:
    """A text that takes little room beside one that is much like it."""

    data: bytes
    like: bytes

    @property
    def unpacked(self) -> bytes:
        """The text."""
        return zlib.decompressobj(zdict=self.like).decompress(self.data)


class Packing:
    """Packs texts that are much like the first of them."""

    def __init__(self) -> None:
        self._like: bytes | None = None

    def __call__(self, text: bytes) -> Packed:
        """One of them, packed."""
        if self._like is None:
            self._like = text or b"0"
        packer = zlib.compressobj(_LEVEL, zdict=self._like)
        return Packed(packer.compress(text) + packer.flush(), self._like)
