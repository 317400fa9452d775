"""Clients that send something else than they were asked to."""

import html
import json
import struct
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from points_conformance.contract.limits import REASON_MAX
from points_conformance.defects.client.defect import ClientDefect
from points_conformance.defects.client.sample import Answer, SampleClient, Work
from points_conformance.defects.defect import Seeds
from points_conformance.targets.client.outcome import ClientOutcome

__all__ = ["seed"]

seed: Final = Seeds(ClientDefect)


# ---------------------------------------------------------------------- which call
@seed("cancels-the-shipping", "cancel")
class CancelsTheShipping(SampleClient):
    """A cancel sets the shipping status to `cancelled`, which is no financial cancel."""

    def write(self, work: Work) -> Answer:
        """``POST /orders/{uuid}/status``."""
        if work.operation == "cancel":
            return self.ask("POST", f"{self.path(work)}/status", b'{"status": "cancelled"}')
        return super().write(work)


@seed("refunds-the-whole", "partial-refund")
class RefundsTheWhole(SampleClient):
    """A partial refund is sent without its amount, so that everything goes back."""

    def fields(self, work: Work) -> dict[str, str]:
        """The amount is called something else."""
        fields = super().fields(work)
        if "amount" in fields:
            fields["refund_amount"] = fields.pop("amount")
        return fields


@seed("refused-cancel-becomes-refund", "only-its-operation")
class RefusedCancelBecomesRefund(SampleClient):
    """An order that cannot be cancelled is refunded in place of it."""

    def cancel(self, order_uuid: str, reason: str | None = None) -> ClientOutcome:
        """ "The money has to go back anyway"."""
        outcome = super().cancel(order_uuid, reason)
        if outcome is ClientOutcome.REFUSED:
            return self.refund(order_uuid, reason=reason)
        return outcome


@seed("approves-before-it-refunds", "only-its-operation", "no-retry-after-refusal")
class ApprovesBeforeItRefunds(SampleClient):
    """An order whose refund is refused is completed first, and refunded then."""

    def operate(self, work: Work) -> ClientOutcome:
        """A refund needs an approved order."""
        outcome = super().operate(work)
        if outcome is ClientOutcome.REFUSED and work.operation == "refund":
            self.ask("POST", f"{self.path(work)}/complete", b"{}")
            return super().operate(work)
        return outcome


@seed("drops-second-equal-refund", "two-equal-refunds")
class DropsSecondEqualRefund(SampleClient):
    """A refund of an order and amount that was done before is taken for a repeat."""

    _seen: Final[set[tuple[str, str, str, Decimal | None]]] = set()

    def operate(self, work: Work) -> ClientOutcome:
        """A key of the client's own, that two real refunds share."""
        key = (self.base_url, work.operation, work.uuid, work.amount)
        if work.amount is not None and key in self._seen:
            return ClientOutcome.DONE
        outcome = super().operate(work)
        if outcome is ClientOutcome.DONE:
            self._seen.add(key)
        return outcome


# ---------------------------------------------------------------------- amounts
@seed("cuts-floats", "exact-amount")
class CutsFloats(SampleClient):
    """An amount is cut to two decimals in floats."""

    def amount(self, amount: Decimal) -> str:
        """19.99 is 19.98."""
        return str(int(float(amount) * 100) / 100)


@seed("float-artefact", "exact-amount")
class FloatArtefact(SampleClient):
    """An amount passes through a float of single precision."""

    def amount(self, amount: Decimal) -> str:
        """19.99 is 19.989999771118164."""
        return str(struct.unpack("f", struct.pack("f", float(amount)))[0])


@seed("rounds-to-riyals", "exact-amount")
class RoundsToRiyals(SampleClient):
    """An amount is rounded to whole riyals."""

    def amount(self, amount: Decimal) -> str:
        """19.99 is 20."""
        return str(amount.quantize(Decimal(1), ROUND_HALF_UP))


@seed("amount-in-halalas", "partial-refund")
class AmountInHalalas(SampleClient):
    """An amount is sent in halalas, as other payment APIs want it."""

    def amount(self, amount: Decimal) -> str:
        """19.99 is 1999."""
        return str(int(amount * 100))


@seed("groups-thousands", "exact-amount")
class GroupsThousands(SampleClient):
    """An amount is written as a person would: with a comma after the thousands."""

    def amount(self, amount: Decimal) -> str:
        """10,000.10 is no JSON."""
        return f"{amount:,f}"


@seed("string-amount", "amount-is-a-number")
class StringAmount(SampleClient):
    """An amount is sent as a string."""

    def amount(self, amount: Decimal) -> str:
        """As decimals are serialised by default."""
        return f'"{amount:f}"'


class _SaysAll(SampleClient):
    """Writes something for "all that is left"."""

    everything = "null"

    def fields(self, work: Work) -> dict[str, str]:
        """Where nothing should be."""
        fields = super().fields(work)
        if work.operation == "refund":
            fields.setdefault("amount", self.everything)
        return fields


@seed("null-amount-when-full", "no-amount-when-full")
class NullAmountWhenFull(_SaysAll):
    """A full refund is sent with `amount: null`."""


@seed("zero-amount-when-full", "full-refund")
class ZeroAmountWhenFull(_SaysAll):
    """A full refund is sent with `amount: 0`, which is a refund of nothing."""

    everything = "0"


@seed("total-instead-of-none", "remainder")
class TotalInsteadOfNone(SampleClient):
    """A full refund is sent with the order's total, which after a part is more than is left."""

    def operate(self, work: Work) -> ClientOutcome:
        """Read from the order."""
        answer = self.ask("GET", self.path(work))
        order = None if isinstance(answer, Exception) else self.order_in(answer)
        if work.operation == "refund" and work.amount is None and order is not None:
            work = Work("refund", work.uuid, Decimal(order["total_price"]), work.reason)
        return super().operate(work)


# ---------------------------------------------------------------------- reasons and headers
@seed("escapes-the-reason", "reason-as-given")
class EscapesTheReason(SampleClient):
    """A reason is escaped as for a web page."""

    def reason(self, reason: str) -> str:
        """A quote is `&quot;`."""
        return html.escape(super().reason(reason))


@seed("reason-in-latin", "reason-as-given")
class ReasonInLatin(SampleClient):
    """A reason is written in a character set of the West."""

    def reason(self, reason: str) -> str:
        """Arabic is question marks."""
        return super().reason(reason).encode("latin-1", "replace").decode("latin-1")


@seed("cuts-reason-at-500-bytes", "reason-as-given")
class CutsReasonAt500Bytes(SampleClient):
    """A reason is cut by bytes and not by characters: Arabic ones at half of their length."""

    def reason(self, reason: str) -> str:
        """250 letters."""
        return reason.encode()[:REASON_MAX].decode(errors="ignore")


@seed("never-cuts-the-reason", "reason-bounded")
class NeverCutsTheReason(SampleClient):
    """A reason of any length is sent, and the whole operation refused for it."""

    def reason(self, reason: str) -> str:
        """As it is."""
        return reason


class _AlwaysGivesAReason(SampleClient):
    """Writes something where no reason was given."""

    none = "null"

    def fields(self, work: Work) -> dict[str, str]:
        """Where nothing should be."""
        return {"reason": self.none, **super().fields(work)}


@seed("null-reason", "reason-absent")
class NullReason(_AlwaysGivesAReason):
    """No reason is sent as `reason: null`."""


@seed("empty-reason", "reason-absent")
class EmptyReason(_AlwaysGivesAReason):
    """No reason is sent as an empty one, which takes the place of the default."""

    none = json.dumps("")


@seed("reason-none", "reason-absent")
class ReasonNone(_AlwaysGivesAReason):
    """No reason is sent as the text `None`."""

    none = json.dumps(str(None))


@seed("sends-json-as-a-form", "content-type")
class SendsJsonAsAForm(SampleClient):
    """The body is JSON and is said to be a form, which is what curl says."""

    def headers(self) -> dict[str, str]:
        """The default of ``--data``."""
        return {**super().headers(), "Content-Type": "application/x-www-form-urlencoded"}
