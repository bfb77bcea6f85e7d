"""What happens to documents; each happening names the record that it is about, or the first that it hangs on."""

from dataclasses import dataclass
from typing import Any

from core.events import event


@dataclass(frozen=True)
class OfDocument:
    """What every happening to a document names."""

    document_id: int
    name: str
    contact_id: int | None
    lead_id: int | None
    deal_id: int | None
    ticket_id: int | None


@event("document.uploaded")
class DocumentUploaded(OfDocument):
    """A document is in the house."""


@event("document.versioned")
class DocumentVersioned(OfDocument):
    """A document has a newer file."""

    number: int


@event("document.updated")
class DocumentUpdated(OfDocument):
    """A document has another name or description; `changes` maps a field to [before, after]."""

    changes: dict[str, list[Any]]


@event("document.linked")
class DocumentLinked(OfDocument):
    """A document hangs on one more record."""


@event("document.unlinked")
class DocumentUnlinked(OfDocument):
    """A document hangs on a record no more."""


@event("document.deleted")
class DocumentDeleted(OfDocument):
    """A document is gone; it can be brought back for 30 days."""


@event("document.damaged")
class DocumentDamaged(OfDocument):
    """A file is not what was uploaded."""

    number: int
