"""What a run did to its target."""

from dataclasses import asdict, dataclass

from points_conformance.contract.money import sar_text

__all__ = ["Effect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a run did to its target, in numbers that add up over workers. Halalas at most."""

    calls: int = 0
    made: int = 0
    given: int = 0
    refunded: int = 0
    cancelled: int = 0
    halalas: int = 0

    def __add__(self, other: "Effect") -> "Effect":
        sums = {name: value + getattr(other, name) for name, value in asdict(self).items()}
        return Effect(**sums)

    def lines(self) -> list[str]:
        """The same in words."""
        return [
            f"{self.calls} calls",
            f"{self.made} orders made, {self.given} given ones used",
            f"{self.refunded} refunded in part or in full, {self.cancelled} cancelled, "
            f"worth {sar_text(self.halalas)} SAR at most",
        ]
