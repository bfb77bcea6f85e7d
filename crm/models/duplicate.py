"""What the duplicate radar remembers, and which contacts were merged into which."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core import clock
from crm.models.contact import Contact
from crm.models.operation import Operation


class DuplicateKey(models.Model):
    """Something that a contact has in common with its possible twins, as a fingerprint."""

    is_derived = True

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    key = models.BigIntegerField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["key", "contact"], name="duplicate_key")]

    def __str__(self) -> str:
        return str(self.key)


class DuplicatePair(models.Model):
    """Two contacts that look like one, and what a person said about it."""

    owner_paths: ClassVar[tuple[str, ...]] = ("contact__owner", "other__owner")
    part_of: ClassVar[tuple[str, ...]] = ("contact_id", "other_id")

    class State(models.TextChoices):
        OPEN = "open", _("To look at")
        DIFFERENT = "different", _("Not the same")

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    other = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    # A probability in thousandths: whole numbers page and compare exactly.
    score = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    found_at = models.DateTimeField(default=clock.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contact", "other"], name="duplicate_pair_once"),
            models.CheckConstraint(name="duplicate_pair_ordered", condition=Q(contact__lt=F("other"))),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "-score", "-id"], name="duplicate_queue")]

    def __str__(self) -> str:
        return f"{self.contact} / {self.other}"

    def get_absolute_url(self) -> str:
        return reverse("crm:duplicate-list")

    @property
    def percent(self) -> int:
        """How sure the radar is, in per cent."""
        return self.score // 10


class ContactMerge(models.Model):
    """The way from the id of a merged contact to the one that it became part of."""

    owner_paths: ClassVar[tuple[str, ...]] = ("contact__owner",)

    old_id = models.BigIntegerField(unique=True)
    name = models.CharField(max_length=300)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="merges")
    operation = models.ForeignKey(Operation, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name
