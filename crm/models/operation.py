"""Operations: large changes as they were made, so that they can be taken back."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.links import route
from crm.models.record import Record


class Operation(Record):
    """One merge, import, bulk change, deletion or conversion; for 30 days it can be undone step by step."""

    owner_paths: ClassVar[tuple[str, ...]] = ("created_by",)

    class Kind(models.TextChoices):
        MERGE = "merge", _("Merge")
        IMPORT = "import", _("Import")
        BULK_EDIT = "bulk_edit", _("Bulk edit")
        BULK_DELETE = "bulk_delete", _("Bulk deletion")
        DELETE = "delete", _("Deletion")
        CONVERT = "convert", _("Conversion")

    class State(models.TextChoices):
        RUNNING = "running", _("Under way")
        DONE = "done", _("Done")
        UNDOING = "undoing", _("Being undone")
        UNDONE = "undone", _("Undone")
        PARTLY = "partly", _("Partly undone")

    kind = models.CharField(max_length=12, choices=Kind)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    # What a person must hold, for every row, to undo what somebody else did.
    permission = models.CharField(max_length=40)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    undo_until = models.DateTimeField()
    # What its kind needs to know: a bulk change its verb and selection, a conversion its deal.
    details = models.JSONField(default=dict, blank=True)
    total = models.PositiveIntegerField(default=0)
    row_count = models.PositiveIntegerField(default=0)
    failed_count = models.PositiveIntegerField(default=0)
    conflict_count = models.PositiveIntegerField(default=0)
    # The steps that stand: it counts up while they are made, and down while they are undone.
    steps = models.PositiveIntegerField(default=0)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="operation_newest"),
            models.Index(fields=["created_by", "-created_at", "-id"], name="operation_by"),
            models.Index(fields=["undo_until"], name="operation_expiry", condition=Q(steps__gt=0)),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return route("crm:operation-detail", self.pk)

    @property
    def is_working(self) -> bool:
        """Whether the worker has it, or is about to."""
        return self.state in (self.State.RUNNING, self.State.UNDOING)


class OperationPart(models.Model):
    """Up to 500 entries of one step: rows changed as [id, before, after], failures, or conflicts."""

    class Kind(models.TextChoices):
        CHANGE = "change", _("Change")
        FAILURE = "failure", _("Failure")
        CONFLICT = "conflict", _("Conflict")

    operation = models.ForeignKey(Operation, models.CASCADE, related_name="parts")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.CHANGE)
    step = models.PositiveIntegerField()
    model = models.CharField(max_length=60, blank=True)
    rows: Any = models.JSONField(default=list)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["operation", "kind", "step", "id"], name="operation_part_step")]

    def __str__(self) -> str:
        return f"{self.kind} {self.model} of step {self.step}"
