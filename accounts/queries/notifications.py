"""Reading what a person was told."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Notification
from core.errors import NotFound


def notifications_for(actor: Actor, *, unread: bool = False) -> QuerySet[Notification]:
    """Answer what the person behind the actor was told, the newest first."""
    rows = Notification.objects.filter(user_id=actor.user_id or 0)
    return (rows.filter(read_at__isnull=True) if unread else rows).order_by("-created_at", "-pk")


def notification_for(actor: Actor, pk: int) -> Notification:
    """Answer one notification of the person behind the actor."""
    row = notifications_for(actor).filter(pk=pk).first()
    if row is None:
        raise NotFound(_("There is no notification here."))
    return row
