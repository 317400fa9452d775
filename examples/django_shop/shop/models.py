"""What the shop knows of its orders. Money is counted in halalas."""

from django.db import models, transaction
from django.db.models import F


class Delivery(models.Model):
    """One that was booked, by the digest of its bytes: a repeat is the same bytes again."""

    digest = models.CharField(max_length=64, primary_key=True)


class Order(models.Model):
    """Sums and flags alone: no order of arrival matters, a late ``approved`` revives nothing."""

    id = models.CharField(max_length=64, primary_key=True)
    total = models.PositiveBigIntegerField()
    refunded = models.PositiveBigIntegerField(default=0)
    cancelled = models.BooleanField(default=False)

    @property
    def status(self) -> str:
        """In the words of Points."""
        if self.cancelled:
            return "cancelled"
        if self.refunded:
            return "fully_refunded" if self.refunded >= self.total else "partially_refunded"
        return "approved"


@transaction.atomic
def book(digest: str, order_id: str, event: str, total: int, back: int) -> None:
    """The effect of one delivery, once, in one transaction: a crash loses nothing of it.

    ``(order, event)`` is no key: two partial refunds of one order share it.
    """
    if not Delivery.objects.get_or_create(digest=digest)[1]:
        return
    Order.objects.get_or_create(id=order_id, defaults={"total": total})
    kept = Order.objects.filter(id=order_id)
    kept.update(refunded=F("refunded") + back)
    if event == "cancelled":
        kept.update(cancelled=True)
