"""Record shares: the exceptions to the matrix, one row for one person or team; and asking for one."""

from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from guardian.shortcuts import assign_perm, remove_perm

from accounts.actions.notify import notify
from accounts.actor import Actor
from accounts.events import AccessAsked, RecordShared, RecordUnshared
from accounts.models import Team, User
from accounts.permissions import share_codename
from accounts.queries.people import administrators
from accounts.roles import owners_of
from core import clock
from core.actions import action
from core.errors import Denied, Invalid, Refused
from core.events import publish

VERBS = {"read": ("read",), "update": ("read", "update")}
NOT_YOURS = _("It is shared with you, so you cannot share it on. Ask its owner or a manager.")


@action("record.share", permission=None)
def share_record(
    record: Model,
    *,
    actor: Actor,
    noun: str,
    shared_with: User | Team,
    verb: str = "read",
    until: datetime | None = None,
    note: str = "",
) -> Model:
    """Let a person or a team read (or also update) one row beyond their scope, perhaps until a moment.

    Only those gain whose role has the verb for some rows. The actor must hold `<noun>:update` for
    the row by their role. A share that was given before is replaced. Publishes RecordShared.
    """
    may_share(actor, noun, record)
    if until is not None and until <= clock.now():
        raise Invalid({"until": [gettext("Choose a day that is not over yet.")]})
    _take_back(noun, record, shared_with)
    for one in VERBS[verb]:
        share: Any = assign_perm(_codename(noun, one, record), _holder(shared_with), record)
        share.until, share.note, share.given_by = until, note[:300], actor.user
        share.given_at = clock.now()
        share.save(update_fields=["until", "note", "given_by", "given_at"])
    members = [shared_with] if isinstance(shared_with, User) else shared_with.members.all()
    for person in members:
        if person.pk != actor.user_id and person.is_active:
            _tell(person, record, "record.shared", f"{actor} shared {record} with you. {note}")
    publish(RecordShared(record.pk, noun, str(shared_with), verb, *_ids(shared_with)), actor=actor)
    return record


@action("record.unshare", permission=None)
def unshare_record(record: Model, *, actor: Actor, noun: str, shared_with: User | Team) -> Model:
    """Take a share back, effective at the next request. Publishes RecordUnshared."""
    may_share(actor, noun, record)
    _take_back(noun, record, shared_with)
    gone = RecordUnshared(record.pk, noun, str(shared_with), "", *_ids(shared_with))
    publish(gone, actor=actor)
    return record


@action("record.ask_access", permission=None)
def ask_access(record: Model, *, actor: Actor, noun: str, note: str = "") -> Model:
    """Tell the owner (else the administrators) that the actor would like more, once a day. Publishes AccessAsked."""
    actor.require(f"{noun}:read", record)
    owners = User.objects.filter(pk__in=owners_of(record).keys() - {actor.user_id}, is_active=True)
    key = f"access:{noun}:{record.pk}:{actor.user_id}:{clock.now():%Y%m%d}"
    for person in list(owners) or administrators():
        text = f"{actor} asks to work on {record}. {note}"
        _tell(person, record, "access.asked", text, key=f"{key}:{person.pk}")
    publish(AccessAsked(record.pk, noun), actor=actor)
    return record


def _tell(person: User, record: Any, kind: str, text: str, key: str | None = None) -> None:
    url = f"{record.get_absolute_url()}#record-access"
    house = Actor.system("access")
    notify(person, actor=house, kind=kind, text=text.strip(), url=url, email=True, key=key)


def may_share(actor: Actor, noun: str, record: Model) -> None:
    """Raise Denied unless the actor may share the row: by their role, not by a share."""
    verdict = actor.can(f"{noun}:update", record)
    if not verdict:
        raise Denied(verdict.reason)
    if verdict.ground and not verdict.ground.role:
        raise Denied(NOT_YOURS)


def _take_back(noun: str, record: Model, shared_with: User | Team) -> None:
    for verb in VERBS["update"]:
        remove_perm(_codename(noun, verb, record), _holder(shared_with), record)


def _codename(noun: str, verb: str, record: Model) -> str:
    return f"{record._meta.app_label}.{share_codename(f'{noun}:{verb}', type(record))}"


def _holder(shared_with: User | Team) -> object:
    if isinstance(shared_with, User):
        return shared_with
    if shared_with.group is None:
        raise Refused(gettext("This team was made before sharing. Save it once, then share."))
    return shared_with.group


def _ids(shared_with: User | Team) -> tuple[int | None, int | None]:
    is_user = isinstance(shared_with, User)
    return (shared_with.pk, None) if is_user else (None, shared_with.pk)
