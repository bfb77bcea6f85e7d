"""The verbs of segments."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from campaigns.events import SegmentCreated, SegmentDeleted, SegmentUpdated
from campaigns.forms.segments import SegmentForm
from campaigns.models import Segment
from core.actions import action
from core.errors import Invalid, Refused
from core.events import publish


@action("segment.create", permission="campaign:create", form=SegmentForm)
def create_segment(*, actor: Actor, name: str, match: str, rules: list[dict[str, Any]]) -> Segment:
    """Make a segment; raises Invalid when the name is taken."""
    refuse_taken(name)
    segment = Segment.objects.create(name=name, match=match, rules=rules, created_by=actor.user)
    publish(SegmentCreated(segment.pk, name), actor=actor)
    return segment


@action("segment.update", permission="campaign:update", form=SegmentForm)
def update_segment(
    segment: Segment, *, actor: Actor, name: str, match: str, rules: list[dict[str, Any]], version: int | None = None
) -> Segment:
    """Change a segment; raises Refused when somebody else changed it meanwhile, Invalid when the name is taken."""
    if version is not None and version != segment.version:
        raise Refused(_("Somebody else changed this segment meanwhile. Load it again."), code="stale")
    if name != segment.name:
        refuse_taken(name)
    segment.name, segment.match, segment.rules = name, match, rules
    segment.version += 1
    segment.save()
    publish(SegmentUpdated(segment.pk, name), actor=actor)
    return segment


@action("segment.delete", permission="campaign:update")
def delete_segment(segment: Segment, *, actor: Actor) -> None:
    """Remove a segment; its contacts stay."""
    publish(SegmentDeleted(segment.pk, segment.name), actor=actor)
    segment.delete()


def refuse_taken(name: str) -> None:
    """Raise Invalid when a segment of this name exists."""
    if Segment.objects.filter(name=name).exists():
        raise Invalid({"name": [_("There is a segment of this name. Choose another.")]})
