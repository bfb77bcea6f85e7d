"""API keys: a program acts as its person, narrowed to scopes."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core import clock


class ApiKey(models.Model):
    """A key for the REST interface; only its prefix and a keyed digest are kept."""

    class Tier(models.TextChoices):
        STANDARD = "standard", _("Standard")
        HIGH = "high", _("High")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=list, blank=True)
    tier = models.CharField(max_length=8, choices=Tier, default=Tier.STANDARD)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    plain: str = ""  # the text itself: only on the row that its creation answers

    owner_paths: ClassVar[tuple[str, ...]] = ("user",)

    def __str__(self) -> str:
        return f"{self.name} (crm_{self.prefix}…)"

    @property
    def state(self) -> str:
        """Answer active, revoked or expired."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= clock.now() else "active"
