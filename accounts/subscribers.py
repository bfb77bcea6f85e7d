"""What follows: invitations and notifications go out by mail, administrators hear of refusals."""

from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from accounts.actions.notify import notify
from accounts.actor import Actor
from accounts.events import AccessDenied, NotificationCreated, UserInvited, UserRolesChanged
from accounts.models import Notification, User, Workspace
from accounts.queries.people import administrators, link_token
from accounts.roles import ROLE_LABELS
from core.events import Meta, on
from core.mail import deliver

QUIET = timedelta(minutes=10)


@on(NotificationCreated)
def mail_notification(event: NotificationCreated, meta: Meta) -> None:
    """Send by email what a person was told."""
    row = Notification.objects.select_related("user").filter(pk=event.notification_id).first()
    if row is None or not row.user.is_active:
        return
    link = f"{settings.SITE_URL}{row.get_absolute_url()}"
    _send(f"notification:{row.pk}", row.user, row.text, f"{row.text}\n\nOpen it: {link}\n")


@on(UserInvited)
def mail_invitation(event: UserInvited, meta: Meta) -> None:
    """Send the one-time link on which an invited person chooses a password."""
    user = User.objects.filter(pk=event.user_id, is_active=True).first()
    if user is None or user.has_usable_password():
        return
    token = link_token(user, "invite")
    link = settings.SITE_URL + reverse("accounts:join", args=("invite", token))
    workspace = Workspace.current().name
    text = (
        f"{meta.actor.name} invited you to {workspace}.\n\n"
        f"Choose a password within 7 days, on this link, which works once:\n{link}\n"
    )
    _send(f"invite:{user.pk}:{user.session_epoch}", user, f"Your invitation to {workspace}", text)


@on(AccessDenied)
def warn_administrators(event: AccessDenied, meta: Meta) -> None:
    """Tell the administrators that somebody was refused, once per person in ten minutes."""
    who = meta.actor.name or "Somebody"
    url = reverse("accounts:audit") + f"?name=access.denied&actor={meta.actor.user_id or ''}"
    recent = Notification.objects.filter(kind="access.denied", url=url, created_at__gt=meta.at - QUIET)
    told = set(recent.values_list("user_id", flat=True))
    for admin in administrators():
        if admin.pk not in told and admin.pk != meta.actor.user_id:
            notify(
                admin,
                actor=Actor.system("accounts"),
                kind="access.denied",
                text=f"{who} was refused: {event.reason}",
                url=url,
                key=f"{meta.key}:{admin.pk}",
            )


@on(UserRolesChanged)
def tell_new_roles(event: UserRolesChanged, meta: Meta) -> None:
    """Tell a person what they may do from now on."""
    user = User.objects.filter(pk=event.user_id, is_active=True).first()
    if user is not None and user.pk != meta.actor.user_id:
        roles = ", ".join(str(ROLE_LABELS.get(role, role)) for role in event.roles) or "none"
        notify(
            user,
            actor=Actor.system("accounts"),
            kind="user.roles_changed",
            text=f"{meta.actor.name} changed your roles. You have now: {roles}.",
            url=reverse("accounts:profile"),
            key=meta.key,
        )


def _send(key: str, user: User, subject: str, text: str) -> None:
    deliver(key, EmailMessage(" ".join(subject.split())[:200], text, to=[user.email]))
