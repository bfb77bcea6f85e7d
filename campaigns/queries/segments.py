"""Reads of segments."""

from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.actor import Actor
from campaigns.models import Segment
from campaigns.segmenting import conditions, sentence
from core import clock
from core.errors import NotFound
from crm.models import Contact


@dataclass(frozen=True, slots=True)
class Live:
    """A segment with who belongs to it now, as far as the reader may see contacts."""

    segment: Segment
    words: str
    count: int
    sample: list[Contact]


def segments(actor: Actor) -> QuerySet[Segment]:
    """Return every segment for those who may read campaigns, none for others."""
    actor.require("campaign:read")
    return Segment.objects.all()


def segment_for(actor: Actor, pk: int) -> Segment:
    """Return one segment; raises NotFound."""
    found = segments(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def members(actor: Actor, segment: Segment) -> QuerySet[Contact]:
    """Return the contacts that belong to a segment now and that the actor may read."""
    contacts = actor.visible("contact:read", Contact.objects.all())
    matching = Contact.objects.all()
    for condition in conditions(segment.rules, segment.match, clock.now()):
        matching = matching.filter(condition)
    return contacts.filter(pk__in=matching.values("pk"))


def live(actor: Actor, segment: Segment) -> Live:
    """Return a segment with its words, its count and five of its contacts."""
    found = members(actor, segment)
    return Live(segment, sentence(segment.rules, segment.match), found.count(), list(found.order_by("pk")[:5]))
