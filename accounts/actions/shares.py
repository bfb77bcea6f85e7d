"""Record shares: the exceptions to the matrix, one row for one person or team."""

from django.db.models import Model
from guardian.shortcuts import assign_perm, remove_perm

from accounts.actor import Actor
from accounts.events import RecordShared, RecordUnshared
from accounts.models import Team, User
from accounts.permissions import share_codename
from core.actions import action
from core.errors import Refused
from core.events import publish


@action("record.share", permission=None)
def share_record(
    record: Model, *, actor: Actor, noun: str, shared_with: User | Team, verb: str = "read"
) -> Model:
    """Let a person or a team read (or update) one row beyond their scope.

    Only those gain whose role has the verb for some rows. The actor must hold `<noun>:update` for
    the row. The app that owns the noun offers the door.
    """
    actor.require(f"{noun}:update", record)
    assign_perm(_codename(noun, verb, record), _holder(shared_with), record)
    publish(RecordShared(record.pk, noun, str(shared_with), verb), actor=actor)
    return record


@action("record.unshare", permission=None)
def unshare_record(
    record: Model, *, actor: Actor, noun: str, shared_with: User | Team, verb: str = "read"
) -> Model:
    """Take a share back, effective at the next request."""
    actor.require(f"{noun}:update", record)
    remove_perm(_codename(noun, verb, record), _holder(shared_with), record)
    publish(RecordUnshared(record.pk, noun, str(shared_with), verb), actor=actor)
    return record


def _codename(noun: str, verb: str, record: Model) -> str:
    return f"{record._meta.app_label}.{share_codename(f'{noun}:{verb}', type(record))}"


def _holder(shared_with: User | Team) -> object:
    if isinstance(shared_with, User):
        return shared_with
    if shared_with.group is None:
        raise Refused("This team was made before sharing. Save it once, then share.")
    return shared_with.group
