"""Handing out a PDF: the stored one, else one made now, else a page that prints well."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core import files
from core.errors import NotFound
from core.pages import render_text
from core.pdf import PdfUnavailable, render_pdf


def document(request: HttpRequest, path: str, template: str, context: dict[str, Any], name: str) -> HttpResponse:
    """Answer with a document; nothing is stored, since reading changes nothing."""
    try:
        content = files.load(path) if path else render_pdf(render_text(template, context))
    except NotFound:
        return document(request, "", template, context, name)
    except PdfUnavailable:
        return render(request, template, context)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name.replace("/", "-")}.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response
