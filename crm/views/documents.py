"""The pages of documents: the library, one document with its versions, uploads, and the files themselves."""

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.listing import list_page, near
from core.actions import clean
from core.doors import door
from core.errors import Invalid
from core.files import attachment
from core.pages import done, page
from crm.actions.documents import add_version, open_file, upload_document
from crm.document_list import DOCUMENTS
from crm.forms.documents import FileForm, UploadDocumentForm
from crm.models.document import HANGS_ON
from crm.queries.documents import document_for, documents_of, file_of, links_of
from crm.queries.palette import records
from crm.search import MOST_TYPED
from crm.sheets import BOTH, add_errors, press, sheet

list_ = list_page(DOCUMENTS)


@door("document:read")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One document: its versions, and what it hangs on; whoever may edit it finds more records to hang it on."""
    document, actor = document_for(request.actor, pk), request.actor
    typed = request.GET.get("q", "")[:MOST_TYPED].strip().replace("\0", "")
    links = links_of(actor, document)
    held = {f"{link.noun}-{link.record.pk}" for link in links}
    found = [
        (option.key.partition("-")[0], option)
        for group in (records(actor, typed) if typed else ())
        for option in group.options
        if option.key not in held and option.key.partition("-")[0] in HANGS_ON
    ]
    context = {
        "document": document,
        "links": links,
        "files": document.files.select_related("uploaded_by").order_by("-number")[:100],
        "typed": typed,
        "found": found,
        "near": near(request, DOCUMENTS, document),
    }
    return page(request, "crm/documents/detail.html", context)


@door("document:create", BOTH)
def new(request: HttpRequest) -> HttpResponse:
    """Upload a file, as a document of the record that the address names."""
    form, status = UploadDocumentForm(initial=request.GET.dict()), 200
    if request.method == "POST":
        try:
            values = clean(UploadDocumentForm, request.POST, request.FILES)
            document = upload_document(actor=request.actor, **values)
        except Invalid as error:
            if request.htmx:
                raise
            form, status = UploadDocumentForm(request.POST, request.FILES), error.status
            add_errors(form, error.errors)
        else:
            event = "document-changed" if "panel" in request.POST else ""
            ends = [values[noun] for noun in HANGS_ON if values[noun]]
            to = ends[0] if event and ends else document
            return done(request, to, gettext("Uploaded."), event)
    return page(request, "crm/documents/new.html", {"form": form}, status=status)


@door("document:update", ("POST",))
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """Upload a newer version."""
    document = document_for(request.actor, pk)
    add_version(document, actor=request.actor, **clean(FileForm, request.POST, request.FILES))
    return done(request, document, gettext("Uploaded. Older versions are kept."))


@door("document:read")
def download(request: HttpRequest, pk: int, number: int = 0) -> FileResponse:
    """The file, to be saved; a damaged one is refused in words."""
    row = file_of(request.actor, pk, number)
    return attachment(open_file(row, actor=request.actor), row.file_name, row.media_type)


@door("document:read")
def panel(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    """The documents of one record, as its page shows them."""
    if noun not in HANGS_ON:
        raise Http404
    context: dict[str, Any] = {
        "noun": noun,
        "pk": pk,
        "rows": documents_of(request.actor, noun, pk),
        "upload": f"{reverse('crm:document-new')}?{noun}={pk}",
    }
    return page(request, "crm/documents/panel.html", context, parts=("documents",))


edit = sheet("document.update", document_for, title=_("Edit {.name}"), submit=_("Save"), message=_("Saved."))
delete = sheet(
    "document.delete",
    document_for,
    title=_("Delete {.name}?"),
    submit=_("Delete"),
    intro=_("All its versions go. For 30 days you can bring them back from Recent changes."),
    danger=True,
    message=_("Deleted."),
    goes="crm:document-list",
)
link = press("document.link", document_for, _("Belongs there now."))
unlink = press("document.unlink", document_for, _("Taken off. The file is kept."))
