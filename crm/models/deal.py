"""Deals and their lines."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from core.links import route
from core.money import Money, times
from crm.models.contact import Contact
from crm.models.pipeline import Pipeline, Stage
from crm.models.search import Searchable
from crm.models.state import StateModel


class DealQuerySet(models.QuerySet["Deal"]):
    """Filters that read as clauses."""

    def open(self) -> "DealQuerySet":
        """Deals that may still be won."""
        return self.filter(status="open")


class Deal(StateModel, Searchable):
    """Business that a contact may give us, at a value, in a stage of a pipeline."""

    owner_paths: ClassVar[tuple[str, ...]] = ("owner",)
    searched: ClassVar[tuple[str, ...]] = ("title",)
    search_from: ClassVar[str] = "contact"

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")
        ABANDONED = "abandoned", _("Abandoned")

    contact = models.ForeignKey(Contact, models.PROTECT, related_name="deals")
    lead = models.ForeignKey("crm.Lead", models.SET_NULL, null=True, blank=True, related_name="deals")
    title = models.CharField(max_length=200)
    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="deals")
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="deals")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="deals",
        db_index=False,
    )  # fmt: skip
    team = models.ForeignKey("accounts.Team", models.SET_NULL, null=True, blank=True, related_name="+")
    value_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    expected_close_on = models.DateField(null=True, blank=True)
    custom = models.JSONField(default=dict, blank=True)
    status = FSMField(max_length=9, choices=Status.choices, default=Status.OPEN.value, protected=True)
    probability = models.PositiveSmallIntegerField(default=0)
    probability_is_manual = models.BooleanField(default=False)
    lost_reason = models.CharField(max_length=200, blank=True)
    won_at = models.DateTimeField(null=True, blank=True)
    lost_at = models.DateTimeField(null=True, blank=True)
    closed_on = models.DateField(null=True, blank=True)
    reopened_at = models.DateTimeField(null=True, blank=True)
    stage_since = models.DateTimeField(null=True, blank=True)
    last_touch_at = models.DateTimeField(null=True, blank=True)
    rotting_told_on = models.DateField(null=True, blank=True, editable=False)
    # The first day on which the deal counts as stuck: kept by crm.actions.rotting, read everywhere.
    rots_on = models.DateField(null=True, blank=True, editable=False)
    snoozed_on = models.DateField(null=True, blank=True, editable=False)
    snoozed_until = models.DateField(null=True, blank=True)
    snooze_reason = models.CharField(max_length=200, blank=True)
    proposal_sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    agreed_on = models.DateField(_("verbal agreement on"), null=True, blank=True)
    price_list = models.ForeignKey("crm.PriceList", models.SET_NULL, null=True, blank=True, related_name="+")
    import_run = models.ForeignKey("crm.ImportRun", models.SET_NULL, null=True, blank=True, related_name="deals")
    # The reference by which a file knows this deal again.
    external_ref = models.CharField(max_length=160, null=True, unique=True, editable=False)

    objects = DealQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="deal_status_known", condition=Q(status__in=("open", "won", "lost", "abandoned"))
            ),
            models.CheckConstraint(
                name="deal_won_with_close_date",
                condition=~Q(status="won") | Q(closed_on__isnull=False, won_at__isnull=False),
            ),
            models.CheckConstraint(name="deal_lost_with_reason", condition=~Q(status="lost") | ~Q(lost_reason="")),
            models.CheckConstraint(name="deal_value_not_negative", condition=Q(value_minor__gte=0)),
            models.CheckConstraint(name="deal_probability_0_100", condition=Q(probability__lte=100)),
            models.UniqueConstraint(fields=["lead"], condition=Q(lead__isnull=False), name="deal_one_per_lead"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["owner", "status", "-created_at", "-id"], name="deal_owner_status"),
            models.Index(fields=["sort_name", "id"], name="deal_name"),
            models.Index(fields=["-created_at", "-id"], name="deal_newest"),
            models.Index(fields=["status", "-created_at", "-id"], name="deal_status"),
            models.Index(fields=["-value_minor", "-id"], name="deal_value"),
            # The board: a column's dearest deals, what was won lately, and the sums without the rows.
            models.Index(fields=["stage", "status", "-value_minor", "-id"], name="deal_column"),
            models.Index(fields=["pipeline", "status", "-won_at", "-id"], name="deal_won"),
            models.Index(
                fields=["pipeline", "status", "stage", "currency", "value_minor", "probability", "rots_on"],
                name="deal_sums",
            ),
            # Reports: what was closed when, and what came in.
            models.Index(
                fields=["closed_on", "status", "pipeline", "currency", "owner", "stage", "value_minor"],
                name="deal_closed",
            ),
            models.Index(F("rots_on"), name="deal_rotting", condition=Q(status="open")),
            models.Index(F("expected_close_on"), name="deal_closing", condition=Q(status="open")),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return route("crm:deal-detail", self.pk)

    @property
    def name(self) -> str:
        """The title: what lists and crumbs show."""
        return self.title

    @staticmethod
    def search_names(row: Any) -> tuple[str, ...]:
        """Return what it is called."""
        return (row.title,)

    @property
    def value(self) -> Money:
        """The deal's value as money."""
        return Money(self.value_minor, self.currency)

    @transition(field=status, source="open", target="won")
    def win(self, *, closed_on: date, at: datetime) -> None:
        """The customer said yes on that day."""
        self.closed_on, self.won_at, self.lost_at = closed_on, at, None
        self.expected_close_on = self.expected_close_on or closed_on

    @transition(field=status, source="open", target="lost")
    def lose(self, *, reason: str, closed_on: date, at: datetime) -> None:
        """The customer said no, for a reason."""
        self.lost_reason, self.closed_on, self.lost_at = reason, closed_on, at

    @transition(field=status, source="open", target="abandoned")
    def abandon(self, *, closed_on: date) -> None:
        """Nobody follows this up any more."""
        self.closed_on = closed_on

    @transition(field=status, source="won", target="open")
    def reopen(self, *, at: datetime) -> None:
        """The yes did not hold."""
        self.closed_on, self.won_at, self.reopened_at = None, None, at


class DealLine(models.Model):
    """One thing sold in a deal, at a price agreed for this deal."""

    part_of: ClassVar[tuple[str, ...]] = ("deal_id",)

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="lines")
    item = models.ForeignKey("crm.Item", models.PROTECT, null=True, blank=True, related_name="deal_lines")
    description = models.CharField(max_length=300)
    quantity = models.DecimalField(max_digits=12, decimal_places=3, default=Decimal(1))
    unit_price_minor = models.BigIntegerField()
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="deal_line_quantity_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="deal_line_price_not_negative", condition=Q(unit_price_minor__gte=0)),
        ]
        indexes: ClassVar = [models.Index(fields=["deal", "order", "id"], name="deal_line_order")]

    def __str__(self) -> str:
        return self.description

    @property
    def total_minor(self) -> int:
        """Quantity times unit price, rounded half up to the minor unit."""
        return times(self.quantity, self.unit_price_minor)
