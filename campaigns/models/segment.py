"""A live segment: a rule, not a list; who belongs is asked of the contacts each time."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.links import route


class Segment(models.Model):
    """Contacts that match all, or any, of a few rules."""

    class Match(models.TextChoices):
        ALL = "all", _("All of these")
        ANY = "any", _("Any of these")

    name = models.CharField(max_length=120, unique=True)
    match = models.CharField(max_length=3, choices=Match.choices, default=Match.ALL)
    rules = models.JSONField(default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-created_at", "-id"], name="segment_newest")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the page of the segment."""
        return route("campaigns:segment-detail", self.pk)
