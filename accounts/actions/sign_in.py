"""What sign-in, second factors and refusals leave in the audit."""

from accounts.actor import Actor
from accounts.events import AccessDenied, UserSecondFactorChanged, UserSignedIn, UserSignedOut, UserSignInFailed
from accounts.models import User
from core.actions import action
from core.events import publish


@action("user.sign-in", permission=None)
def note_sign_in(user: User, *, actor: Actor, method: str) -> User:
    """Write down that a person signed in, and how."""
    publish(UserSignedIn(user.pk, method), actor=actor)
    return user


@action("user.sign-out", permission=None)
def note_sign_out(user: User, *, actor: Actor) -> User:
    """Write down that a person signed out."""
    publish(UserSignedOut(user.pk), actor=actor)
    return user


@action("user.sign-in-failed", permission=None)
def note_failed_sign_in(*, actor: Actor, user: User | None, reason: str) -> None:
    """Write down a sign-in that failed; an address that nobody here has is not kept."""
    publish(UserSignInFailed(user.pk if user else None, reason), actor=actor)


@action("user.second-factor", permission=None)
def note_second_factor(user: User, *, actor: Actor, factor: str, change: str) -> User:
    """Write down that a second factor was added, removed or reset."""
    publish(UserSecondFactorChanged(user.pk, factor, change), actor=actor)
    return user


@action("access.deny", permission=None)
def note_denied(*, actor: Actor, reason: str, method: str, path: str) -> None:
    """Write down that somebody was refused; administrators are told by a subscriber."""
    publish(AccessDenied(reason, method, path[:300]), actor=actor)
