"""The oracle where an amount can be booked in two ways: the set of ledgers that are possible.

An amount with more than two decimals may be refused or rounded either way (Disputed), so a check
holds every ledger that is still possible and drops those that the server's answers rule out.
"""

from collections.abc import Iterable

from points_conformance.contract.dialect import Dialect
from points_conformance.ledger.order import Booked, OrderLedger, Refund, carry_out

__all__ = ["possible_after"]


def possible_after(
    ledgers: Iterable[OrderLedger], amounts: Iterable[int], dialect: Dialect
) -> frozenset[OrderLedger]:
    """Every ledger after a refund that was *accepted* and may have been booked as any of
    ``amounts`` halalas. Empty: no reading allows the acceptance.
    """
    outcomes = (
        carry_out(ledger, Refund(amount), dialect) for ledger in ledgers for amount in set(amounts)
    )
    return frozenset(outcome.ledger for outcome in outcomes if isinstance(outcome, Booked))
