"""An invoice: a numbered copy of what was sold, that nothing changes afterwards."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from billing.models.priced import Priced
from core.links import route
from crm.models.record import Record
from crm.models.state import StateModel


class Invoice(Priced, StateModel, Record):
    """One invoice of the gapless series of its year."""

    class State(models.TextChoices):
        ISSUED = "issued", _("Issued")
        PAID = "paid", _("Paid")
        VOID = "void", _("Void")

    number = models.CharField(max_length=40, unique=True)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    deal = models.ForeignKey("crm.Deal", on_delete=models.PROTECT, null=True, related_name="invoices")
    contact = models.ForeignKey("crm.Contact", on_delete=models.PROTECT, related_name="invoices")
    proposal = models.ForeignKey(
        "billing.Proposal", on_delete=models.PROTECT, null=True, blank=True, related_name="invoices"
    )
    payment = models.OneToOneField(
        "billing.Payment", on_delete=models.PROTECT, null=True, blank=True, related_name="invoice"
    )
    state = FSMField(default=State.ISSUED, choices=State.choices, protected=True, db_index=True)
    issued_on = models.DateField()
    due_on = models.DateField()
    paid_on = models.DateField(null=True, blank=True)
    seller = models.JSONField(default=dict)
    buyer = models.JSONField(default=dict)
    lines = models.JSONField(default=list)
    currency = models.CharField(max_length=3)
    tax_name = models.CharField(max_length=20, blank=True)
    tax_rate_bp = models.PositiveIntegerField(default=0)
    subtotal_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    token_hash = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    token_sealed = models.TextField(blank=True, editable=False)
    pdf_path = models.CharField(max_length=255, blank=True, editable=False)
    void_reason = models.CharField(max_length=255, blank=True)

    owner_paths: ClassVar[tuple[str, ...]] = ("deal__owner",)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "sequence"], name="invoice_sequence_unique"),
            models.UniqueConstraint(fields=["deal"], condition=~Q(state="void"), name="invoice_one_valid_per_deal"),
            models.CheckConstraint(
                condition=Q(total_minor=models.F("subtotal_minor") + models.F("tax_minor")),
                name="invoice_total_adds_up",
            ),
        ]
        indexes = [models.Index(fields=["-issued_on", "-id"], name="invoice_newest")]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """Return the page of this invoice."""
        return route("billing:invoice-detail", self.pk)

    @transition(field=state, source="issued", target="paid")
    def record_paid(self) -> None:
        """The money arrived."""

    @transition(field=state, source=["issued", "paid"], target="void")
    def void(self) -> None:
        """It no longer counts; its number stays taken."""
