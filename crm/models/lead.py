"""The lead: two machines, always in one of twelve pairs (status, stage)."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from core.links import route
from core.templatetags.ui import temperature
from crm import scoring
from crm.lead_rules import WORKING
from crm.models.contact import Contact
from crm.models.search import Searchable
from crm.models.state import StateModel

LEGAL_PAIRS: tuple[tuple[str, str], ...] = (
    ("new", "NEW"),
    ("new", "CONTACTED"),
    ("new", "INTERESTED"),
    ("contacted", "CONTACTED"),
    ("contacted", "INTERESTED"),
    ("qualified", "INTERESTED"),
    ("converted", "INTERESTED"),
    ("converted", "PROPOSAL_SENT"),
    ("converted", "PAID"),
    ("disqualified", "NEW"),
    ("disqualified", "CONTACTED"),
    ("disqualified", "INTERESTED"),
)


class LeadQuerySet(models.QuerySet["Lead"]):
    """Filters that read as clauses."""

    def open(self) -> "LeadQuerySet":
        """Leads that sales works on: new, contacted, qualified, or converted with an open deal."""
        working = Q(status__in=WORKING)
        return self.filter(working | (Q(status="converted", converted_deal__status="open") & ~Q(stage="PAID")))


class Lead(StateModel, Searchable):
    """One chance of business with one contact."""

    owner_paths: ClassVar[tuple[str, ...]] = ("owner",)
    searched: ClassVar[tuple[str, ...]] = ("title", "business_name")
    search_from: ClassVar[str] = "contact"

    class Status(models.TextChoices):
        NEW = "new", _("New")
        CONTACTED = "contacted", _("Contacted")
        QUALIFIED = "qualified", _("Qualified")
        DISQUALIFIED = "disqualified", _("Disqualified")
        CONVERTED = "converted", _("Converted")

    class Stage(models.TextChoices):
        NEW = "NEW", _("New")
        CONTACTED = "CONTACTED", _("Contacted")
        INTERESTED = "INTERESTED", _("Interested")
        PROPOSAL_SENT = "PROPOSAL_SENT", _("Proposal sent")
        PAID = "PAID", _("Paid")

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="leads")
    title = models.CharField(max_length=200)
    business_name = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=20, choices=Contact.Source, default=Contact.Source.MANUAL)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="leads",
        db_index=False,
    )  # fmt: skip
    team = models.ForeignKey("accounts.Team", models.SET_NULL, null=True, blank=True, related_name="+")
    status = FSMField(max_length=12, choices=Status.choices, default=Status.NEW.value, protected=True)
    stage = FSMField(max_length=13, choices=Stage.choices, default=Stage.NEW.value, protected=True)
    score = models.PositiveSmallIntegerField(default=0)
    score_reasons = models.JSONField(default=list, blank=True)
    score_model = models.CharField(max_length=60, blank=True)
    scored_at = models.DateTimeField(null=True, blank=True)
    disqualification_reason = models.CharField(max_length=200, blank=True)
    assigned_reason = models.CharField(max_length=300, blank=True)
    industry = models.CharField(max_length=120, blank=True)
    city = models.CharField(max_length=120, blank=True)
    region = models.CharField(max_length=120, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    custom = models.JSONField(default=dict, blank=True)
    estimated_value_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    converted_deal = models.ForeignKey(
        "crm.Deal", models.SET_NULL, null=True, blank=True, related_name="converted_leads"
    )
    contacted_at = models.DateTimeField(null=True, blank=True, editable=False)
    converted_at = models.DateTimeField(null=True, blank=True)
    conversion = models.JSONField(default=dict, blank=True, editable=False)
    next_step = models.CharField(max_length=200, blank=True)
    utm = models.JSONField(default=dict, blank=True)
    import_run = models.ForeignKey("crm.ImportRun", models.SET_NULL, null=True, blank=True, related_name="leads")
    # The reference by which a file knows this lead again.
    external_ref = models.CharField(max_length=160, null=True, unique=True, editable=False)

    objects = LeadQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="lead_legal_pair",
                condition=Q(status="new", stage__in=("NEW", "CONTACTED", "INTERESTED"))
                | Q(status="contacted", stage__in=("CONTACTED", "INTERESTED"))
                | Q(status="qualified", stage="INTERESTED")
                | Q(status="converted", stage__in=("INTERESTED", "PROPOSAL_SENT", "PAID"))
                | Q(status="disqualified", stage__in=("NEW", "CONTACTED", "INTERESTED")),
            ),
            models.CheckConstraint(
                name="lead_disqualified_with_reason",
                condition=~Q(status="disqualified") | ~Q(disqualification_reason=""),
            ),
            models.CheckConstraint(name="lead_score_0_100", condition=Q(score__lte=100)),
        ]
        indexes: ClassVar = [
            # Figures and loads read this alone; whose turn it is to get a lead, the next one.
            models.Index(fields=["owner", "status", "stage"], name="lead_figures"),
            models.Index(fields=["owner", "-id"], name="lead_turn"),
            # The list: each of its orders, the usual one by owner, status and stage too.
            models.Index(fields=["-score", "-id"], name="lead_score"),
            models.Index(fields=["owner", "-score", "-id"], name="lead_owner_score"),
            models.Index(fields=["status", "-score", "-id"], name="lead_status"),
            models.Index(fields=["stage", "-score", "-id"], name="lead_stage"),
            models.Index(fields=["-created_at", "-id"], name="lead_newest"),
            models.Index(fields=["sort_name", "id"], name="lead_name"),
            models.Index(fields=["owner", "sort_name", "id"], name="lead_owner_name"),
            # Who came in when, and how far they got: reports read this alone.
            models.Index(
                fields=["created_at", "stage", "status", "source", "owner", "city", "converted_deal", "contacted_at"],
                name="lead_cohort",
            ),
            models.Index(fields=["updated_at", "id"], name="lead_quiet"),
            models.Index(
                fields=["estimated_value_minor", "id"],
                name="lead_value",
                condition=Q(estimated_value_minor__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return route("crm:lead-detail", self.pk)

    @property
    def temperature(self) -> str:
        """Hot from 80, warm from 50, else cold."""
        return temperature(self.score)

    @property
    def name(self) -> str:
        """The title: what lists and crumbs show."""
        return self.title

    @staticmethod
    def search_names(row: Any) -> tuple[str, ...]:
        """Return what it is called."""
        return row.title, row.business_name

    # Each verb is a transition of `status`, of `stage`, or of both. Only crm.actions calls them, in
    # one transaction, after crm.lead_rules has let the pair pass.

    @transition(field=status, source=("new", "contacted"), target="contacted")
    def contact_status(self) -> None:
        """Outreach went out (or a follow-up)."""

    @transition(field=stage, source="NEW", target="CONTACTED")
    def contact_stage(self) -> None:
        """The first outreach went out."""

    @transition(field=status, source="contacted", target="qualified")
    def qualify_status(self) -> None:
        """The lead is worth a deal."""

    @transition(field=stage, source=("CONTACTED", "INTERESTED"), target="INTERESTED")
    def interest_stage(self) -> None:
        """The lead showed interest."""

    @transition(field=status, source="qualified", target="converted")
    def convert_status(self) -> None:
        """The lead became a deal."""

    @transition(field=stage, source="INTERESTED", target="PROPOSAL_SENT")
    def propose_stage(self) -> None:
        """The proposal went out."""

    @transition(field=stage, source="PROPOSAL_SENT", target="PAID")
    def pay_stage(self) -> None:
        """A verified payment arrived."""

    @transition(field=status, source=WORKING, target="disqualified")
    def disqualify_status(self) -> None:
        """The lead leads nowhere, for a reason."""

    @transition(field=status, source="disqualified", target="new")
    def reopen_status(self) -> None:
        """The lead gets a second chance; the stage stays."""

    def reason_points(self) -> int:
        """The sum of the reasons' points: the score, always."""
        return scoring.add_up(self.score_reasons)
