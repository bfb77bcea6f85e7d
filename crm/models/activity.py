"""Activities: calls, mails, meetings, notes, tasks and demos."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.links import route
from crm.models.contact import Contact
from crm.models.deal import Deal
from crm.models.lead import Lead
from crm.models.record import Record


class Activity(Record):
    """Something done or to be done with a contact; a task without `completed_at` is still open."""

    # What a machine planned and nobody touched goes with its deal, when the conversion is undone.
    goes_while: ClassVar[Q] = Q(source_key__isnull=False, completed_at=None, version=1)
    owner_paths: ClassVar[tuple[str, ...]] = ("actor", "lead__owner", "deal__owner")

    class Type(models.TextChoices):
        CALL = "call", "Call"
        EMAIL = "email", "Email"
        MEETING = "meeting", "Meeting"
        NOTE = "note", "Note"
        TASK = "task", "Task"
        DEMO = "demo", "Demo"

    type = models.CharField(max_length=8, choices=Type)
    # Each of the three is found by an index of Meta that is in the timeline's order, too.
    contact = models.ForeignKey(
        Contact, models.CASCADE, null=True, blank=True, related_name="activities", db_index=False
    )
    deal = models.ForeignKey(
        Deal, models.CASCADE, null=True, blank=True, related_name="activities", db_index=False
    )
    lead = models.ForeignKey(
        Lead, models.CASCADE, null=True, blank=True, related_name="activities", db_index=False
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="activities"
    )
    subject = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    outcome = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    source_key = models.CharField(
        max_length=160, null=True, blank=True, unique=True, editable=False
    )

    class Meta:
        verbose_name_plural = "activities"
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="activity_newest"),
            models.Index(fields=["contact", "-created_at", "-id"], name="activity_contact"),
            models.Index(fields=["lead", "-created_at", "-id"], name="activity_lead"),
            models.Index(fields=["deal", "-created_at", "-id"], name="activity_deal"),
            models.Index(
                fields=["due_at", "id"],
                name="activity_due",
                condition=Q(completed_at__isnull=True, due_at__isnull=False),
            ),
            # What somebody has to do, and what comes next for a lead or a deal. They name their first column, so that
            # the planner takes none of them for the list of everybody: it would read it all and sort it.
            *(
                models.Index(
                    fields=[whose, "due_at", "id"],
                    name=f"activity_open_{whose}",
                    condition=Q(("completed_at__isnull", True), (f"{whose}__isnull", False)),
                )
                for whose in ("actor", "lead", "deal")
            ),
            models.Index(
                fields=["completed_at", "id"],
                name="activity_done",
                condition=Q(completed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    def get_absolute_url(self) -> str:
        return route("crm:activity-edit", self.pk)
