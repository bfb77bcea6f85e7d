"""Record shares: guardian's rows, with who gave them, why and until when."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from guardian.models import GroupObjectPermissionAbstract, UserObjectPermissionAbstract

from core import clock


class _Given(models.Model):
    """What every share carries beside guardian's columns."""

    until = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    given_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        abstract = True


class UserShare(UserObjectPermissionAbstract, _Given):
    """One verb on one row, for one person."""

    class Meta(UserObjectPermissionAbstract.Meta):
        abstract = False
        indexes: ClassVar = [
            models.Index(fields=("user", "content_type"), name="user_share_of"),
            models.Index(fields=("content_type", "object_pk"), name="user_share_on"),
        ]


class TeamShare(GroupObjectPermissionAbstract, _Given):
    """One verb on one row, for everybody in one team."""

    class Meta(GroupObjectPermissionAbstract.Meta):
        abstract = False
        indexes: ClassVar = [
            models.Index(fields=("group", "content_type"), name="team_share_of"),
            models.Index(fields=("content_type", "object_pk"), name="team_share_on"),
        ]


def current() -> Q:
    """Answer the filter that keeps the shares that have not ended."""
    return Q(until=None) | Q(until__gt=clock.now())
