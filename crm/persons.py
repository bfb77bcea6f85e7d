"""What contacts and their records hold about a person; see core.persons."""

from django.db.models import Case, CharField, F, Q, Value, When
from django.db.models.functions import Cast, Concat

from core.persons import ALL, Held, declare, nobody, without
from crm.models.search import INDEXED

PK = Cast("pk", CharField())
FACTS = (
    "last_name", "company_name", "company_folded", "job_title", "industry", "city", "country", "email", "phone",
    "language", "timezone",
)  # fmt: skip
GONE = {"email_folded", "phone_e164", "company", "price_list", "import_run"}
DEALS = ("contact", "lead__contact", "deal__contact")

declare(
    Held("crm.ContactAddress", ("contact",)),
    Held("crm.Consent", ("contact",)),
    Held("crm.Contact_tags", ("contact",)),
    Held("crm.DuplicateKey", ("contact",)),
    Held("crm.DuplicatePair", ("contact", "other"), hidden=("contact", "other", "reasons")),
    Held("crm.ContactMerge", ("contact",)),
    Held("crm.DocumentLink", (*DEALS, "ticket__contact"), hidden=("contact", "lead", "deal", "ticket")),
    Held(
        "crm.Document", ("links__contact", "links__lead__contact", "links__deal__contact", "links__ticket__contact"),
        stays=Q(links__isnull=False), because="a document that hangs on somebody else, too, stays theirs",
    ),
    Held(
        "crm.DocumentFile",
        tuple(f"document__links__{path}" for path in (*DEALS, "ticket__contact")),
        stays=ALL, files="path", because="goes with its document",
    ),
    Held("crm.Booking", tuple(f"activity__{path}" for path in DEALS)),
    Held("crm.Activity", DEALS, hidden=("guests",), says={"guests": without}),
    Held("crm.TicketNote", ("ticket__contact",)),
    Held("crm.Ticket", ("contact",)),
    Held("crm.Process", ("contact", "deal__contact")),
    Held("crm.Lead", ("contact",)),
    Held("crm.DealLine", ("deal__contact",), stays=ALL, blank={"description": ""}),
    Held("crm.Approval", ("deal__contact",), stays=ALL, blank={"note": "", "reason": ""}),
    Held("crm.Forecast", ("deal__contact",), stays=ALL, because="sums alone"),
    Held(
        "crm.Deal", ("contact",), stays=Q(status="won"), because="money and dates of a sale, without the person",
        blank={
            "title": Concat(Value("Deal "), PK), "custom": {}, "snooze_reason": "", "external_ref": None,
            "import_run": None, "lost_reason": Case(When(lost_reason="", then=Value("")), default=Value("Erased")),
        },
    ),
    Held(
        "crm.Contact", ("pk",), because="a pseudonym to which invoices and won deals lead",
        blank=dict.fromkeys(FACTS, "") | dict.fromkeys(GONE) | {
            "first_name": Concat(Value("Erased person "), PK), "external_ref": Concat(Value("erased:"), PK),
            "custom": {}, "score": 0, "do_not_contact": True, "do_not_ai": True, "last_activity_at": None,
        },
    ),
    Held("crm.Operation", says={"title": "Erased", "details": without}),
    Held("crm.OperationPart", because="what it tells about the person is taken out of it"),
    Held("crm.ImportRun", says={"message": "", "rehearsal": without}),
    Held("crm.ReportSchedule", says={"query": ""}),
    Held("crm.SearchForm", because="words that nobody has any more go"),
    Held("crm.Suppression", because="a keyed fingerprint, so that nobody writes to the address again"),
)  # fmt: skip
nobody(
    "how this house works, in its own words",
    "crm.Tag", "crm.Pipeline", "crm.Stage", "crm.BookingPage", "crm.CalendarFeed", "crm.CustomField", "crm.SlaTarget",
    "crm.Holiday", "crm.Item", "crm.PriceList", "crm.Playbook", "crm.PublicForm", "crm.ScoreModel", "crm.SetupStep",
    "crm.Territory", "crm.RoutingVersion",
)  # fmt: skip
nobody("sums", "crm.Snapshot", "crm.CohortBlock", "crm.LeadCohort", "crm.Goal")
DERIVED = frozenset(INDEXED)
VERSION = {"version": F("version") + 1}
