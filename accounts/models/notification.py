"""Notifications: what a person is told, in the product and perhaps by email."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from core import clock
from core.links import route


class Notification(models.Model):
    """One thing that one person was told."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=60)
    text = models.CharField(max_length=500)
    url = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    read_at = models.DateTimeField(null=True, blank=True)

    owner_paths: ClassVar[tuple[str, ...]] = ("user",)

    class Meta:
        indexes = (models.Index(fields=("user", "read_at"), name="notification_unread"),)

    def __str__(self) -> str:
        return self.text

    def get_absolute_url(self) -> str:
        return route("accounts:notification-open", self.pk)
