"""How records look in JSON: money as amount and currency, times in UTC, people by id and name."""

from typing import Any

from core.money import Money
from crm.models import Activity, Contact, Deal, DealLine, Lead, Pipeline, Stage


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


def lead(row: Lead) -> dict[str, Any]:
    """Return a lead with both machines and its score explained."""
    names = (
        "id contact_id title business_name source status stage score score_reasons temperature"
        " disqualification_reason assigned_reason industry city region next_step converted_at"
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
        " created_at updated_at version"
    )
    stages = sorted(row.pipeline.stages.all(), key=lambda entry: (entry.order, entry.pk))
    allowed = [entry for entry in stages if row.status == "open" and entry.pk != row.stage_id]
    return {
        **_columns(row, names),
        "pipeline": {"id": row.pipeline_id, "name": row.pipeline.name},
        "stage": {"id": row.stage_id, "name": row.stage.name},
        "allowed_stages": [{"id": entry.pk, "name": entry.name} for entry in allowed],
        "owner": person(row.owner),
        "value": row.value,
        "lines": [deal_line(line, row.currency) for line in row.lines.all()],
    }


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
    return _columns(row, "id name order probability rot_days is_proposal_sent")


def pipeline(row: Pipeline) -> dict[str, Any]:
    """Return a pipeline with its stages in their order."""
    stages = sorted(row.stages.all(), key=lambda entry: (entry.order, entry.pk))
    return {
        **_columns(row, "id name is_default version"),
        "stages": [stage(entry) for entry in stages],
    }


def _columns(row: Any, names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names.split()}
