"""The workspace: the one business that this install serves."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.hours import DAYS

_read: ContextVar[list[Workspace] | None] = ContextVar("workspace", default=None)


def new_code() -> str:
    """Return a short text that no other install is likely to have."""
    return secrets.token_hex(3)


def office_week() -> dict[str, list[list[str]]]:
    """Return the hours of an office: nine to six, Monday to Friday."""
    return {day: [["09:00", "18:00"]] for day in DAYS[:5]}


class Workspace(models.Model):
    """Names, thresholds and habits of the business; exactly one row."""

    class ManagerScope(models.TextChoices):
        ALL = "all", _("Everything")
        TEAM = "team", _("Their own teams")

    name = models.CharField(max_length=120, default="My business")
    # Begins the references in exports, so that a file knows its own records again.
    code = models.CharField(max_length=8, default=new_code, editable=False)
    legal_name = models.CharField(max_length=160, blank=True)
    postal_address = models.TextField(blank=True)
    tax_id = models.CharField(max_length=40, blank=True)
    website = models.URLField(blank=True)
    about = models.TextField(blank=True)
    country = models.CharField(max_length=2, default="IN")
    currency = models.CharField(max_length=3, default="INR")
    timezone = models.CharField(max_length=64, default="Asia/Kolkata")
    working_hours = models.JSONField(default=office_week)  # a week of core.hours
    default_language = models.CharField(max_length=16, default="en-gb")
    tone = models.CharField(max_length=40, default="warm and brief")
    from_email = models.EmailField(blank=True)
    sender_name = models.CharField(max_length=120, blank=True)
    tax_rate_bp = models.PositiveIntegerField(default=1800)
    invoice_prefix = models.CharField(max_length=12, default="INV")
    proposal_valid_days = models.PositiveSmallIntegerField(default=14)
    support_email = models.EmailField(blank=True)
    ticket_close_days = models.PositiveSmallIntegerField(default=7)
    high_value_threshold_minor = models.BigIntegerField(default=30_000_000)
    manager_scope = models.CharField(max_length=8, choices=ManagerScope, default=ManagerScope.ALL)
    interest_threshold = models.FloatField(default=0.8, validators=(MinValueValidator(0.5), MaxValueValidator(1.0)))
    automation_paused = models.BooleanField(default=False)
    onboarding_enabled = models.BooleanField(default=True)
    restored_at = models.DateTimeField(null=True, editable=False)  # a copy that nobody released yet
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(pk=1), name="workspace_is_the_only_one"),)

    def __str__(self) -> str:
        return self.name

    @property
    def workdays(self) -> str:
        """Answer the days of the week with working hours, 1 is Monday."""
        return "".join(str(n) for n, day in enumerate(DAYS, 1) if self.working_hours.get(day))

    @classmethod
    def quiet_since(cls) -> datetime | None:
        """Answer when this copy was restored, None once it is released."""
        return cls.objects.filter(pk=1).values_list("restored_at", flat=True).first()

    @classmethod
    def current(cls) -> Workspace:
        """Answer the one workspace, with its defaults until somebody changed them; read once in a request."""
        read = _read.get()
        if read:
            return read[0]
        workspace, _ = cls.objects.get_or_create(pk=1)
        if read is not None:
            read.append(workspace)
        return workspace

    @classmethod
    @contextmanager
    def read_once(cls) -> Iterator[None]:
        """Let `current` ask the database once at most while this lasts: for one request."""
        token = _read.set([])
        try:
            yield
        finally:
            _read.reset(token)
