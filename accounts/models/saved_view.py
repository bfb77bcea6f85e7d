"""Saved views: a list's filters under a name."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class SavedView(models.Model):
    """The filters, order and columns of one list, kept by a person and perhaps shown to all."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=80)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True)
    is_shared = models.BooleanField(default=False)
    is_pinned = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    owner_paths: ClassVar[tuple[str, ...]] = ("user",)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "page", "name"), name="saved_view_name_once"),)

    def __str__(self) -> str:
        return self.name
