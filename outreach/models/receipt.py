"""What came to the door, stored before it is answered and read afterwards."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.clock import now


class Receipt(models.Model):
    """One delivery of one vendor; (vendor, external id) happens once, however often it is delivered."""

    STATES: ClassVar[tuple[tuple[str, str], ...]] = (
        ("stored", _("Stored")),
        ("done", _("Done")),
        ("ignored", _("Ignored")),
        ("failed", _("Failed")),
    )

    vendor = models.CharField(max_length=32)
    external_id = models.CharField(max_length=255)
    body = models.TextField()
    state = models.CharField(max_length=8, choices=STATES, default="stored")
    note = models.CharField(max_length=255, blank=True)
    received_at = models.DateTimeField(default=now, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["vendor", "external_id"], name="receipt_once")
        ]

    def __str__(self) -> str:
        return f"{self.vendor} {self.external_id}"


class Cursor(models.Model):
    """How far a mailbox has been read."""

    key = models.CharField(max_length=128, unique=True)
    uidvalidity = models.BigIntegerField(default=0)
    uid = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.key
