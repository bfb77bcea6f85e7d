"""Approvals: the second pair of eyes on a large deal."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.deal import Deal
from crm.models.record import Record


class Approval(Record):
    """A yes or no to exactly this value, currency and these lines; any change of them voids it."""

    owner_paths: ClassVar[tuple[str, ...]] = ("deal__owner", "requested_by")

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        VOID = "void", _("Void")

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="approvals")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    fingerprint = models.CharField(max_length=64)
    value_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    note = models.CharField(max_length=300, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["deal"], condition=Q(state="pending"), name="approval_one_pending"),
            models.CheckConstraint(
                name="approval_state_known", condition=Q(state__in=("pending", "approved", "rejected", "void"))
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "-created_at", "-id"], name="approval_state")]

    def __str__(self) -> str:
        return f"{self.deal_id} {self.state}"
