"""Inviting people, giving them roles, letting them go."""

from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.events import (
    GrantChanged,
    UserCreated,
    UserDeactivated,
    UserInvited,
    UserJoined,
    UserPasswordChanged,
    UserReactivated,
    UserRolesChanged,
    UserSecondFactorChanged,
    UserUpdated,
)
from accounts.forms.hours import UpdateHoursForm
from accounts.forms.people import ChangeGrantForm, ChangeRolesForm, InviteUserForm, UpdateProfileForm, UpdateUserForm
from accounts.models import ApiKey, Grant, Membership, Team, User
from accounts.permissions import forget
from accounts.queries.people import administrators
from accounts.roles import ADMIN, ROLES
from core import clock
from core.actions import action
from core.effects import plan
from core.errors import Refused
from core.events import publish

LAST_ADMIN = _("This is the last administrator. Make somebody else one first.")


@action("user.create", permission=None)
def create_user(
    *,
    actor: Actor,
    email: str,
    name: str = "",
    roles: Iterable[str] = (),
    team: Team | None = None,
    password: str | None = None,
) -> User:
    """Create a person, or answer the one who has this address; nothing is sent."""
    found = User.objects.filter(email=User.objects.normalize_email(email)).first()
    if found is not None:
        return found
    user = User.objects.create_user(email, password, name=name)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    _give_roles(user, roles)
    if team is not None:
        Membership.objects.create(user=user, team=team)
        if team.group is not None:
            user.groups.add(team.group)
    publish(UserCreated(user.pk, str(user), sorted(user.roles)), actor=actor)
    return user


@action("user.invite", permission="user:manage", form=InviteUserForm)
def invite_user(
    *, actor: Actor, email: str, name: str = "", roles: Iterable[str] = (), team: Team | None = None
) -> User:
    """Create a person and send a one-time link on which they choose a password."""
    if User.objects.filter(email=User.objects.normalize_email(email)).exists():
        raise Refused(gettext("This person is here already."), code="duplicate")
    user = create_user(actor=actor, email=email, name=name, roles=roles, team=team)
    return _invited(user, actor)


@action("user.invite-again", permission="user:manage")
def invite_again(user: User, *, actor: Actor) -> User:
    """Send a new one-time link; the earlier ones stop working."""
    if user.has_usable_password():
        raise Refused(gettext("This person has joined already. They can reset their password themselves."))
    _end_sessions(user)
    return _invited(user, actor)


@action("user.first-admin", permission=None)
def create_first_admin(*, actor: Actor, email: str) -> User:
    """Create the first administrator, without a password: a one-time link lets them choose one.

    While nobody used the link, the same person is answered again. Refused once there is an
    administrator.
    """
    waiting = [person for person in administrators() if not person.has_usable_password()]
    if len(waiting) < len(administrators()):
        raise Refused(gettext("There is an administrator already. Sign in, or reset the password."))
    if waiting:
        _end_sessions(waiting[0])
        return waiting[0]
    return create_user(actor=actor, email=email, roles=(ADMIN,))


@action("user.join", permission=None)
def join(user: User, *, actor: Actor, name: str, password: str, email: str = "") -> User:
    """Set the first password of an invited person; the door has read their one-time link."""
    if user.has_usable_password() or not user.is_active:
        raise Refused(gettext("This link was used already. Sign in."))
    user.name = name
    if email and email != user.email:
        if User.objects.filter(email=email).exclude(pk=user.pk).exists():
            raise Refused(gettext("Somebody else has this address."))
        user.email = email
        EmailAddress.objects.filter(user=user).update(email=email)
    user.set_password(password)
    user.save()
    publish(UserJoined(user.pk, str(user)), actor=actor)
    return user


@action("user.update", permission="user:manage", form=UpdateUserForm)
def update_user(user: User, *, actor: Actor, **values: str) -> User:
    """Change somebody's name, phone or time zone."""
    return _update(user, actor, values)


@action("profile.update", permission="profile:update", form=UpdateProfileForm)
def update_profile(user: User, *, actor: Actor, **values: str | bool) -> User:
    """Change one's own name, phone, language, time zone and what comes by email."""
    return _update(user, actor, values)


@action("profile.hours", permission="profile:update", form=UpdateHoursForm)
def update_hours(user: User, *, actor: Actor, **values: Any) -> User:
    """Change one's own working hours (None for the workspace's), days off and reminders of meetings."""
    return _update(user, actor, values)


@action("user.change-roles", permission="user:manage", form=ChangeRolesForm)
def change_roles(user: User, *, actor: Actor, roles: Iterable[str]) -> User:
    """Give a person exactly these roles, effective at their next request."""
    previous, wanted = user.roles, frozenset(roles)
    if ADMIN in previous and ADMIN not in wanted:
        _keep_one_admin(user)
    _give_roles(user, wanted)
    if user.roles != previous:
        change = UserRolesChanged(user.pk, str(user), sorted(user.roles), sorted(previous))
        publish(change, actor=actor)
    return user


@action("user.deactivate", permission="user:manage")
def deactivate_user(user: User, *, actor: Actor) -> User:
    """Close an account: sessions end with the next request, API keys are revoked."""
    if user.pk == actor.user_id:
        raise Refused(gettext("You cannot deactivate yourself. Ask another administrator."))
    if not user.is_active:
        raise Refused(gettext("This account is deactivated already."))
    if ADMIN in user.roles:
        _keep_one_admin(user)
    user.is_active, user.deactivated_at = False, clock.now()
    user.save(update_fields=["is_active", "deactivated_at"])
    _end_sessions(user)
    ApiKey.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=clock.now())
    publish(UserDeactivated(user.pk, str(user)), actor=actor)
    return user


@action("user.reactivate", permission="user:manage")
def reactivate_user(user: User, *, actor: Actor) -> User:
    """Open a closed account again; revoked API keys stay revoked."""
    if user.is_active:
        raise Refused(gettext("This account is active."))
    user.is_active, user.deactivated_at = True, None
    user.save(update_fields=["is_active", "deactivated_at"])
    publish(UserReactivated(user.pk, str(user)), actor=actor)
    return user


@action("user.reset-second-factor", permission="user:manage")
def reset_second_factor(user: User, *, actor: Actor) -> User:
    """Take away every second factor of a person who lost theirs; their sessions end, the password stays.

    Refused where there is none. Publishes UserSecondFactorChanged.
    """
    if not Authenticator.objects.filter(user=user).exists():
        raise Refused(gettext("This person has no second factor."))
    Authenticator.objects.filter(user=user).delete()
    _end_sessions(user)
    publish(UserSecondFactorChanged(user.pk, "all", "reset"), actor=actor)
    return user


@action("user.password-changed", permission=None)
def note_password(user: User, *, actor: Actor) -> User:
    """Write down that a person changed their password; their other sessions ended with it."""
    publish(UserPasswordChanged(user.pk), actor=actor)
    return user


@action("user.email-changed", permission=None)
def note_email(user: User, *, actor: Actor) -> User:
    """Write down that a person signs in with another address."""
    publish(UserUpdated(user.pk, ["email"]), actor=actor)
    return user


@action("grant.change", permission="user:manage", form=ChangeGrantForm)
def change_grant(*, actor: Actor, role: str, permission: str, scope: str = "") -> Grant | None:
    """Widen or narrow one cell of the role matrix; an empty scope brings the standard back."""
    if role == ADMIN and scope not in {"", Grant.Reach.ALL}:
        raise Refused(gettext("Administrators keep everything, or nobody could open the door again."))
    grant = Grant.objects.filter(role=role, permission=permission).first()
    previous = grant.scope if grant else ""
    if scope:
        grant, _ = Grant.objects.update_or_create(role=role, permission=permission, defaults={"scope": scope})
    elif grant is not None:
        grant.delete()
        grant = None
    pk = grant.pk if grant else None
    publish(GrantChanged(pk, role, permission, scope, previous), actor=actor)
    return grant


def _invited(user: User, actor: Actor) -> User:
    key = f"invite:{user.pk}:{user.session_epoch}"
    plan(key, kind="email", subject=("user", user.pk), repeatable=False)
    publish(UserInvited(user.pk, str(user)), actor=actor)
    return user


def _update(user: User, actor: Actor, values: dict[str, str | bool] | dict[str, str]) -> User:
    changed = [name for name, value in values.items() if getattr(user, name) != value]
    for name in changed:
        setattr(user, name, values[name])
    if changed:
        user.save(update_fields=changed)
        publish(UserUpdated(user.pk, changed), actor=actor)
    return user


def _give_roles(user: User, roles: Iterable[str]) -> None:
    wanted = [Group.objects.get_or_create(name=role)[0] for role in roles]
    user.groups.remove(*user.groups.filter(name__in=ROLES))
    user.groups.add(*wanted)
    forget(user)


def _end_sessions(user: User) -> None:
    user.session_epoch += 1
    user.save(update_fields=["session_epoch"])


def _keep_one_admin(leaving: User) -> None:
    if not any(person.pk != leaving.pk for person in administrators()):
        raise Refused(LAST_ADMIN, code="last_admin")
