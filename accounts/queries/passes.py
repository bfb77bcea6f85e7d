"""Passes: with what a long-lived connection was let in, and whether that still holds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session

from accounts.actor import Actor
from accounts.models import ApiKey, User
from accounts.permissions import prime
from accounts.queries.people import key_of_secret
from core import clock

GONE = "signed-out"
CHANGED = "rights-changed"


@dataclass(slots=True)
class Pass:
    """The person behind a connection, by session or by key; `ended` says why it counts no more."""

    actor: Actor
    user_id: int
    roles: frozenset[str]
    session_key: str = ""
    session_hash: str = ""
    key_id: int | None = None
    ended: str = ""


def pass_of(request: Any) -> Pass:
    """Answer the pass of a request whose actor is a person or a key."""
    actor: Actor = request.actor
    user = actor.user
    if user is None:
        raise ValueError("Only people and keys have a pass.")
    made = Pass(actor, user.pk, user.roles)
    if actor.kind == "key":
        key = key_of_secret(request.headers.get("Authorization", "").partition(" ")[2].strip())
        made.key_id = key.pk if key else 0
    else:
        made.session_key = request.session.session_key or ""
        made.session_hash = request.session.get(HASH_SESSION_KEY, "")
    return made


def renew(passes: Sequence[Pass]) -> None:
    """Load everybody anew, in a fixed number of queries; end the passes that hold no more.

    A pass ends with its session or key, with the account, the password or the roles.
    """
    users = {user.pk: user for user in User.objects.filter(pk__in={one.user_id for one in passes})}
    prime(users.values())
    keys = {one.session_key for one in passes if one.session_key}
    alive = Session.objects.filter(pk__in=keys, expire_date__gt=clock.now())
    sessions = set(alive.values_list("pk", flat=True)) if keys else set()
    ids = {one.key_id for one in passes if one.key_id}
    usable = {key.pk for key in ApiKey.objects.filter(pk__in=ids) if key.state == "active"}
    hashes = {pk: user.get_session_auth_hash() for pk, user in users.items()}
    for one in passes:
        user = users.get(one.user_id)
        by_session = one.session_key in sessions and one.session_hash == hashes.get(one.user_id)
        if user is None or not user.is_active or not (by_session or one.key_id in usable):
            one.ended = GONE
        elif user.roles != one.roles:
            one.ended = CHANGED
        else:
            one.actor = replace(one.actor, user=user)
