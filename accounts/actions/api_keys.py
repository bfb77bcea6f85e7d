"""API keys: created once in plain text, revoked for good."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.events import KeyCreated, KeyRevoked
from accounts.forms.api_keys import CreateApiKeyForm
from accounts.models import ApiKey, User
from core import clock
from core.actions import action
from core.crypto import sha256
from core.errors import Denied, Refused
from core.events import publish

TOUCH_EVERY = timedelta(minutes=1)


@action("key.create", permission="key:manage", form=CreateApiKeyForm)
def create_api_key(
    *,
    actor: Actor,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    user: User | None = None,
    tier: str = ApiKey.Tier.STANDARD,
) -> ApiKey:
    """Create a key for oneself (an administrator: for anybody, and of a tier that may call more often).

    Its text stands on the answered row, this once.
    """
    if actor.kind == "key":
        raise Denied(_("A key cannot make other keys. Sign in for that."))
    owner = user or actor.user
    if owner is None:
        raise Refused(_("A key needs a person whom it acts for."))
    if tier != ApiKey.Tier.STANDARD:
        actor.require("settings:manage")
    prefix = secrets.token_hex(4)
    plain = f"crm_{prefix}_{secrets.token_urlsafe(24)}"
    key = ApiKey(
        user=owner,
        name=name,
        prefix=prefix,
        digest=sha256(plain),
        scopes=sorted(scopes),
        tier=tier,
        expires_at=expires_at,
    )
    actor.require("key:manage", key)
    key.save()
    key.plain = plain
    publish(KeyCreated(key.pk, owner.pk, name, key.scopes, key.tier), actor=actor)
    return key


@action("key.revoke", permission="key:manage")
def revoke_api_key(api_key: ApiKey, *, actor: Actor) -> ApiKey:
    """Close a key for good; the next request with it is refused."""
    if api_key.revoked_at:
        raise Refused(_("This key is revoked already."))
    api_key.revoked_at = clock.now()
    api_key.save(update_fields=["revoked_at"])
    publish(KeyRevoked(api_key.pk, api_key.user_id, api_key.name), actor=actor)
    return api_key


def touch(api_key: ApiKey) -> None:
    """Note that a key was used, once a minute at most; no event, it would drown the others."""
    at = clock.now()
    if api_key.last_used_at is None or at - api_key.last_used_at >= TOUCH_EVERY:
        ApiKey.objects.filter(pk=api_key.pk).update(last_used_at=at)
