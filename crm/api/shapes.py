"""How records look in JSON: money as amount and currency, times in UTC, people by id and name."""

from typing import Any

from core.money import Money
from core.openapi import MONEY, PERSON, TEXT, TEXTS, schema_of, shows
from crm.models import (
    Activity,
    Approval,
    BookingPage,
    Contact,
    ContactAddress,
    CustomField,
    Deal,
    DealLine,
    DuplicatePair,
    Holiday,
    Item,
    Lead,
    Pipeline,
    Playbook,
    PriceList,
    PriceListEntry,
    Process,
    Stage,
    Tag,
    Ticket,
)
from crm.queries.addresses import AddressLine
from crm.queries.deals import allowed_stages


def _only(row: Any) -> dict[str, Any]:
    return {}


_address = shows(ContactAddress, "id channel value label valid_from valid_until is_primary")(_only)


def person(user: Any) -> dict[str, Any] | None:
    """Return a colleague's id and name."""
    return {"id": user.pk, "name": str(user)} if user else None


@shows(
    Contact,
    "id kind first_name last_name company_name job_title email phone industry city country source stage score"
    " language timezone do_not_contact do_not_ai custom last_activity_at created_at updated_at version",
    name=TEXT, owner=PERSON, tags=TEXTS,
)  # fmt: skip
def contact(row: Contact) -> dict[str, Any]:
    """Return a contact."""
    return {"name": row.name, "owner": person(row.owner), "tags": sorted(tag.name for tag in row.tags.all())}


def address(line: AddressLine) -> dict[str, Any]:
    """Return an address with what was agreed about it."""
    return _address(line.row) | {"consent": [words for words, _tone in line.marks]}


@shows(DuplicatePair, "id state contact_id other_id found_at", names=TEXTS, score={"type": "number"})
def pair(row: DuplicatePair) -> dict[str, Any]:
    """Return a suspected pair: how sure the radar is, from 0 to 1, and why."""
    return {
        "names": [row.contact.name, row.other.name],
        "score": row.score / 1000,
        "reasons": [{"text": text, "points": points} for text, points in row.reasons],
    }


custom_field = shows(CustomField, "id noun key label type choices is_required order")(_only)


tag = shows(Tag, "id name")(_only)


@shows(
    Lead,
    "id contact_id title business_name source status stage score score_reasons temperature"
    " disqualification_reason assigned_reason industry city region next_step custom converted_at"
    " created_at updated_at version",
    email=TEXT, phone=TEXT, owner=PERSON, estimated_value=MONEY,
)  # fmt: skip
def lead(row: Lead) -> dict[str, Any]:
    """Return a lead with both machines and its score explained."""
    value = row.estimated_value_minor
    return {
        "email": row.contact.email,
        "phone": row.contact.phone,
        "owner": person(row.owner),
        "estimated_value": Money(value, row.currency) if value is not None else None,
        "converted_to_deal_id": row.converted_deal_id,
    }


@shows(
    Deal,
    "id contact_id lead_id title status probability expected_close_on closed_on won_at lost_at lost_reason"
    " agreed_on rots_on snoozed_until snooze_reason price_list_id created_at updated_at version",
    owner=PERSON, value=MONEY,
)  # fmt: skip
def deal(row: Deal) -> dict[str, Any]:
    """Return a deal with its stage and the stages that it may move to."""
    allowed = allowed_stages(row)
    return {
        "pipeline": {"id": row.pipeline_id, "name": row.pipeline.name},
        "stage": {"id": row.stage_id, "name": row.stage.name},
        "allowed_stages": [{"id": entry.pk, "name": entry.name} for entry in allowed],
        "owner": person(row.owner),
        "value": row.value,
        "lines": [deal_line(line, row.currency) for line in row.lines.all()],
        "processes": [process(entry) for entry in row.processes.all()],
    }


def process(row: Process) -> dict[str, Any]:
    """Return how far a deal is in a playbook."""
    number = {"step_number": row.at + 1, "steps": len(row.steps)}
    named = {"playbook": row.playbook.key, "state": row.state, "step": row.step["name"]}
    return {"id": row.pk, **named, **number}


@shows(
    Approval, "id deal_id state note reason decided_at created_at",
    value=MONEY, requested_by=PERSON, decided_by=PERSON,
)  # fmt: skip
def approval(row: Approval) -> dict[str, Any]:
    """Return what was asked about a large deal, and the answer."""
    return {
        "value": Money(row.value_minor, row.currency),
        "requested_by": person(row.requested_by),
        "decided_by": person(row.decided_by),
    }


@shows(Item, "id sku name description series is_active created_at updated_at version", unit_price=MONEY)
def item(row: Item) -> dict[str, Any]:
    """Return something that is sold."""
    return {"unit_price": row.price}


price_list = shows(PriceList, "id name currency is_active created_at updated_at version")(_only)


@shows(PriceListEntry, "id price_list_id item_id", sku=TEXT, unit_price=MONEY)
def price(row: PriceListEntry) -> dict[str, Any]:
    """Return what an item costs on a list."""
    money = Money(row.unit_price_minor, row.price_list.currency)
    return {"sku": row.item.sku, "unit_price": money}


def deal_line(row: DealLine, currency: str) -> dict[str, Any]:
    """Return one line of a deal."""
    return {
        "id": row.pk,
        "item_id": row.item_id,
        "description": row.description,
        "quantity": row.quantity,
        "unit_price": Money(row.unit_price_minor, currency),
        "total": Money(row.total_minor, currency),
    }


@shows(
    Activity,
    "id type contact_id lead_id deal_id subject body outcome due_at due_on ends_at place"
    " guests invites completed_at created_at updated_at version",
    actor=PERSON,
)
def activity(row: Activity) -> dict[str, Any]:
    """Return an activity."""
    return {"actor": person(row.actor)}


@shows(
    BookingPage,
    "id slug title intro place consent_text lengths buffer_minutes notice_hours horizon_days is_active"
    " created_at updated_at version",
    user=PERSON, url=TEXT,
)  # fmt: skip
def booking_page(row: BookingPage) -> dict[str, Any]:
    """Return a booking page with its public address."""
    return {"user": person(row.user), "url": row.get_absolute_url()}


stage = shows(Stage, "id name order probability rot_days is_proposal_sent needs step")(_only)


@shows(Pipeline, "id name is_default is_active order version", stages={"type": "array", "items": schema_of(stage)})
def pipeline(row: Pipeline) -> dict[str, Any]:
    """Return a pipeline with its stages in their order."""
    stages = sorted(row.stages.all(), key=lambda entry: (entry.order, entry.pk))
    return {"stages": [stage(entry) for entry in stages]}


playbook = shows(Playbook, "id key name starts_on wins_deal is_active steps version")(_only)


holiday = shows(Holiday, "id on name")(_only)


@shows(
    Ticket,
    "id contact_id subject body requester priority status due_at response_due_at resolution_due_at"
    " first_answered_at resolved_at closed_at created_at updated_at version",
    number=TEXT, assignee=PERSON, is_late={"type": "boolean"},
)  # fmt: skip
def ticket(row: Ticket) -> dict[str, Any]:
    """Return a ticket with its clock."""
    return {"number": row.number, "assignee": person(row.assignee), "is_late": row.is_late}
