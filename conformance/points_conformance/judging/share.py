"""What of a bound is one judging's, where several judge the same target."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

__all__ = ["SHARE", "Share"]

#: The variable by which the command tells the judgings that it begins.
SHARE: Final = "POINTS_JUDGED_BESIDE"


@dataclass(frozen=True, slots=True)
class Share:
    """A judging is one of ``seeds`` of the same target, and ``processes`` of them run at once.

    Bounds are divided, not counted in common: so each plan holds, the same seed makes the same
    calls whatever runs beside it, and machines that share no disk keep to them too.
    """

    seeds: int = 1
    processes: int = 1

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """What the environment says: nothing, of a judging by itself."""
        found = re.fullmatch(r"([1-9]\d{0,5})/([1-9]\d{0,5})", environment.get(SHARE, ""))
        return cls(int(found[1]), int(found[2])) if found else cls()

    def __str__(self) -> str:
        return f"{self.seeds}/{self.processes}"

    def calls(self, cap: int) -> int:
        """What of a bound on the calls of all is this judging's."""
        return cap // self.seeds

    def rate(self, rate: float | None) -> float | None:
        """What of a rate in calls a second is this judging's."""
        return None if rate is None else rate / self.processes
