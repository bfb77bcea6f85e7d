"""Teams, and who leads them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models

from core.links import route


class Team(models.Model):
    """People who sell together."""

    name = models.CharField(max_length=100, unique=True)
    region = models.CharField(max_length=100, blank=True)
    # Records are shared with a team through this group.
    group = models.OneToOneField(
        Group, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="team"
    )
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="teams")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return route("accounts:team-detail", self.pk)


class Membership(models.Model):
    """One person's place in one team."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    is_manager = models.BooleanField(default=False)

    owner_paths: ClassVar[tuple[str, ...]] = ("user",)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "team"), name="membership_once_per_team"),)

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"
