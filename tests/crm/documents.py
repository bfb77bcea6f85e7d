"""Files as people, and others, send them."""

import io
import struct
import zipfile
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from crm.actions.documents import upload_document
from crm.forms.documents import FileForm
from crm.models import Document
from tests.people import SYSTEM, as_actor

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< >>\n%%EOF\n"
PNG = (
    b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 40, 30) + b"\x08\x02" + b"\x00" * 7
)  # fmt: skip
TYPES = '<?xml version="1.0"?><Types/>'


def archive(**entries: Any) -> bytes:
    """Return a ZIP file; `__` in a name is a slash."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def docx(**more: Any) -> bytes:
    """Return what looks like a Word file."""
    return archive(**{"[Content_Types].xml": TYPES, "word/document.xml": "<w/>"} | more)


def png(width: int, height: int) -> bytes:
    """Return the header of a picture of this size."""
    return PNG[:16] + struct.pack(">II", width, height) + PNG[24:]


def sent(name: str, content: bytes) -> SimpleUploadedFile:
    """Return a file as a form holds it."""
    return SimpleUploadedFile(name, content, "application/octet-stream")


def uploaded(user: Any, name: str = "Offer.pdf", content: bytes = PDF, **ends: Any) -> Document:
    """Write a document of a person, whatever they may."""
    form = FileForm({}, {"file": sent(name, content)})
    assert form.is_valid(), form.errors
    is_able = user.has_perm("document:create")
    document = upload_document(actor=as_actor(user) if is_able else SYSTEM, file=form.cleaned_data["file"], **ends)
    Document.objects.filter(pk=document.pk).update(uploaded_by=user)
    return Document.objects.get(pk=document.pk)
