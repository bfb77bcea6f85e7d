"""What the figures stand on: how the pipeline stood each night, what was forecast, goals, and reports by mail."""

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from crm.models.deal import Deal
from crm.models.pipeline import Pipeline, Stage
from crm.models.record import Record


class Snapshot(models.Model):
    """The open deals of one owner in one stage as a day ended, and what came, was won and was lost on that day."""

    is_derived = True
    owner_paths: ClassVar[tuple[str, ...]] = ("owner",)

    on = models.DateField()
    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="+")
    stage = models.ForeignKey(Stage, models.SET_NULL, null=True, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    currency = models.CharField(max_length=3)
    count = models.PositiveIntegerField(default=0)
    value_minor = models.BigIntegerField(default=0)
    weighted_minor = models.BigIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    won = models.PositiveIntegerField(default=0)
    won_minor = models.BigIntegerField(default=0)
    lost = models.PositiveIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["on", "pipeline"], name="snapshot_day")]

    def __str__(self) -> str:
        return f"{self.on}: {self.count}"


class Forecast(models.Model):
    """A deal that was expected to close in a month or before, with the chances it had as that month began."""

    is_derived = True
    owner_paths: ClassVar[tuple[str, ...]] = ("deal__owner",)
    team_paths: ClassVar[tuple[str, ...]] = ("deal__team",)

    on = models.DateField()
    until = models.DateField()
    deal = models.ForeignKey(Deal, models.CASCADE, related_name="forecasts")
    stage = models.ForeignKey(Stage, models.SET_NULL, null=True, related_name="+")
    value_minor = models.BigIntegerField()
    probability = models.PositiveSmallIntegerField()
    history = models.PositiveSmallIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["on", "deal"], name="forecast_once_a_month")]

    def __str__(self) -> str:
        return f"{self.on}: {self.deal_id}"


class CohortBlock(models.Model):
    """Days whose leads were counted, by source or by city: a month, or a third of one."""

    is_derived = True

    first = models.DateField()
    last = models.DateField()
    zone = models.CharField(max_length=64)  # whose midnights begin and end the days
    is_by_city = models.BooleanField()
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.first} – {self.last}"


class LeadCohort(models.Model):
    """The leads of a block, of one owner, team, and source or city, that came equally far.

    `waits` holds the seconds until the first outreach of each that had one.
    """

    is_derived = True
    owner_paths: ClassVar[tuple[str, ...]] = ("owner",)

    block = models.ForeignKey(CohortBlock, models.CASCADE, related_name="cohorts")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False)
    team = models.ForeignKey("accounts.Team", models.SET_NULL, null=True, related_name="+", db_index=False)
    source = models.CharField(max_length=20)
    city = models.CharField(max_length=120)
    far = models.PositiveSmallIntegerField()
    leads = models.PositiveIntegerField()
    worth = models.BigIntegerField()
    money = models.CharField(max_length=3)
    waits = models.TextField(null=True)

    def __str__(self) -> str:
        return f"{self.far}: {self.leads}"


class Goal(Record):
    """What a team, or the whole house, wants of one figure in a month."""

    owner_paths: ClassVar[tuple[str, ...]] = ()
    team_paths: ClassVar[tuple[str, ...]] = ("team",)

    class Figure(models.TextChoices):
        WON = "won", _("Won")
        LEADS = "leads", _("New leads")
        CONVERSION = "conversion", _("Lead to deal, in percent")
        REPLY = "reply", _("First reply, in minutes at most")
        PIPELINE = "pipeline", _("Open pipeline")

    team = models.ForeignKey("accounts.Team", models.CASCADE, null=True, blank=True, related_name="+")
    month = models.DateField()
    figure = models.CharField(max_length=10, choices=Figure)
    amount = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "month", "figure"], name="goal_once"),
            models.UniqueConstraint(fields=["month", "figure"], condition=Q(team=None), name="goal_of_house_once"),
            models.CheckConstraint(name="goal_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.get_figure_display()} {self.month:%Y-%m}"

    @property
    def is_money(self) -> bool:
        """Whether its amount is in minor units of the workspace's currency."""
        return self.figure in (self.Figure.WON, self.Figure.PIPELINE)

    def get_absolute_url(self) -> str:
        return reverse("crm:goal-list")


class ReportSchedule(Record):
    """A report that goes to colleagues by mail at an hour of some weekday, or of every day."""

    owner_paths: ClassVar[tuple[str, ...]] = ("maker",)

    maker = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="report_schedules")
    report = models.CharField(max_length=20)
    query = models.CharField(max_length=400, blank=True)
    format = models.CharField(max_length=4, default="pdf")
    weekday = models.PositiveSmallIntegerField(null=True, blank=True)  # 0 is Monday; none: every day
    hour = models.PositiveSmallIntegerField(default=8, validators=(MaxValueValidator(23),))
    is_active = models.BooleanField(default=True)
    sent_on = models.DateField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return self.report

    @property
    def day(self) -> str:
        """The weekday on which it goes out."""
        return str(_("Every day") if self.weekday is None else WEEKDAYS[self.weekday])

    def get_absolute_url(self) -> str:
        return reverse("crm:schedule-list")


class ReportRecipient(models.Model):
    """A colleague who gets a report by mail, until they or its maker switch it off."""

    owner_paths: ClassVar[tuple[str, ...]] = ("user",)

    schedule = models.ForeignKey(ReportSchedule, models.CASCADE, related_name="recipients")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="report_subscriptions")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["schedule", "user"], name="report_recipient_once")]

    def __str__(self) -> str:
        return str(self.user)

    def get_absolute_url(self) -> str:
        return reverse("crm:schedule-list")
