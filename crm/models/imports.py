"""Imports: a file, how its columns are read, and how far it got; its rows lie in a file of their own."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.links import route
from crm.models.record import Record


class ImportRun(Record):
    """One uploaded file; `next_row` says how far it got, so that a killed import goes on where it stopped."""

    owner_paths: ClassVar[tuple[str, ...]] = ("created_by",)

    class Kind(models.TextChoices):
        LEADS = "leads", _("Leads")
        CONTACTS = "contacts", _("Contacts")
        ACCOUNTS = "accounts", _("Companies")
        USERS = "users", _("People and teams")
        ITEMS = "items", _("Catalog")
        DEALS = "deals", _("Deals")

    class State(models.TextChoices):
        CHECKING = "checking", _("Being checked")
        DRAFT = "draft", _("Waiting for your check")
        QUEUED = "queued", _("Waiting to start")
        RUNNING = "running", _("Running")
        FINISHED = "finished", _("Finished")
        FAILED = "failed", _("Nothing imported")

    class Known(models.TextChoices):
        FILL = "fill", _("Keep it, fill what is missing")
        REPLACE = "replace", _("Take over what the file says")

    class Mode(models.TextChoices):
        ALL = "all", _("All rows or none")
        GOOD = "good", _("The good rows; list the others")

    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    mode = models.CharField(max_length=4, choices=Mode, default=Mode.ALL)
    known = models.CharField(max_length=7, choices=Known, default=Known.FILL)
    file_name = models.CharField(max_length=200)
    file_path = models.CharField(max_length=200, blank=True, editable=False)
    headers = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    rehearsal = models.JSONField(default=dict, blank=True)
    total = models.PositiveIntegerField(default=0)
    next_row = models.PositiveIntegerField(default=0)
    created_count = models.PositiveIntegerField(default=0)
    updated_count = models.PositiveIntegerField(default=0)
    skipped_count = models.PositiveIntegerField(default=0)
    error_count = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=400, blank=True)
    operation = models.ForeignKey("crm.Operation", models.SET_NULL, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="imports"
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="import_rows_counted_once",
                condition=Q(next_row=F("created_count") + F("updated_count") + F("skipped_count") + F("error_count")),
            )
        ]
        indexes: ClassVar = [models.Index(fields=["-created_at", "-id"], name="import_newest")]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return route("crm:import-detail", self.pk)

    @property
    def is_working(self) -> bool:
        """Whether the worker has it, or is about to."""
        return self.state in (self.State.CHECKING, self.State.QUEUED, self.State.RUNNING)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows ended in which way."""
        return {
            "created": self.created_count,
            "updated": self.updated_count,
            "skipped": self.skipped_count,
            "error": self.error_count,
        }
