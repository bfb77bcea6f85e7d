"""Reading tags."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from crm.models import Tag
from crm.queries.filters import one


def tags_for(actor: Actor) -> QuerySet[Tag]:
    """Return all tags, by name."""
    return actor.visible("contact:read", Tag.objects.order_by("name"))


def tag_for(actor: Actor, pk: int) -> Tag:
    """Return one tag; raises NotFound."""
    return one(tags_for(actor), pk, _("There is no such tag. It may have been merged or deleted."))
