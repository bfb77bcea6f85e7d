"""REST for documents and their files."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router

from core.actions import clean
from core.api import check_query, rest
from core.errors import Invalid
from core.files import attachment
from core.numbers import is_number
from core.openapi import FILE, OBJECT, PERSON, schema_of, shows
from core.verbs import browse, offer
from crm.actions.documents import add_version, open_file, upload_document
from crm.api.shapes import person
from crm.document_list import DOCUMENTS
from crm.forms.documents import FileForm, UploadDocumentForm
from crm.models import Document, DocumentFile
from crm.queries.documents import document_for, documents_for, file_of, files_of, links_of

router = Router(tags=["Documents"])


@shows(Document, "id name description kind size created_at updated_at version", uploaded_by=PERSON)
def document(row: Document) -> dict[str, Any]:
    """Return a document."""
    return {"uploaded_by": person(row.uploaded_by)}


@shows(DocumentFile, "id number file_name media_type size sha256 created_at checked_at damaged_at", uploaded_by=PERSON)
def version(row: DocumentFile) -> dict[str, Any]:
    """Return one version; its bytes are at /documents/{pk}/file?number=."""
    return {"uploaded_by": person(row.uploaded_by)}


browse(
    router, "/documents", "document:read", document, documents_for, find=document_for,
    **DOCUMENTS.rest(),
)  # fmt: skip
browse(
    router, "/documents/{int:pk}/versions", "document:read", version, files_of,
    orderings={"-number": ("-number", "-pk"), "number": ("number", "pk")},
)  # fmt: skip
for route, action in (
    ("PATCH /documents/{int:pk}", "document.update"),
    ("POST /documents/{int:pk}/link", "document.link"),
    ("POST /documents/{int:pk}/unlink", "document.unlink"),
    ("DELETE /documents/{int:pk}", "document.delete"),
):
    offer(router, route, action, document, document_for)


@rest(
    router, "POST", "/documents", permission="document:create", form=UploadDocumentForm, is_file=True,
    answers={201: schema_of(document)},
)  # fmt: skip
def upload(request: HttpRequest) -> tuple[int, Any]:
    """Upload a file as a new document; `contact`, `lead`, `deal`, `ticket` name what it hangs on."""
    values = clean(UploadDocumentForm, request.POST, request.FILES)
    return 201, document(upload_document(actor=request.actor, **values))


@rest(
    router, "POST", "/documents/{int:pk}/versions", permission="document:update", form=FileForm, is_file=True,
    answers={201: schema_of(document)},
)  # fmt: skip
def renew(request: HttpRequest, pk: int) -> tuple[int, Any]:
    """Upload a newer version; older ones are kept."""
    row = document_for(request.actor, pk)
    values = clean(FileForm, request.POST, request.FILES)
    return 201, document(add_version(row, actor=request.actor, **values))


@rest(
    router, "GET", "/documents/{int:pk}/links", permission="document:read",
    answers={200: {"type": "array", "items": OBJECT}},
)  # fmt: skip
def links(request: HttpRequest, pk: int) -> list[dict[str, Any]]:
    """List the records that a document hangs on, as far as you may see them."""
    found = links_of(request.actor, document_for(request.actor, pk))
    return [{"noun": one.noun, "id": one.record.pk, "name": one.record.name} for one in found]


@rest(
    router, "GET", "/documents/{int:pk}/file", permission="document:read",
    query={"number": {"type": "integer", "description": "The version; the newest without it."}},
    answers={200: FILE}, media=("application/octet-stream",),
)  # fmt: skip
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Return the bytes of a version, the newest without a number; 409 `damaged` when they are not what was uploaded."""
    check_query(request, ("number",))
    number = request.GET.get("number", "0")
    if not is_number(number) or len(number) > 9:
        raise Invalid({"number": ["Use the number of a version, such as 1."]})
    row = file_of(request.actor, pk, int(number))
    return attachment(open_file(row, actor=request.actor), row.file_name, row.media_type)
