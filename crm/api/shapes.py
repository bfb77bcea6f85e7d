"""How records look in JSON: money as amount and currency, times in UTC, people by id and name."""

from typing import Any

from core.money import Money
from crm.models import (
    Activity,
    Approval,
    Contact,
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
)
from crm.queries.addresses import AddressLine
from crm.queries.deals import allowed_stages


def person(user: Any) -> dict[str, Any] | None:
    """Return a colleague's id and name."""
    return {"id": user.pk, "name": str(user)} if user else None


def contact(row: Contact) -> dict[str, Any]:
    """Return a contact."""
    names = (
        "id kind first_name last_name company_name job_title email phone industry city country source stage score"
        " language timezone do_not_contact do_not_ai custom last_activity_at created_at updated_at version"
    )
    return {
        **_columns(row, names),
        "name": row.name,
        "owner": person(row.owner),
        "tags": sorted(tag.name for tag in row.tags.all()),
    }


def address(line: AddressLine) -> dict[str, Any]:
    """Return an address with what was agreed about it."""
    names = "id channel value label valid_from valid_until is_primary"
    return {**_columns(line.row, names), "consent": [words for words, _tone in line.marks]}


def pair(row: DuplicatePair) -> dict[str, Any]:
    """Return a suspected pair: how sure the radar is, from 0 to 1, and why."""
    return {
        **_columns(row, "id state contact_id other_id found_at"),
        "names": [row.contact.name, row.other.name],
        "score": row.score / 1000,
        "reasons": [{"text": text, "points": points} for text, points in row.reasons],
    }


def custom_field(row: CustomField) -> dict[str, Any]:
    """Return a custom field."""
    return _columns(row, "id noun key label type choices is_required order")


def tag(row: Tag) -> dict[str, Any]:
    """Return a tag."""
    return _columns(row, "id name")


def lead(row: Lead) -> dict[str, Any]:
    """Return a lead with both machines and its score explained."""
    names = (
        "id contact_id title business_name source status stage score score_reasons temperature"
        " disqualification_reason assigned_reason industry city region next_step custom converted_at"
        " created_at updated_at version"
    )
    value = row.estimated_value_minor
    return {
        **_columns(row, names),
        "email": row.contact.email,
        "phone": row.contact.phone,
        "owner": person(row.owner),
        "estimated_value": Money(value, row.currency) if value is not None else None,
        "converted_to_deal_id": row.converted_deal_id,
    }


def deal(row: Deal) -> dict[str, Any]:
    """Return a deal with its stage and the stages that it may move to."""
    names = (
        "id contact_id lead_id title status probability expected_close_on closed_on won_at lost_at lost_reason"
        " agreed_on rots_on snoozed_until snooze_reason price_list_id created_at updated_at version"
    )
    allowed = allowed_stages(row)
    return {
        **_columns(row, names),
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


def approval(row: Approval) -> dict[str, Any]:
    """Return what was asked about a large deal, and the answer."""
    return {
        **_columns(row, "id deal_id state note reason decided_at created_at"),
        "value": Money(row.value_minor, row.currency),
        "requested_by": person(row.requested_by),
        "decided_by": person(row.decided_by),
    }


def item(row: Item) -> dict[str, Any]:
    """Return something that is sold."""
    names = "id sku name description series is_active created_at updated_at version"
    return {**_columns(row, names), "unit_price": row.price}


def price_list(row: PriceList) -> dict[str, Any]:
    """Return a price list; its prices are a list of their own."""
    return _columns(row, "id name currency is_active created_at updated_at version")


def price(row: PriceListEntry) -> dict[str, Any]:
    """Return what an item costs on a list."""
    money = Money(row.unit_price_minor, row.price_list.currency)
    return {**_columns(row, "id price_list_id item_id"), "sku": row.item.sku, "unit_price": money}


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


def activity(row: Activity) -> dict[str, Any]:
    """Return an activity."""
    names = "id type contact_id lead_id deal_id subject body outcome due_at completed_at created_at updated_at version"
    return {**_columns(row, names), "actor": person(row.actor)}


def stage(row: Stage) -> dict[str, Any]:
    """Return a stage."""
    return _columns(row, "id name order probability rot_days is_proposal_sent needs step")


def pipeline(row: Pipeline) -> dict[str, Any]:
    """Return a pipeline with its stages in their order."""
    stages = sorted(row.stages.all(), key=lambda entry: (entry.order, entry.pk))
    return {
        **_columns(row, "id name is_default is_active order version"),
        "stages": [stage(entry) for entry in stages],
    }


def playbook(row: Playbook) -> dict[str, Any]:
    """Return a playbook with its steps and their tasks."""
    return _columns(row, "id key name starts_on wins_deal is_active steps version")


def holiday(row: Holiday) -> dict[str, Any]:
    """Return a day on which nobody works."""
    return _columns(row, "id on name")


def _columns(row: Any, names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names.split()}
