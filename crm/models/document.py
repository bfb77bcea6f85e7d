"""Documents: files that hang on records; every version of one is kept."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import clock
from core.links import route
from crm.models.contact import Contact
from crm.models.deal import Deal
from crm.models.lead import Lead
from crm.models.record import Record
from crm.models.ticket import Ticket

HANGS_ON = ("contact", "lead", "deal", "ticket")


class Document(Record):
    """A file with a name; whoever may read a record that it hangs on may read it."""

    class Kind(models.TextChoices):
        PDF = "pdf", _("PDF")
        IMAGE = "image", _("Picture")
        DOCUMENT = "document", _("Document")
        SHEET = "sheet", _("Spreadsheet")
        SLIDES = "slides", _("Slides")
        TEXT = "text", _("Text")

    owner_paths: ClassVar[tuple[str, ...]] = ("uploaded_by",)
    hangs_on: ClassVar[dict[str, str]] = {noun: f"{noun}:read" for noun in HANGS_ON}

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=8, choices=Kind, editable=False)
    size = models.BigIntegerField(editable=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-created_at", "-id"], name="document_newest")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return route("crm:document-detail", self.pk)


class DocumentFile(models.Model):
    """One version of a document: where its bytes lie, and their checksum."""

    part_of: ClassVar[tuple[str, ...]] = ("document_id",)

    document = models.ForeignKey(Document, models.CASCADE, related_name="files")
    number = models.PositiveIntegerField()
    path = models.CharField(max_length=200, unique=True)
    file_name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    checked_at = models.DateTimeField(default=clock.now)
    damaged_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["document", "number"], name="document_file_once")]
        indexes: ClassVar = [models.Index(fields=["checked_at", "id"], name="document_checked")]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.number})"


class DocumentLink(models.Model):
    """A document hangs on one contact, lead, deal or ticket."""

    part_of: ClassVar[tuple[str, ...]] = ("document_id",)

    document = models.ForeignKey(Document, models.CASCADE, related_name="links")
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, related_name="document_links")
    lead = models.ForeignKey(Lead, models.CASCADE, null=True, related_name="document_links")
    deal = models.ForeignKey(Deal, models.CASCADE, null=True, related_name="document_links")
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="document_links")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [
            *(models.UniqueConstraint(fields=["document", noun], name=f"document_{noun}_once") for noun in HANGS_ON),
            models.CheckConstraint(
                name="document_link_has_one_end",
                condition=Q(contact__isnull=False, lead=None, deal=None, ticket=None)
                | Q(contact=None, lead__isnull=False, deal=None, ticket=None)
                | Q(contact=None, lead=None, deal__isnull=False, ticket=None)
                | Q(contact=None, lead=None, deal=None, ticket__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document} · {self.record}"

    @property
    def noun(self) -> str:
        """What kind of record it hangs on."""
        return next(noun for noun in HANGS_ON if getattr(self, f"{noun}_id"))

    @property
    def record(self) -> Any:
        """The record that it hangs on."""
        return getattr(self, self.noun)
