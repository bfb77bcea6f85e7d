"""REST for leads: the CRM's own surface, and the short `/leads` of the intake."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from core.actions import clean
from core.api import body_of, problem, rest
from core.errors import Refused
from core.openapi import schema_of
from core.verbs import browse, offer
from crm.actions.leads import create_lead
from crm.api import shapes
from crm.forms.leads import IntakeLeadForm
from crm.lists import LEADS
from crm.queries.leads import lead_for, leads_for

router = Router(tags=["Leads"])
intake = Router(tags=["Intake"])
LISTED: dict[str, Any] = LEADS.rest()

browse(router, "/leads", "lead:read", shapes.lead, leads_for, find=lead_for, **LISTED)
offer(router, "POST /leads", "lead.create", shapes.lead, defaults={"source": "api"})
for route, action in (
    ("PATCH /leads/{int:pk}", "lead.update"),
    ("DELETE /leads/{int:pk}", "lead.delete"),
    ("POST /leads/{int:pk}/qualify", "lead.qualify"),
    ("POST /leads/{int:pk}/disqualify", "lead.disqualify"),
    ("POST /leads/{int:pk}/reopen", "lead.reopen"),
    ("POST /leads/{int:pk}/convert", "lead.convert"),
    ("POST /leads/{int:pk}/rescore", "lead.rescore"),
    ("POST /leads/{int:pk}/reassign", "lead.reassign"),
):
    offer(router, route, action, shapes.lead, lead_for)


browse(intake, "/leads", "lead:read", shapes.lead, leads_for, **LISTED)


@rest(intake, "POST", "/leads", permission="lead:create", form=IntakeLeadForm, answers={201: schema_of(shapes.lead)})
def take_in(request: HttpRequest) -> Any:
    """Take in a lead: 201; 400 "Lead already exists" for one that is known; 422 for a wrong body."""
    values = clean(IntakeLeadForm, body_of(request))
    try:
        row = create_lead(actor=request.actor, source="api", **values)
    except Refused as refusal:
        if refusal.code != "duplicate":
            raise
        return problem(400, "duplicate", "Lead already exists")
    return 201, shapes.lead(row)
