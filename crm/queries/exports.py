"""Whole exports: every business column of contacts, leads and deals, under the headers that an import reads by itself.

What the columns of an import mean stands in `crm.columns`; each getter here is the way back.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import override

from accounts.models import Workspace
from core.money import Money
from crm import columns
from crm.matching import squeeze
from crm.models import Contact, CustomField, Deal, Lead
from crm.queries.custom_fields import fields_of

BATCH = 2_000
# Headers that differ from the label of the import's column.
HEADERS = {"leads": {"external_ref": "Contact reference"}, "deals": {"reference": "Deal reference"}}
Getter = Callable[[Any], Any]


def full_export(noun: str, rows: QuerySet[Any]) -> tuple[list[str], Iterator[list[Any]]]:
    """Return headers and rows that import to the same state again; `noun` is contacts, leads or deals.

    Into an empty base contacts come first, then deals, then leads. Reads a batch at a time.
    """
    code = Workspace.current().code
    getters = {"contacts": _contact, "leads": _lead, "deals": _deal}[noun](code)
    labels = {target.key: target.label for target in columns.TARGETS[noun]} | HEADERS.get(noun, {})
    taken = {name for target in columns.TARGETS[noun] for name in target.names}
    own = [one for one in fields_of(columns.NOUNS[noun]) if squeeze(one.label) not in taken]
    headers = [labels[key] for key in getters] + [one.label for one in own] + [labels["custom"]]
    return headers, _rows(rows, list(getters.values()), own)


def _rows(rows: QuerySet[Any], getters: list[Getter], own: list[CustomField]) -> Iterator[list[Any]]:  # fmt: skip
    related = {
        Contact: (("owner", "company"), ("tags", "addresses", "consents")),
        Lead: (("owner", "team", "contact", "converted_deal"), ()),
        Deal: (("owner", "team", "contact", "pipeline", "stage", "price_list"), ("lines__item",)),
    }
    joined, fetched = related[rows.model]
    order = ("kind", "pk") if rows.model is Contact else ("pk",)
    found = rows.select_related(*joined).prefetch_related(*fetched).order_by(*order)
    if hasattr(rows.model, "search_words"):
        found = found.defer("search_words")
    for row in found.iterator(chunk_size=BATCH):
        held = dict(row.custom)
        told = [held.pop(one.key) if _is_told(one, held.get(one.key)) else "" for one in own]
        rest = {key: value for key, value in held.items() if value is not None}
        with override("en"):  # as an import reads it again
            line = [get(row) for get in getters]
        yield line + told + [_json(rest)]


def _is_told(one: CustomField, value: Any) -> bool:
    """Whether a value is as its definition wants it, so that its text is read back the same."""
    kinds: Mapping[str, Any] = {"number": (int, float), "yes-no": bool}
    if value is None or not isinstance(value, kinds.get(one.type, str)):
        return False
    return isinstance(value, bool) == (one.type == "yes-no") and (one.type != "choice" or value in one.choices)


def _contact(code: str) -> dict[str, Getter]:
    return {
        "external_ref": lambda row: reference(row, code),
        "kind": lambda row: row.get_kind_display(),
        **_same("first_name", "last_name"),
        "business_name": lambda row: row.company_name,
        "parent_ref": lambda row: reference(row.company, code),
        **_same("job_title", "industry", "city", "country", "email", "phone"),
        "addresses": lambda row: _json([_address(one) for one in row.addresses.all() if not one.is_primary]),
        "owner": lambda row: _email(row.owner),
        "tags": _tags,
        **_same("source"),
        "stage": lambda row: row.get_stage_display(),
        **_same("language", "timezone", "do_not_contact", "do_not_ai"),
        "do_not_email": lambda row: _is_refused(row, "email"),
        "do_not_call": lambda row: _is_refused(row, "phone"),
        **_same("created_at"),
    }  # fmt: skip


def _lead(code: str) -> dict[str, Getter]:
    return {
        "lead_ref": lambda row: reference(row, code),
        "external_ref": lambda row: reference(row.contact, code),
        **{name: _of_contact(name) for name in ("email", "phone", "first_name", "last_name")},
        **_same("title", "business_name", "source", "industry", "city", "region"),
        "estimated_value": lambda row: _amount(row.estimated_value_minor, row.currency),
        **_same("currency", "status", "stage", "disqualification_reason"),
        "deal_ref": lambda row: reference(row.converted_deal, code),
        "owner": lambda row: _email(row.owner),
        "team": lambda row: row.team,
        **_same("assigned_reason", "next_step", "converted_at"),
        "facts": lambda row: _json(row.facts),
        **_same("created_at"),
    }


def _deal(code: str) -> dict[str, Getter]:
    return {
        "reference": lambda row: reference(row, code),
        **_same("title"),
        "contact_ref": lambda row: reference(row.contact, code),
        "business_name": lambda row: row.contact.name,
        "pipeline": lambda row: row.pipeline.name,
        "stage": lambda row: row.stage.name,
        **_same("status"),
        "value": lambda row: _amount(row.value_minor, row.currency),
        **_same("currency"),
        "probability": lambda row: row.probability if row.probability_is_manual else "",
        "price_list": lambda row: row.price_list.name if row.price_list else "",
        "lines": lambda row: _json([_line(line, row.currency) for line in row.lines.all()]),
        "owner": lambda row: _email(row.owner),
        "team": lambda row: row.team,
        **_same("expected_close_on", "closed_on", "won_at", "lost_at", "lost_reason", "agreed_on"),
        **_same("snoozed_on", "snoozed_until", "snooze_reason", "stage_since", "last_touch_at"),
        **_same("proposal_sent_at", "reopened_at", "created_at"),
    }


def reference(row: Any, code: str) -> str:
    """Return what a file knows a record by: its own reference, else one that this install alone gives."""
    if row is None:
        return ""
    return str(row.external_ref or f"{code}-{row._meta.model_name[0].upper()}{row.pk}")


def _same(*names: str) -> dict[str, Getter]:
    return {name: lambda row, name=name: getattr(row, name) for name in names}  # type: ignore[misc]


def _of_contact(name: str) -> Getter:
    return lambda row: getattr(row.contact, name)


def _email(user: Any) -> str:
    return user.email if user else ""


def _amount(minor: int | None, currency: str) -> Any:
    return "" if minor is None else Money(minor, currency).decimal


def _tags(row: Contact) -> str:
    text = ", ".join(sorted(tag.name for tag in row.tags.all()))
    return f"{text}," if text and "," not in text and (";" in text or "|" in text) else text


def _is_refused(row: Contact, channel: str) -> str:
    said = [one.state for one in sorted(row.consents.all(), key=lambda c: c.pk) if one.channel == channel]  # fmt: skip
    return "Yes" if said and said[-1] == "withdrawn" else ""


def _address(row: Any) -> dict[str, Any]:
    told = {"channel": row.channel, "value": row.value, "label": row.label}
    days = {"valid_from": row.valid_from, "valid_until": row.valid_until}
    return {k: v for k, v in told.items() if v} | {k: v.isoformat() for k, v in days.items() if v}


def _line(row: Any, currency: str) -> dict[str, str]:
    return {
        "sku": row.item.sku if row.item else "",
        "words": row.description,
        "quantity": str(row.quantity),
        "price": str(Money(row.unit_price_minor, currency).decimal),
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""
