"""What may be uploaded, and said about documents."""

from typing import Any, NamedTuple

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core import files, kinds
from crm.forms.fields import EditForm
from crm.models import Contact, Deal, Lead, Ticket


def described(**more: Any) -> forms.CharField:
    """Some lines about a document."""
    area = forms.Textarea(attrs={"rows": 2})
    return forms.CharField(label=_("Description"), max_length=5_000, required=False, widget=area, **more)


def end(model: Any) -> forms.ModelChoiceField:
    """A record, named by the address that led here."""
    return forms.ModelChoiceField(model.objects.order_by(), required=False, widget=forms.HiddenInput)


class Upload(NamedTuple):
    """A judged file: what it is, and its name without paths and invisible marks."""

    file: UploadedFile
    name: str
    content: kinds.Content


class FileForm(forms.Form):
    """A file that is what it seems: not too large, of a kind that is kept, one thing only."""

    file = forms.FileField(label=_("File"), allow_empty_file=True)

    def clean_file(self) -> Upload:
        """The file, judged."""
        file = self.cleaned_data["file"]
        if file.size > settings.UPLOAD_MAX_BYTES:
            raise forms.ValidationError(files.too_large(file.size))
        try:
            file.seek(0)
            content = kinds.content_of(file.read())
        except kinds.Unfit as error:
            raise forms.ValidationError(str(error)) from None
        return Upload(file, kinds.proper_name(file.name, content), content)


class RecordForm(forms.Form):
    """The record that a document hangs on."""

    contact, lead, deal, ticket = end(Contact), end(Lead), end(Deal), end(Ticket)


class UploadDocumentForm(FileForm, RecordForm):
    """A new document, of a record or of none yet."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False, help_text=_("Empty: the file's own."))
    description = described()

    field_order = ("file", "name", "description")


class UpdateDocumentForm(EditForm):
    """What a document is called."""

    name = forms.CharField(label=_("Name"), max_length=200)
    description = described()


class LinkDocumentForm(RecordForm):
    """One record to hang a document on, or to take it from."""

    def clean(self) -> dict[str, Any]:
        cleaned = {noun: row for noun, row in super().clean().items() if row is not None}
        if len(cleaned) != 1 and not self.errors:
            raise forms.ValidationError(gettext("Name one contact, lead, deal or ticket."))
        return cleaned
