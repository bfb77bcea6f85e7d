"""A proposal: what is offered for how much, and what the customer did with it."""

from datetime import date
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from billing.models.priced import Priced
from core.links import route
from crm.models.record import Record
from crm.models.state import StateModel

CLOSED = ("replaced", "withdrawn", "expired", "declined")
WAITING = ("sent", "viewed")
EDITABLE = ("draft", "approved")
LIVE = ["draft", "pending_approval", "approved", "sent", "viewed", "accepted"]


class ProposalQuerySet(models.QuerySet["Proposal"]):
    """Filters in the words of the business."""

    def past(self, today: date) -> "ProposalQuerySet":
        """Proposals that nobody accepted in time."""
        return self.filter(state__in=WAITING, valid_until__lt=today)

    def current(self) -> "ProposalQuerySet":
        """Proposals that still count: none of a deal's earlier attempts."""
        return self.exclude(state__in=CLOSED)


class Proposal(Priced, StateModel, Record):
    """One version of an offer for one deal."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PENDING_APPROVAL = "pending_approval", _("Waiting for approval")
        APPROVED = "approved", _("Approved")
        SENT = "sent", _("Sent")
        VIEWED = "viewed", _("Viewed")
        ACCEPTED = "accepted", _("Accepted")
        PAID = "paid", _("Paid")
        DECLINED = "declined", _("Declined")
        EXPIRED = "expired", _("Expired")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        REPLACED = "replaced", _("Replaced")

    deal = models.ForeignKey("crm.Deal", on_delete=models.PROTECT, related_name="proposals")
    lead = models.ForeignKey("crm.Lead", on_delete=models.SET_NULL, null=True, blank=True, related_name="proposals")
    contact = models.ForeignKey("crm.Contact", on_delete=models.PROTECT, related_name="proposals")
    number = models.CharField(max_length=40)
    revision = models.PositiveSmallIntegerField(default=1)
    state = FSMField(default=State.DRAFT, choices=State.choices, protected=True, db_index=True)
    title = models.CharField(max_length=160)
    summary = models.TextField(blank=True)
    terms = models.TextField(blank=True)
    currency = models.CharField(max_length=3)
    tax_name = models.CharField(max_length=20, blank=True)
    tax_rate_bp = models.PositiveIntegerField(default=0)
    subtotal_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField(default=0)
    valid_until = models.DateField()
    written_by = models.CharField(max_length=20, default="person", help_text="person, model or rules")
    confidence = models.FloatField(null=True, blank=True)
    sources = models.JSONField(default=list, blank=True)
    token_hash = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    token_sealed = models.TextField(blank=True, editable=False)
    pdf_path = models.CharField(max_length=255, blank=True, editable=False)
    queued_at = models.DateTimeField(null=True, blank=True)
    send_error = models.CharField(max_length=255, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    viewed_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_name = models.CharField(max_length=120, blank=True)
    accepted_ip = models.GenericIPAddressField(null=True, blank=True)
    accepted_agent = models.CharField(max_length=255, blank=True)
    accepted_digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of what was accepted")
    closed_reason = models.CharField(max_length=500, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    owner_paths: ClassVar[tuple[str, ...]] = ("deal__owner",)
    objects = ProposalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number", "revision"], name="proposal_number_revision_unique"),
            models.UniqueConstraint(
                fields=["deal"], condition=~Q(state__in=CLOSED), name="proposal_one_current_per_deal"
            ),
            models.CheckConstraint(
                condition=Q(total_minor=models.F("subtotal_minor") + models.F("tax_minor")),
                name="proposal_total_adds_up",
            ),
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="proposal_newest")]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """The number as people say it; the revision shows from the second on."""
        return self.number if self.revision == 1 else f"{self.number}/{self.revision}"

    @property
    def is_editable(self) -> bool:
        """Nobody has been asked or told anything yet that an edit would falsify."""
        return self.state in EDITABLE and self.queued_at is None

    @property
    def is_on_its_way(self) -> bool:
        """Handed to the mail, not yet reported sent."""
        return self.state in EDITABLE and self.queued_at is not None

    @property
    def waits_for_customer(self) -> bool:
        """The customer can accept or decline."""
        return self.state in WAITING

    def get_absolute_url(self) -> str:
        """Return the page of this proposal."""
        return route("billing:proposal-detail", self.pk)

    @transition(field=state, source=["draft", "approved"], target="pending_approval")
    def ask_approval(self) -> None:
        """A manager is asked."""

    @transition(field=state, source=["draft", "pending_approval"], target="approved")
    def approve(self) -> None:
        """It may go out."""

    @transition(field=state, source=["pending_approval", "approved"], target="draft")
    def back_to_draft(self) -> None:
        """Rejected, or changed after approval."""

    @transition(field=state, source=["draft", "approved"], target="sent")
    def record_sent(self) -> None:
        """The mail with it was accepted for delivery."""

    @transition(field=state, source="sent", target="viewed")
    def record_view(self) -> None:
        """The customer opened the page."""

    @transition(field=state, source=["sent", "viewed"], target="accepted")
    def accept(self) -> None:
        """The customer signed."""

    @transition(field=state, source=["sent", "viewed"], target="declined")
    def decline(self) -> None:
        """The customer said no."""

    @transition(field=state, source="accepted", target="paid")
    def record_paid(self) -> None:
        """A verified payment arrived."""

    @transition(field=state, source=["sent", "viewed"], target="expired")
    def expire(self) -> None:
        """The date passed."""

    @transition(field=state, source=LIVE, target="withdrawn")
    def withdraw(self) -> None:
        """We took it back."""

    @transition(field=state, source=[*LIVE, "declined", "expired", "withdrawn"], target="replaced")
    def replace(self) -> None:
        """A newer revision counts."""


class ProposalLine(models.Model):
    """One item of a proposal; words and price are copies that no catalog change alters."""

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField(default=0)
    item = models.ForeignKey("crm.Item", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=160)
    description = models.CharField(max_length=500, blank=True)
    quantity = models.DecimalField(max_digits=10, decimal_places=2, default=Decimal(1))
    unit_price_minor = models.BigIntegerField()
    amount_minor = models.BigIntegerField()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="proposal_line_quantity_positive"),
            models.CheckConstraint(condition=Q(unit_price_minor__gte=0), name="proposal_line_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"
