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
@seed.on(SampleClient.write, "cancels-the-shipping", "cancel")
def cancels_the_shipping(client: SampleClient, work: Work) -> Answer:
    """A cancel sets the shipping status to `cancelled`, which is no financial cancel."""
    # ``POST /orders/{uuid}/status``.
    if work.operation == "cancel":
        return client.ask("POST", f"{client.path(work)}/status", b'{"status": "cancelled"}')
    return SampleClient.write(client, work)


@seed.on(SampleClient.fields, "refunds-the-whole", "partial-refund")
def refunds_the_whole(client: SampleClient, work: Work) -> dict[str, str]:
    """A partial refund is sent without its amount, so that everything goes back."""
    # The amount is called something else.
    fields = SampleClient.fields(client, work)
    if "amount" in fields:
        fields["refund_amount"] = fields.pop("amount")
    return fields


@seed.on(SampleClient.cancel, "refused-cancel-becomes-refund", "only-its-operation")
def refused_cancel_becomes_refund(
    client: SampleClient, order_uuid: str, reason: str | None = None
) -> ClientOutcome:
    """An order that cannot be cancelled is refunded in place of it."""
    # "The money has to go back anyway".
    outcome = SampleClient.cancel(client, order_uuid, reason)
    if outcome is ClientOutcome.REFUSED:
        return client.refund(order_uuid, reason=reason)
    return outcome


@seed.on(
    SampleClient.operate,
    "approves-before-it-refunds",
    "only-its-operation",
    "no-retry-after-refusal",
)
def approves_before_it_refunds(client: SampleClient, work: Work) -> ClientOutcome:
    """An order whose refund is refused is completed first, and refunded then."""
    # A refund needs an approved order.
    outcome = SampleClient.operate(client, work)
    if outcome is ClientOutcome.REFUSED and work.operation == "refund":
        client.ask("POST", f"{client.path(work)}/complete", b"{}")
        return SampleClient.operate(client, work)
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
@seed.on(SampleClient.amount, "cuts-floats", "exact-amount")
def cuts_floats(client: SampleClient, amount: Decimal) -> str:
    """An amount is cut to two decimals in floats."""
    # 19.99 is 19.98.
    return str(int(float(amount) * 100) / 100)


@seed.on(SampleClient.amount, "float-artefact", "exact-amount")
def float_artefact(client: SampleClient, amount: Decimal) -> str:
    """An amount passes through a float of single precision."""
    # 19.99 is 19.989999771118164.
    return str(struct.unpack("f", struct.pack("f", float(amount)))[0])


@seed.on(SampleClient.amount, "rounds-to-riyals", "exact-amount")
def rounds_to_riyals(client: SampleClient, amount: Decimal) -> str:
    """An amount is rounded to whole riyals."""
    # 19.99 is 20.
    return str(amount.quantize(Decimal(1), ROUND_HALF_UP))


@seed.on(SampleClient.amount, "amount-in-halalas", "partial-refund")
def amount_in_halalas(client: SampleClient, amount: Decimal) -> str:
    """An amount is sent in halalas, as other payment APIs want it."""
    # 19.99 is 1999.
    return str(int(amount * 100))


@seed.on(SampleClient.amount, "groups-thousands", "exact-amount")
def groups_thousands(client: SampleClient, amount: Decimal) -> str:
    """An amount is written as a person would: with a comma after the thousands."""
    # 10,000.10 is no JSON.
    return f"{amount:,f}"


@seed.on(SampleClient.amount, "string-amount", "amount-is-a-number")
def string_amount(client: SampleClient, amount: Decimal) -> str:
    """An amount is sent as a string."""
    # As decimals are serialised by default.
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


@seed.on(SampleClient.operate, "total-instead-of-none", "remainder")
def total_instead_of_none(client: SampleClient, work: Work) -> ClientOutcome:
    """A full refund is sent with the order's total, which after a part is more than is left."""
    # Read from the order.
    answer = client.ask("GET", client.path(work))
    order = None if isinstance(answer, Exception) else client.order_in(answer)
    if work.operation == "refund" and work.amount is None and order is not None:
        work = Work("refund", work.uuid, Decimal(order["total_price"]), work.reason)
    return SampleClient.operate(client, work)


# ---------------------------------------------------------------------- reasons and headers
@seed.on(SampleClient.reason, "escapes-the-reason", "reason-as-given")
def escapes_the_reason(client: SampleClient, reason: str) -> str:
    """A reason is escaped as for a web page."""
    # A quote is `&quot;`.
    return html.escape(SampleClient.reason(client, reason))


@seed.on(SampleClient.reason, "reason-in-latin", "reason-as-given")
def reason_in_latin(client: SampleClient, reason: str) -> str:
    """A reason is written in a character set of the West."""
    # Arabic is question marks.
    return SampleClient.reason(client, reason).encode("latin-1", "replace").decode("latin-1")


@seed.on(SampleClient.reason, "cuts-reason-at-500-bytes", "reason-as-given")
def cuts_reason_at_500_bytes(client: SampleClient, reason: str) -> str:
    """A reason is cut by bytes and not by characters: Arabic ones at half of their length."""
    # 250 letters.
    return reason.encode()[:REASON_MAX].decode(errors="ignore")


@seed.on(SampleClient.reason, "never-cuts-the-reason", "reason-bounded")
def never_cuts_the_reason(client: SampleClient, reason: str) -> str:
    """A reason of any length is sent, and the whole operation refused for it."""
    # As it is.
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


@seed.on(SampleClient.headers, "sends-json-as-a-form", "content-type")
def sends_json_as_a_form(client: SampleClient) -> dict[str, str]:
    """The body is JSON and is said to be a form, which is what curl says."""
    # The default of ``--data``.
    return {**SampleClient.headers(client), "Content-Type": "application/x-www-form-urlencoded"}
