"""What a finding costs, and who bears it, in words: from halalas or whole points. Pure."""

from points_conformance.contract.money import sar_text
from points_conformance.judging.verdict import Cost

__all__ = ["CUSTOMER", "MERCHANT", "PLATFORM", "in_points", "in_sar"]

MERCHANT, CUSTOMER, PLATFORM = "merchant", "customer", "Points"


def in_sar(amount: int, why: str, *, of: int, loses: str) -> Cost | None:
    """So many halalas on an order of a total; ``None`` where it is nothing."""
    if amount <= 0:
        return None
    return _cost(sar_text(amount), "SAR", why, sar_text(of), loses)


def in_points(amount: int, why: str, *, of: int, loses: str) -> Cost | None:
    """So many points of those that an order gave; ``None`` where it is nothing."""
    if amount <= 0:
        return None
    return _cost(str(amount), "points", why, str(of), loses)


def _cost(amount: str, unit: str, why: str, of: str, loses: str) -> Cost:
    who = loses if loses == PLATFORM else f"the {loses}"
    text = f"{amount} {unit} {why}, on one order of {of} {unit}: {who} loses it"
    return Cost(amount=amount, unit=unit, of=of, loses=loses, text=text)
