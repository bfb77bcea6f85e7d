"""What a file's columns mean: which kind of file it is, and which column fills which field; pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from crm.matching import squeeze
from crm.scoring import as_number, is_blank

FACT = "fact:"  # kept on the lead and looked at by the score
CUSTOM = "custom:"  # kept in the record's own fields
SKIP = ""


@dataclass(frozen=True)
class Target:
    """A field that a column may fill, the words by which files call it, and what its cells hold.

    `is_ours` marks what only an export of this product tells, and only administrators may bring back.
    """

    key: str
    label: str
    words: str = ""
    holds: str = "text"
    most: int = 200
    is_ours: bool = False

    @property
    def names(self) -> frozenset[str]:
        """Every spelling of a header that means this field, without spaces."""
        key = () if self.is_ours else (self.key.partition(":")[2] or self.key,)
        words = self.words.split("|") if self.words else ()
        return frozenset(squeeze(word) for word in (*key, self.label, *words))


def _ours(key: str, label: str, holds: str = "text", most: int = 200) -> Target:
    return Target(key, label, "", holds, most, is_ours=True)


_REACHED = (
    Target("email", _("Email"), "email address|e-mail|mail|work email|contact email", "email", 254),
    Target(
        "phone", _("Phone"), "phone number|mobile|mobile number|telephone|contact number|whatsapp|cell", "phone", 40
    ),
    Target(
        "external_ref",
        _("Reference"),
        "contact reference|prospect id|lead id|contact id|external id|record id|uuid|id",
        most=150,
    ),
)
_PERSON = (
    *_REACHED,
    Target("first_name", _("First name"), "firstname|given name|forename", most=100),
    Target("last_name", _("Last name"), "lastname|surname|family name", most=100),
    Target("name", _("Full name"), "contact name|lead name|contact|person|customer name"),
    Target("business_name", _("Company"), "company name|organisation|organization|account|account name|business"),
    Target("job_title", _("Job title"), "title|position|designation|role", most=120),
    Target("industry", _("Industry"), "sector|vertical", most=120),
    Target("city", _("City"), "town|location", most=120),
    Target("country", _("Country"), "country region|nation", most=120),
    Target("owner", _("Owner"), "lead owner|contact owner|sales agent|assigned to|rep|sales rep"),
    Target("tags", _("Tags"), "tag|labels", most=2_000),
    Target("do_not_email", _("Do not email"), "email opt out|unsubscribed|opted out of email|no email"),
    Target("do_not_call", _("Do not call"), "do not phone|no calls|dnd"),
    Target("source", _("Source"), "lead source|utm source|channel", most=120),
)
_CREATED = _ours("created_at", _("Created at"), "moment")
_CUSTOM = _ours("custom", _("More fields"), "object")
_CONTACT = (
    _ours("kind", _("Record kind"), "kind"),
    _ours("parent_ref", _("Company reference")),
    _ours("addresses", _("Other addresses"), "list"),
    _ours("stage", _("Contact stage"), "contact stage"),
    _ours("language", _("Language code"), most=10),
    _ours("timezone", _("Time zone"), most=64),
    _ours("do_not_contact", _("Do not contact"), "yes-no"),
    _ours("do_not_ai", _("No machine writes"), "yes-no"),
    _CREATED,
    _CUSTOM,
)
_LEAD = (
    Target("title", _("Lead title"), "lead title|opportunity|subject"),
    Target("outcome", _("Outcome (won or lost)"), "converted|outcome|won|result|is converted", "outcome"),
    Target("estimated_value", _("Estimated value"), "value|deal value|budget|expected revenue|amount", "amount"),
    Target("currency", _("Currency"), "", "currency", 3),
    Target("region", _("Region"), "territory", most=120),
    Target("note", _("Note"), "notes|message|comment|comments|description|remarks", most=10_000),
    Target("fact:origin", _("Origin"), "lead origin", "fact"),
    Target("fact:visits", _("Visits"), "total visits|totalvisits|website visits|sessions", "fact"),
    Target("fact:time_on_site", _("Seconds on the website"), "total time spent on website|time on site", "fact"),
    Target("fact:page_views", _("Pages per visit"), "page views per visit|pages per session", "fact"),
    Target("fact:occupation", _("Occupation"), "what is your current occupation|current occupation|profession", "fact"),
    Target("fact:specialization", _("Specialization"), "specialisation|field of study|course", "fact"),
    Target("fact:heard_from", _("Heard from"), "how did you hear about us", "fact"),
    _ours("lead_ref", _("Lead reference"), most=150),
    _ours("status", _("Lead status"), "lead status"),
    _ours("stage", _("Lead stage"), "lead stage"),
    _ours("disqualification_reason", _("Reason for disqualifying")),
    _ours("deal_ref", _("Deal of the lead"), most=150),
    _ours("next_step", _("Next step")),
    _ours("assigned_reason", _("Why this owner"), most=300),
    _ours("converted_at", _("Converted at"), "moment"),
    _ours("team", _("Owning team")),
    _ours("facts", _("Facts"), "object"),
    _CREATED,
    _CUSTOM,
)
_DEAL = (
    Target("reference", _("Reference"), "opportunity id|deal id|id|opportunity|deal reference", most=150),
    Target("title", _("Title"), "deal name|opportunity name|name"),
    Target("business_name", _("Company"), "account|account name|company name|customer"),
    Target("owner", _("Owner"), "sales agent|deal owner|rep|agent"),
    Target("item", _("Product"), "product name|item|service"),
    Target("stage", _("Stage"), "deal stage|status|pipeline stage", most=80),
    Target("opened_on", _("Opened on"), "engage date|created|created on|open date|start date", "day"),
    Target("closed_on", _("Closed on"), "close date|closed|end date", "day"),
    Target("expected_close_on", _("Expected close"), "expected close date|expected close on", "day"),
    Target("value", _("Value"), "close value|amount|deal value|revenue", "amount"),
    Target("currency", _("Currency"), "", "currency", 3),
    Target("lost_reason", _("Lost reason"), "reason lost"),
    _ours("contact_ref", _("Contact reference"), most=150),
    _ours("status", _("Deal status"), "deal status"),
    _ours("pipeline", _("Pipeline"), most=120),
    _ours("probability", _("Own probability"), "number"),
    _ours("price_list", _("Price list"), most=80),
    _ours("agreed_on", _("Verbal agreement on"), "day"),
    _ours("snoozed_on", _("Snoozed on"), "day"),
    _ours("snoozed_until", _("Snoozed until"), "day"),
    _ours("snooze_reason", _("Why snoozed")),
    _ours("won_at", _("Won at"), "moment"),
    _ours("lost_at", _("Lost at"), "moment"),
    _ours("stage_since", _("In the stage since"), "moment"),
    _ours("last_touch_at", _("Last touch at"), "moment"),
    _ours("proposal_sent_at", _("Proposal sent at"), "moment"),
    _ours("reopened_at", _("Reopened at"), "moment"),
    _ours("team", _("Owning team")),
    _ours("lines", _("Lines"), "list"),
    _CREATED,
    _CUSTOM,
)
TARGETS: dict[str, tuple[Target, ...]] = {
    "leads": _PERSON + _LEAD,
    "contacts": _PERSON + _CONTACT,
    "accounts": (
        Target("business_name", _("Company"), "company name|account|account name|organisation|organization|name"),
        Target("industry", _("Industry"), "sector|vertical", most=120),
        Target("city", _("City"), "town", most=120),
        Target("country", _("Country"), "office location|location|headquarters", most=120),
        Target("parent", _("Parent company"), "subsidiary of|parent|parent account"),
        Target("owner", _("Owner"), "account owner|sales agent"),
        Target("tags", _("Tags"), "tag|labels", most=2_000),
    ),
    "users": (
        Target("name", _("Name"), "sales agent|agent|sales rep|rep|employee|full name"),
        Target("email", _("Email"), "email address|work email", "email", 254),
        Target("manager", _("Manager"), "sales manager|team lead|reports to", most=150),
        Target("region", _("Region"), "regional office|office|territory", most=100),
    ),
    "items": (
        Target("name", _("Name"), "product|product name|item|service"),
        Target("sku", _("Article number"), "sku|code|product code|item code", most=60),
        Target("series", _("Series"), "product line|family|category", most=80),
        Target("unit_price", _("Price"), "sales price|unit price|list price|cost", "amount"),
        Target("currency", _("Currency"), "", "currency", 3),
        Target("description", _("Description"), "details", most=10_000),
    ),
    "deals": _DEAL,
}  # fmt: skip
NOUNS = {"leads": "lead", "contacts": "contact", "accounts": "contact", "deals": "deal"}
_REACHABLE = (("email", "phone", "external_ref"),)
REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {  # one of each group must be mapped
    "leads": _REACHABLE,
    "contacts": _REACHABLE,
    "accounts": (("business_name",),),
    "users": (("name",),),
    "items": (("name",), ("unit_price",)),
    "deals": (("business_name", "contact_ref"), ("stage",)),
}
# A kind is recognised by headers that no other kind has; the first that fits wins.
_SIGNS: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    ("contacts", (("kind",), ("stage",), ("parent_ref",))),
    ("leads", (("lead_ref",),)),
    ("deals", (("stage",), ("business_name", "contact_ref"), ("value", "reference"))),
    ("users", (("name",), ("manager",))),
    ("items", (("name",), ("unit_price",))),
)
_OUTCOMES = {
    "won": ["1", "1.0", "yes", "y", "true", "won", "closed won", "converted", "customer", "paid"],
    "lost": ["0", "0.0", "no", "n", "false", "lost", "closed lost", "not converted", "disqualified",
             "dead"],
    "": ["", "open", "new", "contacted", "working", "in progress", "qualified", "pending"],
}  # fmt: skip
# Columns that people or machines fill in after the fact: they know the outcome, so the score may not.
_LATER = re.compile(
    r"quality|profile|asymmetrique|score|index|grade|rating|last.*activit|notable|status|stage|closed|qualified"
    r"|^lead ?(number|no)$|_id$| id$|^id$|number$",
    re.IGNORECASE,
)
Own = Mapping[str, str]  # the custom fields of the kind's noun: key → label


def guess_kind(headers: Sequence[str]) -> str:
    """Which kind of file these headers belong to."""
    for kind, groups in _SIGNS:
        found = set(guess_mapping(kind, headers).values())
        if all(found & set(group) for group in groups):
            return kind
    people = set(guess_mapping("leads", headers).values())
    if people & {"email", "phone", "external_ref", "outcome", "name", "first_name"}:
        return "leads"
    return "accounts" if "business_name" in guess_mapping("accounts", headers).values() else "leads"


def guess_mapping(
    kind: str, headers: Sequence[str], own: Own | None = None, *, is_admin: bool = True
) -> dict[str, str]:
    """A target for every header; SKIP for what the product does not use. `own` are custom fields: key to label."""
    mapping = dict.fromkeys(headers, SKIP)
    fields = offered(kind, own, is_admin=is_admin)
    # The very names of fields come before looser spellings, so that "Title" leaves "Job title" its own.
    for is_exact in (True, False):
        for header in headers:
            word = squeeze(header)
            for target in fields if mapping[header] == SKIP else ():
                names = {squeeze(target.label)} if is_exact else target.names
                if word in names and target.key not in mapping.values():
                    mapping[header] = target.key
                    break
    for header in headers:
        if mapping[header] == SKIP and (other := _other(kind, header)) not in mapping.values():
            mapping[header] = other
    return mapping


def offered(kind: str, own: Own | None = None, *, is_admin: bool = True) -> list[Target]:
    """The fields that a file of this kind may fill."""
    fields = [target for target in TARGETS[kind] if is_admin or not target.is_ours]
    return fields + [Target(CUSTOM + key, label) for key, label in (own or {}).items()]


def missing(kind: str, mapping: Mapping[str, str]) -> list[str]:
    """What must still be mapped before the file can be imported, in words."""
    labels = {target.key: gettext(target.label) for target in TARGETS[kind]}
    mapped = set(mapping.values())
    return [
        gettext("Choose a column for %(fields)s.") % {"fields": gettext(" or ").join(labels[key] for key in group)}
        for group in REQUIRED[kind]
        if not mapped & set(group)
    ]


def choices(
    kind: str, headers: Sequence[str], own: Own | None = None, *, is_admin: bool = True
) -> list[tuple[str, str]]:
    """The targets that a column may get, with labels, for the mapping page."""
    fields = offered(kind, own, is_admin=is_admin)
    found = {SKIP: gettext("Do not use")} | {target.key: gettext(target.label) for target in fields}
    for header in headers:
        if kind == "leads":
            found.setdefault(FACT + slug(header), f"{gettext('Fact')}: {header}")
        elif kind in {"contacts", "accounts"}:
            found.setdefault(CUSTOM + slug(header), f"{gettext('Own field')}: {header}")
    return list(found.items())


def slug(header: str) -> str:
    """A header as a short key."""
    return re.sub(r"[^a-z0-9]+", "_", header.casefold()).strip("_")[:60] or "column"


def reference_prefix(mapping: Mapping[str, str], key: str) -> str:
    """What keeps the references of one file's column apart from another's; our own exports need none."""
    header = next((header for header, target in mapping.items() if target == key), "")
    return "" if squeeze(header).endswith("reference") else f"{slug(header)}:"


def values_of(mapping: Mapping[str, str], headers: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """One row's cells by target; the placeholders of forms ("Select") become blank."""
    found: dict[str, str] = {}
    for header, cell in zip(headers, cells, strict=False):
        target = mapping.get(header, SKIP)
        if target:
            found[target] = "" if is_blank(cell) else cell
    return found


def facts_of_row(values: Mapping[str, str]) -> dict[str, str | int | float]:
    """What the score may look at in a row: asked and blank is kept, since it tells something too."""
    facts: dict[str, str | int | float] = {}
    for target, value in values.items():
        if target.startswith(FACT):
            facts[target.removeprefix(FACT)] = _plain(value)
        elif target in _TELLING:
            facts[target] = value
    return facts


def outcome_of(value: str) -> str | None:
    """won, lost, "" for still open, None for a word that is none of them."""
    word = value.strip().casefold()
    return next((outcome for outcome, words in _OUTCOMES.items() if word in words), None)


def day_first(samples: Iterable[str]) -> bool:
    """Whether a column of dates like 03/04/2026 puts the day first; India's habit when nothing tells."""
    for text in samples:
        parts = re.match(r"\s*(\d{1,2})[/.\-](\d{1,2})[/.\-]\d{2,4}", text)
        if parts and int(parts[1]) > 12:
            return True
        if parts and int(parts[2]) > 12:
            return False
    return True


_TELLING = frozenset({"source", "industry", "city", "region", "country", "do_not_email", "do_not_call"})


def _other(kind: str, header: str) -> str:
    if kind == "leads":
        return SKIP if _LATER.search(header) else FACT + slug(header)
    if kind in {"contacts", "accounts"}:
        return CUSTOM + slug(header)
    return SKIP


def _plain(value: str) -> str | int | float:
    number = as_number(value) if value else None
    if number is None:
        return value[:200]
    return int(number) if number.is_integer() else number
