"""Telling people something, and their noticing it."""

from accounts.actor import Actor
from accounts.events import NotificationCreated
from accounts.models import Notification, User
from core import clock
from core.actions import action
from core.effects import plan
from core.events import publish


@action("notification.create", permission=None)
def notify(
    user: User, *, actor: Actor, kind: str, text: str, url: str = "", email: bool = False, key: str | None = None
) -> Notification:
    """Tell a person something in the product and, with `email`, by mail too.

    Not by mail to whoever switched that off. With a `key` the same thing is told once.
    """
    row = Notification.objects.create(user=user, kind=kind, text=text[:500], url=url[:300], created_at=clock.now())
    if email and user.email_notifications and user.is_active:
        subject = ("notification", row.pk)
        plan(f"notification:{row.pk}", kind="email", subject=subject, repeatable=False)
        publish(NotificationCreated(row.pk, user.pk, kind), actor=actor)
    return row


@action("notification.read", permission="profile:update")
def mark_read(notification: Notification, *, actor: Actor) -> Notification:
    """Note that a person has seen one notification."""
    if notification.read_at is None:
        notification.read_at = clock.now()
        notification.save(update_fields=["read_at"])
    return notification


@action("notification.read-all", permission="profile:update")
def mark_all_read(user: User, *, actor: Actor) -> User:
    """Note that a person has seen everything so far."""
    Notification.objects.filter(user=user, read_at__isnull=True).update(read_at=clock.now())
    return user
