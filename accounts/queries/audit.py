"""Reading the audit: every event of the workspace, for those who may."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from accounts.actor import Actor
from core.models import Event


def audit_for(actor: Actor, wanted: Mapping[str, Any]) -> QuerySet[Event]:
    """Answer the events that pass the filter; none for those who may not read the audit.

    It knows a part of the name, a person's number, a kind of record and its number, and days.
    """
    if not actor.can("audit:read"):
        return Event.objects.none()
    exact: dict[str, Any] = {
        "name__icontains": wanted.get("name"),
        "actor_id": wanted.get("actor"),
        "subject_type": wanted.get("subject_type"),
        "subject_id": wanted.get("subject_id"),
        "at__gte": _midnight(since) if (since := wanted.get("since")) else None,
        "at__lt": _midnight(until + timedelta(days=1)) if (until := wanted.get("until")) else None,
    }
    return Event.objects.filter(**{key: value for key, value in exact.items() if value})


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
