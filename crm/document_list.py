"""The list of documents: the library."""

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from core.cells import moment, owner
from core.clauses import Filter, each
from core.files import told_size
from core.lists import Column, ListSpec, View, register_list
from crm.lists import people
from crm.models import Document, DocumentLink
from crm.models.document import HANGS_ON
from crm.queries.documents import document_for, documents_for

ENDS = (
    ("contact", _("Contact")), ("lead", _("Lead")), ("deal", _("Deal")), ("ticket", _("Ticket")),
    ("none", _("Nothing")),
)  # fmt: skip


def hangs_on(noun: str) -> Q:
    """Keep the documents that hang on a record of this kind."""
    links = DocumentLink.objects.filter(document=OuterRef("pk"))
    if noun not in HANGS_ON:
        return ~Q(Exists(links))
    return Q(Exists(links.filter(**{f"{noun}__isnull": False})))


DOCUMENTS = ListSpec(
    "documents", _("Documents"), "document", "document:read", documents_for,
    (
        Column("name", _("Document"), css="c-who", fixed=True, sort="name", who=lambda one: (
            one.name, one.description[:80], False)),
        Column("kind", _("Kind"), lambda one: one.get_kind_display(), css="c-nx"),
        Column("size", _("Size"), lambda one: told_size(one.size), sort="size", css="c-st r num"),
        Column("uploaded_by", _("Uploaded by"), lambda one: str(one.uploaded_by or ""),
               lambda one: owner(one.uploaded_by)),
        moment("created_at", _("Uploaded"), css="c-t r mut"),
        moment("updated_at", _("Changed"), shown=False),
    ),
    (
        Filter("kind", _("Kind"), choices=Document.Kind.choices),
        Filter("record", _("Belongs to"), choices=ENDS, where=each(hangs_on)),
        Filter("uploaded_by", _("Uploaded by"), "person", choices=people),
        Filter("created", _("Uploaded"), "time", "created_at"),
        *(Filter(noun, label, "row", f"links__{noun}", offered=False) for noun, label in ENDS[:4]),
    ),
    (View("", _("All")), View("mine", _("Mine"), "uploaded_by=me")),
    ("-created_at", "-pk"), "crm:document-list", _("Name or description"),
    ("name__icontains", "description__icontains"),
    (_("No documents yet"), _("Contracts, pictures and tables of your customers are kept here, and on their pages.")),
    (("document:create", "crm:document-new", "put", _("Upload"), "main"),),
    event="document-changed", one=document_for, related=("uploaded_by",), defer=("uploaded_by__lists",), counted=200,
)  # fmt: skip
register_list(DOCUMENTS)
