"""Payments: the page a customer pays on, the money that came, the money that went back."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from core.links import route
from core.money import Money
from crm.models.record import Record
from crm.models.state import StateModel


class Checkout(StateModel, Record):
    """One payment page for an accepted proposal; planned here before it is made."""

    class State(models.TextChoices):
        PLANNED = "planned", _("Being prepared")
        OPEN = "open", _("Open")
        CONFIRMING = "confirming", _("Waiting for the bank")
        PAID = "paid", _("Paid")
        EXPIRED = "expired", _("Expired")
        FAILED = "failed", _("Failed")

    LIVE: ClassVar[tuple[str, ...]] = ("planned", "open", "confirming")

    proposal = models.ForeignKey("billing.Proposal", on_delete=models.PROTECT, related_name="checkouts")
    mode = models.CharField(max_length=10, choices=[("stripe", "Stripe"), ("sandbox", _("Sandbox"))])
    reference = models.CharField(max_length=64, unique=True, help_text="Our own key; the vendor repeats it to us")
    external_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    url = models.TextField(blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = FSMField(default=State.PLANNED, choices=State.choices, protected=True)
    error = models.CharField(max_length=255, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    owner_paths: ClassVar[tuple[str, ...]] = ("proposal__deal__owner",)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["proposal"],
                condition=Q(state__in=("planned", "open", "confirming")),
                name="checkout_one_live_per_proposal",
            )
        ]

    def __str__(self) -> str:
        return f"Payment page {self.pk} for {self.proposal}"

    @transition(field=state, source="planned", target="open")
    def record_open(self) -> None:
        """The page exists; its address is known."""

    @transition(field=state, source=["planned", "open"], target="confirming")
    def record_confirming(self) -> None:
        """The customer paid by a method that the bank confirms later."""

    @transition(field=state, source=["planned", "open", "confirming", "expired", "failed"], target="paid")
    def record_paid(self) -> None:
        """The money is there; late news of expiry no longer counts."""

    @transition(field=state, source=["planned", "open"], target="expired")
    def expire(self) -> None:
        """Nobody paid in time."""

    @transition(field=state, source=["planned", "open", "confirming"], target="failed")
    def fail(self) -> None:
        """The vendor refused the page, or the bank the payment."""


class Payment(StateModel, Record):
    """Money that arrived, once per payment at its provider."""

    class State(models.TextChoices):
        RECEIVED = "received", _("Received")
        PART_REFUNDED = "part_refunded", _("Partly refunded")
        REFUNDED = "refunded", _("Refunded")

    provider = models.CharField(
        max_length=10, choices=[("stripe", "Stripe"), ("sandbox", _("Sandbox")), ("offline", _("Offline"))]
    )
    external_id = models.CharField(max_length=255)
    checkout = models.ForeignKey(Checkout, on_delete=models.PROTECT, null=True, blank=True, related_name="payments")
    proposal = models.ForeignKey(
        "billing.Proposal", on_delete=models.PROTECT, null=True, blank=True, related_name="payments"
    )
    deal = models.ForeignKey("crm.Deal", on_delete=models.PROTECT, null=True, blank=True, related_name="payments")
    lead = models.ForeignKey("crm.Lead", on_delete=models.SET_NULL, null=True, blank=True, related_name="payments")
    contact = models.ForeignKey("crm.Contact", on_delete=models.PROTECT, null=True, blank=True, related_name="payments")
    amount_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    livemode = models.BooleanField(default=False)
    state = FSMField(default=State.RECEIVED, choices=State.choices, protected=True)
    needs_review = models.BooleanField(default=False, db_index=True)
    review_reason = models.CharField(max_length=500, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    is_win_pending = models.BooleanField(default=False, help_text="Paid, but the deal waits for a manager's approval")
    paid_at = models.DateTimeField()

    owner_paths: ClassVar[tuple[str, ...]] = ("deal__owner",)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "external_id"], name="payment_once_per_provider"),
            models.CheckConstraint(condition=Q(refunded_minor__gte=0), name="payment_refund_not_negative"),
            models.CheckConstraint(
                condition=Q(refunded_minor__lte=models.F("amount_minor")), name="payment_refund_at_most_paid"
            ),
        ]
        indexes = [models.Index(fields=["-paid_at", "-id"], name="payment_newest")]

    def __str__(self) -> str:
        return f"{self.amount} by {self.get_provider_display()}"

    @property
    def amount(self) -> Money:
        """What was paid."""
        return Money(self.amount_minor, self.currency)

    @property
    def kept(self) -> Money:
        """What was paid and not refunded."""
        return Money(self.amount_minor - self.refunded_minor, self.currency)

    def get_absolute_url(self) -> str:
        """Return the page of this payment."""
        return route("billing:payment-detail", self.pk)

    @transition(field=state, source=["received", "part_refunded"], target="part_refunded")
    def refund_part(self) -> None:
        """Some of it went back."""

    @transition(field=state, source=["received", "part_refunded"], target="refunded")
    def refund_all(self) -> None:
        """All of it went back."""


class Refund(StateModel, Record):
    """Money to be sent back: decided here, then done at the provider with our key."""

    class State(models.TextChoices):
        PLANNED = "planned", _("On its way")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=255)
    state = FSMField(default=State.PLANNED, choices=State.choices, protected=True)
    external_id = models.CharField(max_length=255, blank=True)
    error = models.CharField(max_length=255, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    owner_paths: ClassVar[tuple[str, ...]] = ("payment__deal__owner",)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_amount_positive"),
            models.UniqueConstraint(
                fields=["payment"], condition=Q(state="planned"), name="refund_one_planned_per_payment"
            ),
        ]

    def __str__(self) -> str:
        return f"Refund {self.pk} of {self.payment}"

    @property
    def amount(self) -> Money:
        """What goes back."""
        return Money(self.amount_minor, self.payment.currency)

    @transition(field=state, source="planned", target="done")
    def record_done(self) -> None:
        """The provider took it."""

    @transition(field=state, source="planned", target="failed")
    def record_failed(self) -> None:
        """The provider refused."""
