"""Rows of the shared nouns, written as the database would hold them; states are set directly."""

from itertools import count
from typing import Any

from accounts.actor import Actor
from core import clock
from crm.actions.pipelines import USUAL_STAGES
from crm.matching import e164, fold_company, fold_email
from crm.models import Activity, Contact, Deal, Item, Lead, Pipeline, PublicForm, Stage

SYSTEM = Actor.system("tests")
_number = count(1)


def make_contact(**columns: Any) -> Contact:
    """Write a person with an email address of their own."""
    number = next(_number)
    columns = {"first_name": "Asha", "last_name": f"Rao {number}", "email": f"asha{number}@acme.in"} | columns
    columns.setdefault("email_folded", fold_email(columns["email"]) or None)
    if columns.get("phone"):
        columns.setdefault("phone_e164", e164(columns["phone"], "IN") or None)
    columns.setdefault("company_folded", fold_company(columns.get("company_name", "")))
    contact = Contact(**columns)
    contact.insert()
    return contact


def make_lead(status: str = "new", stage: str = "NEW", **columns: Any) -> Lead:
    """Write a lead in this pair of states; a converted one gets its open deal."""
    contact = columns.pop("contact", None) or make_contact(owner=columns.get("owner"))
    columns = {"title": contact.name, "score": 50, "scored_at": clock.now()} | columns
    columns.setdefault("score_reasons", [{"factor": "start", "label": "Starting score", "points": columns["score"]}])
    if status == "disqualified":
        columns.setdefault("disqualification_reason", "No budget")
    lead = Lead(contact=contact, status=status, stage=stage, **columns)
    lead.insert()
    if status == "converted":
        deal = make_deal(contact=contact, lead=lead, owner=lead.owner)
        Lead.objects.filter(pk=lead.pk).update(converted_deal=deal, converted_at=clock.now())
        lead = Lead.objects.get(pk=lead.pk)
    return lead


def make_pipeline(name: str = "Sales", *, is_default: bool = True) -> Pipeline:
    """Write a pipeline with the usual stages, or return the one of this name."""
    pipeline, is_new = Pipeline.objects.get_or_create(name=name, defaults={"is_default": is_default})
    if is_new:
        for order, row in enumerate(USUAL_STAGES, 1):
            Stage.objects.create(pipeline=pipeline, order=order, **row)
    return pipeline


def make_deal(status: str = "open", **columns: Any) -> Deal:
    """Write a deal in this state, in the first stage of the default pipeline."""
    pipeline = columns.pop("pipeline", None) or make_pipeline()
    stage = columns.pop("stage", None) or pipeline.stages.order_by("order").first()
    now = clock.now()
    defaults: dict[str, Any] = {
        "title": "Website",
        "value_minor": 4_800_000,
        "currency": "INR",
        "expected_close_on": now.date(),
        "probability": stage.probability,
        "stage_since": now,
        "last_touch_at": now,
    }
    if status == "won":
        defaults |= {"won_at": now, "closed_on": now.date()}
    if status == "lost":
        defaults |= {"lost_at": now, "closed_on": now.date(), "lost_reason": "Price"}
    contact = columns.pop("contact", None) or make_contact(owner=columns.get("owner"))
    values = defaults | columns
    deal = Deal(status=status, contact=contact, pipeline=pipeline, stage=stage, **values)
    deal.insert()
    return deal


def make_activity(**columns: Any) -> Activity:
    """Write an open task."""
    return Activity.objects.create(**({"type": "task", "subject": "Call back"} | columns))


def make_item(**columns: Any) -> Item:
    """Write an item of the catalog."""
    number = next(_number)
    name = columns.get("name", f"Website care {number}")
    defaults = {
        "sku": f"CARE-{number}", "name": name, "name_folded": name.casefold(), "unit_price_minor": 1_500_000,
        "currency": "INR",
    }  # fmt: skip
    return Item.objects.create(**(defaults | columns))


def make_public_form(**columns: Any) -> PublicForm:
    """Write a form that asks for name, email, business and a note."""
    defaults = {
        "slug": f"contact-{next(_number)}",
        "title": "Talk to us",
        "fields": ["first_name", "last_name", "email", "phone", "business_name", "note"],
        "consent_text": "You may write to me about this.",
    }
    return PublicForm.objects.create(**(defaults | columns))
