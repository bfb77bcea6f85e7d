"""What a file's columns mean: which kind of file it is, and which column fills which field; pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crm.matching import squeeze
from crm.scoring import as_number, is_blank

FACT = "fact:"  # kept on the lead and looked at by the score
CUSTOM = "custom:"  # kept on the contact
SKIP = ""


@dataclass(frozen=True)
class Target:
    """A field that a column may fill, and the words by which files call it."""

    key: str
    label: str
    words: str = ""

    @property
    def names(self) -> frozenset[str]:
        """Every spelling of a header that means this field, without spaces."""
        return frozenset(
            squeeze(word)
            for word in (self.key.partition(":")[2] or self.key, self.label, *self.words.split("|"))
        )


_PERSON = (
    Target("email", "Email", "email address|e-mail|mail|work email|contact email"),
    Target("phone", "Phone", "phone number|mobile|mobile number|telephone|contact number|whatsapp|cell"),
    Target("first_name", "First name", "firstname|given name|forename"),
    Target("last_name", "Last name", "lastname|surname|family name"),
    Target("name", "Full name", "contact name|lead name|contact|person|customer name"),
    Target("business_name", "Company", "company name|organisation|organization|account|account name|business"),
    Target("job_title", "Job title", "title|position|designation|role"),
    Target("industry", "Industry", "sector|vertical"),
    Target("city", "City", "town|location"),
    Target("country", "Country", "country region|nation"),
    Target("external_ref", "Reference", "prospect id|lead id|contact id|external id|record id|uuid|id"),
    Target("owner", "Owner", "lead owner|contact owner|sales agent|assigned to|rep|sales rep"),
    Target("tags", "Tags", "tag|labels"),
    Target("do_not_email", "Do not email", "email opt out|unsubscribed|opted out of email|no email"),
    Target("do_not_call", "Do not call", "do not phone|no calls|dnd"),
)  # fmt: skip
_LEAD = (
    Target("title", "Lead title", "lead title|opportunity|subject"),
    Target("source", "Source", "lead source|utm source|channel"),
    Target("outcome", "Outcome (won or lost)", "converted|outcome|won|result|is converted"),
    Target("estimated_value", "Estimated value", "value|deal value|budget|expected revenue|amount"),
    Target("note", "Note", "notes|message|comment|comments|description|remarks"),
    Target("fact:origin", "Origin", "lead origin"),
    Target("fact:visits", "Visits", "total visits|totalvisits|website visits|sessions"),
    Target("fact:time_on_site", "Seconds on the website", "total time spent on website|time on site"),
    Target("fact:page_views", "Pages per visit", "page views per visit|pages per session"),
    Target("fact:occupation", "Occupation", "what is your current occupation|current occupation|profession"),
    Target("fact:specialization", "Specialization", "specialisation|field of study|course"),
    Target("fact:heard_from", "Heard from", "how did you hear about us"),
)  # fmt: skip
TARGETS: dict[str, tuple[Target, ...]] = {
    "leads": _PERSON + _LEAD,
    "contacts": _PERSON,
    "accounts": (
        Target("business_name", "Company", "company name|account|account name|organisation|organization|name"),
        Target("industry", "Industry", "sector|vertical"),
        Target("city", "City", "town"),
        Target("country", "Country", "office location|location|headquarters"),
        Target("parent", "Parent company", "subsidiary of|parent|parent account"),
        Target("owner", "Owner", "account owner|sales agent"),
    ),
    "users": (
        Target("name", "Name", "sales agent|agent|sales rep|rep|employee|full name"),
        Target("email", "Email", "email address|work email"),
        Target("manager", "Manager", "sales manager|team lead|reports to"),
        Target("region", "Region", "regional office|office|territory"),
    ),
    "items": (
        Target("name", "Name", "product|product name|item|service"),
        Target("sku", "Article number", "sku|code|product code|item code"),
        Target("series", "Series", "product line|family|category"),
        Target("unit_price", "Price", "sales price|unit price|list price|cost"),
        Target("currency", "Currency"),
        Target("description", "Description", "details"),
    ),
    "deals": (
        Target("reference", "Reference", "opportunity id|deal id|id|opportunity"),
        Target("title", "Title", "deal name|opportunity name|name"),
        Target("business_name", "Company", "account|account name|company name|customer"),
        Target("owner", "Owner", "sales agent|deal owner|rep|agent"),
        Target("item", "Product", "product name|item|service"),
        Target("stage", "Stage", "deal stage|status|pipeline stage"),
        Target("opened_on", "Opened on", "engage date|created|created on|open date|start date"),
        Target("closed_on", "Closed on", "close date|closed|end date"),
        Target("value", "Value", "close value|amount|deal value|revenue"),
        Target("currency", "Currency"),
    ),
}  # fmt: skip
KNOWN_FACTS = frozenset(target.key for target in _LEAD if target.key.startswith(FACT))
REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {  # one of each group must be mapped
    "leads": (("email", "phone", "external_ref"),),
    "contacts": (("email", "phone", "external_ref"),),
    "accounts": (("business_name",),),
    "users": (("name",),),
    "items": (("name",), ("unit_price",)),
    "deals": (("business_name",), ("stage",)),
}
# A kind is recognised by headers that no other kind has; the first that fits wins.
_SIGNS: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    ("deals", (("stage",), ("business_name",), ("value", "reference"))),
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


def guess_mapping(kind: str, headers: Sequence[str]) -> dict[str, str]:
    """A target for every header; SKIP for what the product does not use."""
    mapping = dict.fromkeys(headers, SKIP)
    # Exact names of a field come before its looser spellings, so that "Title" beside "Job title" is the lead's.
    for header in headers:
        for target in TARGETS[kind]:
            if squeeze(header) in target.names and target.key not in mapping.values():
                mapping[header] = target.key
                break
    for header in headers:
        if mapping[header] == SKIP:
            mapping[header] = _other(kind, header)
    return mapping


def missing(kind: str, mapping: Mapping[str, str]) -> list[str]:
    """What must still be mapped before the file can be imported, in words."""
    labels = {target.key: target.label for target in TARGETS[kind]}
    mapped = set(mapping.values())
    return [
        f"Choose a column for {' or '.join(labels[key] for key in group)}."
        for group in REQUIRED[kind]
        if not mapped & set(group)
    ]


def choices(kind: str, headers: Sequence[str]) -> list[tuple[str, str]]:
    """The targets that a column may get, with labels, for the mapping page."""
    found = [(SKIP, "Do not use")] + [(target.key, target.label) for target in TARGETS[kind]]
    known = {key for key, _ in found}
    for header in headers:
        if kind == "leads" and f"{FACT}{slug(header)}" not in known:
            found.append((f"{FACT}{slug(header)}", f"Fact: {header}"))
        elif kind in {"contacts", "accounts"} and f"{CUSTOM}{slug(header)}" not in known:
            found.append((f"{CUSTOM}{slug(header)}", f"Own field: {header}"))
    return found


def slug(header: str) -> str:
    """A header as a short key."""
    return re.sub(r"[^a-z0-9]+", "_", header.casefold()).strip("_")[:60] or "column"


def values_of(
    mapping: Mapping[str, str], headers: Sequence[str], cells: Sequence[str]
) -> dict[str, str]:
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
        elif target in {"source", "industry", "city", "country", "do_not_email", "do_not_call"}:
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
