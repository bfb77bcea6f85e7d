"""Grants: what this install changed in the role matrix."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Grant(models.Model):
    """One cell of the matrix as this install wants it: wider, narrower or closed."""

    class Reach(models.TextChoices):
        ALL = "all", _("Everything")
        TEAM = "team", _("Own team")
        OWN = "own", _("Own")
        NONE = "none", _("Nothing")

    role = models.CharField(max_length=150)
    permission = models.CharField(max_length=80)
    scope = models.CharField(max_length=8, choices=Reach)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("role", "permission"), name="grant_one_per_cell"),)

    def __str__(self) -> str:
        return f"{self.role} may {self.permission}: {self.scope}"
