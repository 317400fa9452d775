"""Servers that require a reason, which is optional."""

from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.defect import Seeds
from points_conformance.simulator.forms import Forms, RefundForm, invalid
from points_conformance.simulator.messages import Refusal, Request

__all__ = ["seed"]

seed = Seeds(ServerDefect)


def _required() -> Refusal:
    return invalid({"reason": ["The reason field is required."]})


@seed("cancel-needs-a-reason", "cancel.no-reason-needed")
class CancelNeedsReason(Forms):
    """A cancel without a reason is refused with 422."""

    def cancel(self, request: Request) -> str | None:
        """What shops are advised to send is required."""
        reason = super().cancel(request)
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


@seed("partial-refund-needs-a-reason", "refund.no-reason-needed")
class PartNeedsReason(RefundNeedsReason):
    """A partial refund without a reason is refused with 422."""

    def wants_reason(self, form: RefundForm) -> bool:
        """``required_with:amount``."""
        return form.amount is not None
