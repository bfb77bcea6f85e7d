"""Reading documents: whose they are, what they hang on, and which bytes belong to nobody."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import files
from core.errors import NotFound
from crm.models import Document, DocumentFile, DocumentLink, OperationPart
from crm.models.document import HANGS_ON
from crm.models.record import Record
from crm.queries.filters import one

FOLDER = "documents"


def documents_for(actor: Actor, *, permission: str = "document:read") -> QuerySet[Document]:
    """Return the documents that the actor may see, newest first."""
    rows = Document.objects.select_related("uploaded_by")
    return actor.visible(permission, rows).order_by("-created_at", "-id")


def document_for(actor: Actor, pk: int) -> Document:
    """Return one document that the actor may see; raises NotFound."""
    return one(documents_for(actor), pk, _("There is no such document. It may have been deleted."))


def documents_of(actor: Actor, noun: str, pk: int) -> list[Document]:
    """Return the newest documents of a record that the actor may see."""
    return list(documents_for(actor).filter(**{f"links__{noun}": pk})[:50])


def files_of(actor: Actor, pk: int) -> QuerySet[DocumentFile]:
    """Return the versions of a document that the actor may see, newest first; raises NotFound."""
    rows = document_for(actor, pk).files.select_related("uploaded_by")
    return rows.order_by("-number")


def file_of(actor: Actor, pk: int, number: int = 0) -> DocumentFile:
    """Return one version of a document, 0 for the newest; raises NotFound."""
    rows = files_of(actor, pk)
    found = (rows.filter(number=number) if number else rows).first()
    if found is None:
        raise NotFound(_("There is no such version. Choose one of those that are listed."))
    return found


def links_of(actor: Actor, document: Document) -> list[DocumentLink]:
    """Return what a document hangs on, as far as the actor may see it."""
    links = document.links.select_related(*HANGS_ON, "ticket__contact").order_by("pk")
    return [link for link in links if actor.can(f"{link.noun}:read", link.record)]


def may_hang_on(actor: Actor, record: Record) -> bool:
    """Whether the actor may hang documents on a record: they must be able to read it."""
    return bool(actor.can(f"{record._meta.model_name}:read", record))


def longest_unchecked(most: int) -> list[DocumentFile]:
    """Return the files whose bytes nobody compared for the longest time."""
    return list(DocumentFile.objects.order_by("checked_at", "pk")[:most])


def unnamed_files() -> Iterator[str]:
    """Return the files of documents that are gone and can be brought back no more; new ones may be on their way in."""
    named = set(DocumentFile.objects.values_list("path", flat=True))
    for rows in OperationPart.objects.filter(model="crm.documentfile").values_list("rows", flat=True):
        named |= {before["path"] for _pk, before, _after in rows if before and "path" in before}
    yield from (path for path in files.older_than(FOLDER, timedelta(days=1)) if path not in named)


def broken_files() -> list[str]:
    """Return the files that are gone, or hold other bytes than were uploaded."""
    wrong = []
    for row in DocumentFile.objects.order_by("pk").iterator(chunk_size=500):
        try:
            files.open_whole(row.path, row.sha256).close()
        except files.Damaged:
            wrong.append(f"document {row.document_id} version {row.number} is gone or damaged")
    return wrong
