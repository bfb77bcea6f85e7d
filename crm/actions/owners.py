"""Who may own a record, and who may give it to whom."""

from django.utils.translation import gettext as _

from accounts import permissions
from accounts.actor import Actor
from accounts.models import User
from accounts.roles import REP
from core.errors import Invalid


def seller(user: User | None) -> User | None:
    """Return the person if active and in a role that sells, else None."""
    return user if user and user.is_active and permissions.can(user, "lead:update") else None


def check_seller(owner: User) -> None:
    """Raise Invalid unless the person is active and holds a role that sells."""
    if seller(owner) is None:
        raise Invalid({"owner": [_("%(owner)s does not sell. Choose a rep or a manager.") % {"owner": owner}]})


def first_owner(actor: Actor, owner: User | None, permission: str) -> User | None:
    """Return the owner of a new record: the one given, else the rep who makes it.

    Giving it to somebody else takes `permission` (raises Denied).
    """
    if owner is None:
        return actor.user if actor.user is not None and REP in actor.user.roles else None
    if owner.pk != actor.user_id:
        actor.require(permission)
    check_seller(owner)
    return owner
