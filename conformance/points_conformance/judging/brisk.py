"""Whether a target answers so fast that asking it keeps this process busy."""

import time
from collections.abc import Callable
from typing import Final

__all__ = ["Brisk"]

#: Seconds after which it can be told.
_ENOUGH: Final = 1.0
#: Below this share of the time who asks mostly waits for answers.
_BUSY: Final = 0.5


class Brisk:
    """How a run looks from the machine's side, from when it was made. ``clock`` counts seconds,
    ``worked`` those in which this process had a processor.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        worked: Callable[[], float] = time.process_time,
    ) -> None:
        self._clock, self._worked = clock, worked
        self._since, self._before = clock(), worked()
        self._is_slow = False

    @property
    def is_slow(self) -> bool:
        """Whether it waits for answers most of the time; once it is so, it stays."""
        seconds = self._clock() - self._since
        if not self._is_slow and seconds >= _ENOUGH:
            self._is_slow = self._worked() - self._before < _BUSY * seconds
        return self._is_slow
