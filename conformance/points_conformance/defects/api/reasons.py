"""Servers that require a reason, which is optional."""

from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.defect import Seeds
from points_conformance.simulator.forms import Forms, RefundForm, invalid
from points_conformance.simulator.messages import Refusal, Request

__all__ = ["seed"]

seed = Seeds(ServerDefect)


def _required() -> Refusal:
    return invalid({"reason": ["The reason field is required."]})


@seed.on(Forms.cancel, "cancel-needs-a-reason", "cancel.no-reason-needed")
def cancel_needs_reason(forms: Forms, request: Request) -> str | None:
    """A cancel without a reason is refused with 422."""
    # What shops are advised to send is required.
    reason = Forms.cancel(forms, request)
    if reason is None:
        raise _required()
    return reason


@seed("refund-needs-a-reason", "refund.no-reason-needed")
class RefundNeedsReason(Forms):
    """A refund without a reason is refused with 422."""

    def refund(self, request: Request) -> RefundForm:
        """What shops are advised to send is required."""
        form = super().refund(request)
        if form.reason is None and self.wants_reason(form):
            raise _required()
        return form

    def wants_reason(self, form: RefundForm) -> bool:
        """Every refund does."""
        del form
        return True


@seed.on(RefundNeedsReason.wants_reason, "partial-refund-needs-a-reason", "refund.no-reason-needed")
def part_needs_reason(forms: RefundNeedsReason, form: RefundForm) -> bool:
    """A partial refund without a reason is refused with 422."""
    # ``required_with:amount``.
    return form.amount is not None
