"""Consent as given and withdrawn, and the addresses that nobody may write to any more."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from core import clock
from crm.models.contact import Channel, Contact


class Consent(models.Model):
    """One statement of a contact about a channel and purpose; the latest counts, none changes."""

    class State(models.TextChoices):
        GIVEN = "given", _("Given")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="consents")
    channel = models.CharField(max_length=8, choices=Channel)
    # The folded address that a yes is about; "" is whichever one the contact has.
    address = models.CharField(max_length=254, blank=True)
    purpose = models.CharField(max_length=40, default="marketing")
    state = models.CharField(max_length=9, choices=State)
    source = models.CharField(max_length=60, blank=True)
    text_version = models.CharField(max_length=64, blank=True)
    proof = models.TextField(blank=True)
    ip = models.CharField(max_length=45, blank=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["contact", "channel", "-id"], name="consent_latest")]

    def __str__(self) -> str:
        return f"{self.channel}/{self.purpose} {self.state}"


class Suppression(models.Model):
    """An address that no message may go to: a keyed fingerprint, so that erasure cannot undo it."""

    channel = models.CharField(max_length=8, choices=Channel)
    fingerprint = models.CharField(max_length=64)
    reason = models.CharField(max_length=40)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["channel", "fingerprint"], name="suppression_once")]

    def __str__(self) -> str:
        return f"{self.channel} {self.reason}"
