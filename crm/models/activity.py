"""Activities: calls, mails, meetings, notes, tasks and demos."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.links import route
from crm.models.contact import Contact
from crm.models.deal import Deal
from crm.models.lead import Lead
from crm.models.record import Record

MEETINGS = ("meeting", "demo")


class Activity(Record):
    """Something done or to be done with a contact; a task without `completed_at` is still open."""

    # What a machine planned and nobody touched goes with its deal, when the conversion is undone.
    goes_while: ClassVar[Q] = Q(source_key__isnull=False, completed_at=None, version=1)
    owner_paths: ClassVar[tuple[str, ...]] = ("actor", "lead__owner", "deal__owner")

    class Type(models.TextChoices):
        CALL = "call", _("Call")
        EMAIL = "email", _("Email")
        MEETING = "meeting", _("Meeting")
        NOTE = "note", _("Note")
        TASK = "task", _("Task")
        DEMO = "demo", _("Demo")

    type = models.CharField(max_length=8, choices=Type)
    # Each of the three is found by an index of Meta that is in the timeline's order, too.
    contact = models.ForeignKey(
        Contact, models.CASCADE, null=True, blank=True, related_name="activities", db_index=False
    )
    deal = models.ForeignKey(Deal, models.CASCADE, null=True, blank=True, related_name="activities", db_index=False)
    lead = models.ForeignKey(Lead, models.CASCADE, null=True, blank=True, related_name="activities", db_index=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="activities"
    )
    subject = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    outcome = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)  # where a meeting starts
    # A day without a time, the same in every zone; `due_at` is then the end of that day where its person lives.
    due_on = models.DateField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    place = models.CharField(max_length=200, blank=True)
    guests = models.JSONField(default=list, blank=True)
    invites = models.BooleanField(default=False)  # whether the contact and the guests are told by mail
    completed_at = models.DateTimeField(null=True, blank=True)
    source_key = models.CharField(max_length=160, null=True, blank=True, unique=True, editable=False)

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
            # A person's week, done and to do.
            models.Index(
                fields=["actor", "due_at"],
                name="activity_calendar",
                condition=Q(actor__isnull=False, due_at__isnull=False),
            ),
            models.Index(fields=["completed_at", "id"], name="activity_done", condition=Q(completed_at__isnull=False)),
        ]

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(due_on=None) | Q(due_at__isnull=False, ends_at=None), name="activity_day_has_no_hours"
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("due_at")), name="activity_ends_after_it_starts"
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_meeting(self) -> bool:
        """Whether people meet: it has a start and an end, a place and guests."""
        return self.type in MEETINGS

    def get_absolute_url(self) -> str:
        return route("crm:activity-edit", self.pk)
