"""Tickets: what a customer wants solved, its clock, the notes of the team, and the targets by priority."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from core import clock
from core.links import route
from crm.matching import fold_email
from crm.models.contact import Contact
from crm.models.search import Searchable, index_rows
from crm.models.state import StateModel
from crm.sla import Clock


class Priority(models.TextChoices):
    """How much a ticket hurries; each has targets of its own."""

    LOW = "low", _("Low")
    NORMAL = "normal", _("Normal")
    HIGH = "high", _("High")
    URGENT = "urgent", _("Urgent")


class Ticket(StateModel, Searchable):
    """Something that a contact wants solved; its clock counts working time and rests while the contact is asked."""

    owner_paths: ClassVar[tuple[str, ...]] = ("assignee",)
    searched: ClassVar[tuple[str, ...]] = ("subject",)
    search_from: ClassVar[str] = "contact"

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        PENDING = "pending", _("Waiting for the customer")
        RESOLVED = "resolved", _("Resolved")
        CLOSED = "closed", _("Closed")

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="tickets", db_index=False)
    requester = models.CharField(max_length=254, blank=True)
    subject = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    priority = models.CharField(max_length=6, choices=Priority, default=Priority.NORMAL)
    status = FSMField(max_length=8, choices=Status.choices, default=Status.OPEN.value, protected=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="tickets",
        db_index=False,
    )  # fmt: skip
    worked_seconds = models.PositiveIntegerField(default=0, editable=False)
    running_since = models.DateTimeField(default=clock.now, null=True, editable=False)
    response_due_at = models.DateTimeField(null=True, editable=False)
    resolution_due_at = models.DateTimeField(null=True, editable=False)
    # The next of the two, and 80 % of the way to it; none while the clock rests.
    due_at = models.DateTimeField(null=True, editable=False)
    warn_at = models.DateTimeField(null=True, editable=False)
    warned_at = models.DateTimeField(null=True, editable=False)
    escalated_at = models.DateTimeField(null=True, editable=False)
    first_answered_at = models.DateTimeField(null=True, editable=False)
    resolved_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="ticket_status_and_times",
                condition=Q(status="open", running_since__isnull=False, resolved_at=None, closed_at=None)
                | Q(status="pending", running_since=None, resolved_at=None, closed_at=None)
                | Q(status="resolved", running_since=None, resolved_at__isnull=False, closed_at=None)
                | Q(status="closed", running_since=None, resolved_at__isnull=False, closed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="ticket_priority_known", condition=Q(priority__in=Priority.values)
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], name="ticket_due"),
            models.Index(fields=["sort_name", "id"], name="ticket_name"),
            models.Index(fields=["assignee", "due_at", "id"], name="ticket_assignee"),
            models.Index(fields=["status", "-created_at", "-id"], name="ticket_status"),
            models.Index(fields=["-created_at", "-id"], name="ticket_newest"),
            models.Index(fields=["contact", "-created_at", "-id"], name="ticket_contact"),
            models.Index(fields=["warn_at", "id"], name="ticket_warn", condition=Q(warned_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.subject}"

    def get_absolute_url(self) -> str:
        return route("crm:ticket-detail", self.pk)

    @property
    def number(self) -> str:
        """What people call it."""
        return f"T-{self.pk}"

    @property
    def name(self) -> str:
        """The subject: what lists and crumbs show."""
        return self.subject

    @property
    def address(self) -> str:
        """Where answers go: to the address that asked, while it is one of the contact's, else to the main one."""
        held = self.contact.addresses.current().filter(folded=fold_email(self.requester) or None)
        return self.requester if held.exists() else self.contact.email

    @property
    def clock(self) -> Clock:
        """The working time so far."""
        return Clock(self.worked_seconds, self.running_since)

    @property
    def is_late(self) -> bool:
        """Whether the next target has passed."""
        return self.due_at is not None and self.due_at <= clock.now()

    @staticmethod
    def search_names(row: Any) -> tuple[str, ...]:
        """Return its subject and its number."""
        return (row.subject, f"T-{row.pk}")

    def insert(self) -> None:
        """Write a new row; its number is known only then."""
        super().insert()
        index_rows(type(self), [self.pk])

    @transition(field=status, source="open", target="pending")
    def wait(self) -> None:
        """The customer is asked: the clock rests."""

    @transition(field=status, source=["open", "pending"], target="resolved")
    def resolve(self, *, at: datetime) -> None:
        """It is solved."""
        self.resolved_at = at

    @transition(field=status, source=["pending", "resolved"], target="open")
    def reopen(self) -> None:
        """The customer wrote again, or it is not solved after all."""
        self.resolved_at = None

    @transition(field=status, source="resolved", target="closed")
    def close(self, *, at: datetime) -> None:
        """Nobody came back to it for some days."""
        self.closed_at = at


class TicketNote(models.Model):
    """What the team tells itself about a ticket; the customer never sees it."""

    part_of: ClassVar[tuple[str, ...]] = ("ticket_id",)

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    body = models.TextField()
    created_at = models.DateTimeField(default=clock.now, editable=False)

    def __str__(self) -> str:
        return self.body[:60]


class SlaTarget(models.Model):
    """How soon tickets of a priority are answered and solved, in minutes of working time."""

    priority = models.CharField(max_length=6, choices=Priority, unique=True)
    response_minutes = models.PositiveIntegerField()
    resolution_minutes = models.PositiveIntegerField()
    raises_priority = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("service target")

    def __str__(self) -> str:
        return str(self.get_priority_display())
