"""Exports: lists that are too long to be written while somebody waits."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from core import clock


class Export(models.Model):
    """A list that one person wants as a file: asked for, then written, kept for a while and only theirs."""

    owner_paths: ClassVar[tuple[str, ...]] = ("user",)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exports")
    list = models.CharField(max_length=20)
    query = models.TextField(blank=True)
    format = models.CharField(max_length=4)  # "all" is written as CSV
    path = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.list}-{self.created_at:%Y-%m-%d}"
