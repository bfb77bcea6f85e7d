"""Reading leads: one, many, the open one of a contact, and which verb its state allows."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.permissions import Verdict
from crm import lead_rules, scoring
from crm.models import Lead
from crm.queries.filters import narrow, one_about_contact

GONE = _("There is no such lead. It may have been merged or deleted.")
TEMPERATURES = {
    "hot": Q(score__gte=scoring.HOT),
    "warm": Q(score__gte=scoring.WARM, score__lt=scoring.HOT),
    "cold": Q(score__lt=scoring.WARM),
}
WARMTH = (("hot", _("Hot")), ("warm", _("Warm")), ("cold", _("Cold")))


def leads_for(
    actor: Actor, filters: Mapping[str, Any] | None = None, *, permission: str = "lead:read"
) -> QuerySet[Lead]:
    """Return the leads that the actor may see, newest first; `q` searches them."""
    leads = Lead.objects.select_related("contact", "owner", "converted_deal")
    found = narrow(actor.visible(permission, leads), filters)
    return found.order_by("-created_at", "-id")


def lead_for(actor: Actor, pk: int, permission: str = "lead:read") -> Lead:
    """Return one lead that the actor may see; raises NotFound."""
    rows = leads_for(actor, permission=permission)
    row: Lead = one_about_contact(rows, pk, GONE)
    return row


def may(lead: Lead, verb: str) -> Verdict:
    """Return whether the lead's state lets a verb of `crm.lead_rules` pass, else what would."""
    reason = lead_rules.refusal(verb, lead.status, lead.stage)
    return Verdict(not reason, reason)


def open_lead_of(contact_id: int) -> Lead | None:
    """Return the contact's newest lead that sales still works on."""
    return Lead.objects.filter(contact_id=contact_id).open().order_by("-id").first()
