"""What happens in campaigns."""

from core.events import event


@event("segment.created")
class SegmentCreated:
    """A segment was made."""

    segment_id: int
    name: str


@event("segment.updated")
class SegmentUpdated:
    """A segment's name or rules changed."""

    segment_id: int
    name: str


@event("segment.deleted")
class SegmentDeleted:
    """A segment was removed; no contact was."""

    segment_id: int
    name: str
