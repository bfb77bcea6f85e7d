"""Territories: which leads belong together and who looks after them; kept as versions once published."""

import secrets
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core import clock
from core.links import route
from crm.models.record import Record

PLACES = ("countries", "regions", "cities", "postal_prefixes", "industries")


def new_code() -> str:
    """Return a text by which no two versions are mistaken for each other."""
    return secrets.token_hex(8)


class Territory(Record):
    """A rule of the draft: where each filled list holds the lead's value, these people get it."""

    name = models.CharField(max_length=80, unique=True)
    priority = models.PositiveSmallIntegerField(default=100)
    colour = models.CharField(max_length=7, default="#3b6fd4")
    countries = models.JSONField(default=list, blank=True)
    regions = models.JSONField(default=list, blank=True)
    cities = models.JSONField(default=list, blank=True)
    postal_prefixes = models.JSONField(default=list, blank=True)
    industries = models.JSONField(default=list, blank=True)
    team = models.ForeignKey("accounts.Team", models.SET_NULL, null=True, blank=True, related_name="+")
    reps = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="territories")
    max_open_leads = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "territories"
        ordering: ClassVar = ["priority", "name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return route("crm:territory-edit", self.pk)

    @property
    def places(self) -> list[list[str]]:
        """The filled lists."""
        return [held for name in PLACES if (held := getattr(self, name))]

    def as_rule(self) -> dict[str, Any]:
        """Return what a version keeps of it."""
        plain = ("id", "name", "priority", "colour", *PLACES, "team_id", "max_open_leads")
        rule = {name: getattr(self, name) for name in plain}
        return rule | {"rep_ids": sorted(rep.pk for rep in self.reps.all())}


class RoutingVersion(models.Model):
    """The territories as they were published; the newest version is in force, none is ever changed."""

    code = models.CharField(max_length=16, unique=True, default=new_code, editable=False)
    territories = models.JSONField()
    note = models.CharField(_("what changed"), max_length=200, blank=True)
    published_at = models.DateTimeField(default=clock.now)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"Version {self.pk}"

    def get_absolute_url(self) -> str:
        return route("crm:territory-list")
