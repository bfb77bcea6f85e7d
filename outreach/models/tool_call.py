"""Every call to a vendor, with its outcome."""

from django.db import models

from core.clock import now


class ToolCall(models.Model):
    """One call of one connector."""

    connector = models.CharField(max_length=32)
    capability = models.CharField(max_length=32)
    subject_type = models.CharField(max_length=32, blank=True)
    subject_id = models.BigIntegerField(null=True, blank=True)
    outcome = models.CharField(max_length=16)
    tries = models.PositiveSmallIntegerField(default=1)
    latency_ms = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=now, editable=False, db_index=True)

    def __str__(self) -> str:
        return f"{self.connector}: {self.capability}"
