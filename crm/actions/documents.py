"""Documents are uploaded, get newer versions, hang on records, and are handed out when their bytes are whole."""

from collections.abc import Callable
from typing import IO, Any

from django.utils.translation import gettext as _

from accounts.actions.notify import notify
from accounts.actor import Actor
from accounts.queries.people import administrators
from core import clock, files
from core.actions import action
from core.errors import NotFound, Refused
from core.events import publish
from crm.actions.changes import differences, only
from crm.actions.recording import delete_recorded
from crm.events import documents as events
from crm.forms import documents as forms
from crm.forms.leads import NothingForm
from crm.models import Document, DocumentFile, DocumentLink
from crm.models.document import HANGS_ON
from crm.models.record import Record
from crm.queries.documents import FOLDER, may_hang_on


def upload_document(
    *, actor: Actor, file: forms.Upload, name: str = "", description: str = "", **records: Any
) -> Document:
    """Keep a judged file as a new document of the records. Publishes DocumentUploaded.

    The bytes are written and summed before the transaction, which others need.
    """
    actor.require("document:create")
    ends = {noun: _readable(actor, row) for noun, row in records.items() if row is not None}
    only(ends, HANGS_ON)
    named = name.strip() or file.name
    return _with_bytes(
        file, lambda facts: keep_document(actor=actor, name=named, description=description, ends=ends, file=facts)
    )


def add_version(document: Document, *, actor: Actor, file: forms.Upload) -> Document:
    """Keep a judged file as the newest version of a document; older ones stay. Publishes DocumentVersioned."""
    actor.require("document:update", document)
    return _with_bytes(file, lambda facts: keep_version(document, actor=actor, file=facts))


@action("document.keep", permission=None)
def keep_document(
    *, actor: Actor, name: str, description: str, ends: dict[str, Record], file: dict[str, Any]
) -> Document:
    """Write the rows of a new document whose bytes are kept."""
    kind = file.pop("kind")
    document = Document.objects.create(
        name=name, description=description, kind=kind, size=file["size"], uploaded_by=actor.user
    )
    document.files.create(number=1, uploaded_by=actor.user, **file)
    for noun, record in ends.items():
        document.links.create(**{noun: record})
    publish(events.DocumentUploaded(**_facts(document)), actor=actor)
    return document


@action("document.keep_version", permission=None)
def keep_version(document: Document, *, actor: Actor, file: dict[str, Any]) -> Document:
    """Write the row of a newer version whose bytes are kept."""
    kind, newest = file.pop("kind"), document.files.order_by("-number").first()
    number = newest.number + 1 if newest else 1
    document.files.create(number=number, uploaded_by=actor.user, **file)
    document.store(kind=kind, size=file["size"])
    publish(events.DocumentVersioned(**_facts(document), number=number), actor=actor)
    return document


@action("document.update", permission="document:update", form=forms.UpdateDocumentForm)
def update_document(document: Document, *, actor: Actor, version: int | None = None, **facts: Any) -> Document:
    """Rename or describe a document. Publishes DocumentUpdated. Refused ("stale") when late."""
    document.check_version(version)
    only(facts, ("name", "description"))
    if changes := differences(document, facts):
        document.store(**facts)
        publish(events.DocumentUpdated(**_facts(document), changes=changes), actor=actor)
    return document


@action("document.link", permission="document:update", form=forms.LinkDocumentForm)
def link_document(document: Document, *, actor: Actor, **records: Any) -> Document:
    """Hang a document on one more record: whoever may read that may read it. Publishes DocumentLinked."""
    for noun, record in records.items():
        _readable(actor, record)
        link, is_new = DocumentLink.objects.get_or_create(document=document, **{noun: record})
        if is_new:
            publish(events.DocumentLinked(**_facts(document, link)), actor=actor)
    return document


@action("document.unlink", permission="document:update", form=forms.LinkDocumentForm)
def unlink_document(document: Document, *, actor: Actor, **records: Any) -> Document:
    """Take a document from a record; the file stays. Publishes DocumentUnlinked."""
    for noun, record in records.items():
        _readable(actor, record)
        link = document.links.filter(**{noun: record}).first()
        if link is None:
            raise Refused(_("The document does not hang on this record."))
        facts = _facts(document, link)
        link.delete()
        publish(events.DocumentUnlinked(**facts), actor=actor)
    return document


@action("document.delete", permission="document:delete", form=NothingForm)
def delete_document(document: Document, *, actor: Actor) -> None:
    """Delete a document with all versions; for 30 days it can be brought back. Publishes DocumentDeleted."""
    facts = _facts(document)
    delete_recorded(document, actor=actor, permission="document:delete")
    publish(events.DocumentDeleted(**facts), actor=actor)


@action("document.note_check", permission=None)
def note_check(file: DocumentFile, *, actor: Actor, is_whole: bool) -> DocumentFile:
    """Note whether a file holds what was uploaded; tells administrators once. Publishes DocumentDamaged."""
    now, was_damaged = clock.now(), file.damaged_at is not None
    file.checked_at, file.damaged_at = now, None if is_whole else file.damaged_at or now
    file.save(update_fields=["checked_at", "damaged_at"])
    if is_whole or was_damaged:
        return file
    document = file.document
    publish(events.DocumentDamaged(**_facts(document), number=file.number), actor=actor)
    for person in administrators():
        notify(
            person, actor=actor, kind="document.damaged", email=True,
            text=_("The file of “%(name)s” is damaged. Bring it back from a backup.") % {"name": document.name},
            url=document.get_absolute_url(),
        )  # fmt: skip
    return file


def open_file(file: DocumentFile, *, actor: Actor) -> IO[bytes]:
    """Open a version whose bytes are whole; raises Damaged, and has told the administrators then."""
    try:
        return files.open_whole(file.path, file.sha256)
    except files.Damaged:
        note_check(file, actor=actor, is_whole=False)
        raise


def _with_bytes(upload: forms.Upload, write: Callable[[dict[str, Any]], Document]) -> Document:
    file, name, content = upload
    sha256 = files.checksum(file)  # type: ignore[arg-type]
    path = files.keep(file, FOLDER, ".bin")  # type: ignore[arg-type]
    try:
        return write({
            "path": path, "sha256": sha256, "size": file.size, "file_name": name,
            "media_type": content.media_type, "kind": content.kind,
        })  # fmt: skip
    except BaseException:
        files.remove(path)
        raise


def _readable(actor: Actor, record: Record) -> Record:
    if not may_hang_on(actor, record):
        raise NotFound
    return record


def _facts(document: Document, link: DocumentLink | None = None) -> dict[str, Any]:
    link = link or document.links.order_by("pk").first()
    ids = {f"{noun}_id": getattr(link, f"{noun}_id", None) for noun in HANGS_ON}
    contact_id = ids["contact_id"] or getattr(link and link.record, "contact_id", None)
    return {"document_id": document.pk, "name": document.name, **ids, "contact_id": contact_id}
