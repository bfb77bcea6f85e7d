"""What a happening is called on a timeline; nouns of upper apps are read from their event's name."""

from dataclasses import dataclass
from typing import Any, Final

from core.money import Money, format_money


@dataclass(frozen=True, slots=True)
class Said:
    """The words and the look of one entry."""

    title: str
    text: str = ""
    icon: str = "clock"
    tone: str = ""
    url_name: str = ""


_FIELD_NAMES: Final = {
    "estimated_value_minor": "estimated value",
    "value_minor": "value",
    "expected_close_on": "expected close",
    "agreed_on": "verbal agreement",
    "price_list": "price list",
    "snoozed_until": "rests until",
    "snooze_reason": "because",
    "first_name": "first name",
    "last_name": "last name",
    "company_name": "company",
    "business_name": "business name",
    "job_title": "job title",
    "next_step": "next step",
}
_ICONS: Final = {
    "message": "mail",
    "reply": "inbox",
    "suggestion": "spark",
    "proposal": "doc",
    "payment": "card",
    "refund": "undo",
    "invoice": "doc",
    "conversation": "inbox",
}
_PLAIN: Final[dict[str, Said]] = {
    "contact.created": Said("Contact created", icon="people"),
    "contact.assigned": Said("Contact reassigned", icon="users"),
    "contact.became_customer": Said("Became a customer", icon="trophy", tone="good"),
    "consent.given": Said("Agreed to be written to", icon="check", tone="good"),
    "consent.withdrawn": Said("Asked to stop", icon="pause"),
    "lead.created": Said("Lead came in", icon="lead", url_name="crm:lead-detail"),
    "lead.joined": Said("Came in again", icon="lead", url_name="crm:lead-detail"),
    "lead.contacted": Said("Contacted", icon="send"),
    "lead.qualified": Said("Qualified", icon="check", tone="good"),
    "lead.converted": Said("Converted to a deal", icon="deal", tone="good"),
    "lead.proposal_sent": Said("Proposal sent", icon="doc"),
    "lead.paid": Said("Paid", icon="card", tone="good"),
    "lead.reopened": Said("Reopened", icon="undo"),
    "lead.deleted": Said("Lead deleted", icon="x"),
    "deal.created": Said("Deal opened", icon="deal", url_name="crm:deal-detail"),
    "deal.assigned": Said("Deal reassigned", icon="users"),
    "deal.abandoned": Said("Deal given up", icon="x"),
    "deal.reopened": Said("Deal reopened", icon="undo", url_name="crm:deal-detail"),
    "deal.deleted": Said("Deal deleted", icon="x"),
    "approval.requested": Said("Approval asked for", icon="shield"),
    "approval.voided": Said("Approval void: the deal changed", icon="shield"),
}


def words(name: str, data: dict[str, Any]) -> Said | None:
    """Return the words for an event, None for one that says nothing to people."""
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _SAYERS:
        return _SAYERS[name](data)
    noun, _, verb = name.partition(".")
    title = f"{noun.capitalize()} {verb.replace('_', ' ').replace('-', ' ')}"
    return Said(title, icon=_ICONS.get(noun, "clock"))


def _changes(noun: str, data: dict[str, Any]) -> Said | None:
    names = [_FIELD_NAMES.get(name, name.replace("_", " ")) for name in data.get("changes", {})]
    return Said(f"{noun} changed", ", ".join(names).capitalize(), icon="note") if names else None


def _scored(data: dict[str, Any]) -> Said:
    score, previous = data["score"], data["previous"]
    return Said(f"Score {previous} → {score}", icon="tup" if score > previous else "tdn")


def _moved(data: dict[str, Any]) -> Said:
    return Said(f"Moved to {data['stage']}", f"From {data['previous_stage']}", icon="right")


def _won(data: dict[str, Any]) -> Said:
    value = format_money(Money(data["value_minor"], data["currency"]))
    return Said("Deal won", value, icon="trophy", tone="good", url_name="crm:deal-detail")


def _decided(data: dict[str, Any]) -> Said:
    yes = data["state"] == "approved"
    return Said(f"Deal {data['state']}", icon="shield", tone="good" if yes else "")


_SAYERS: Final = {
    "contact.updated": lambda data: _changes("Contact", data),
    "contact.merged": lambda data: Said(f"{data['merged_name']} became part of this", icon="people"),
    "lead.updated": lambda data: _changes("Lead", data),
    "deal.updated": lambda data: _changes("Deal", data),
    "lead.scored": _scored,
    "lead.assigned": lambda data: Said("Assigned", data.get("reason", ""), icon="users"),
    "lead.interested": lambda data: Said("Showed interest", icon="smile", tone="good"),
    "lead.disqualified": lambda data: Said("Disqualified", data.get("reason", ""), icon="x"),
    "deal.moved": _moved,
    "deal.won": _won,
    "deal.lost": lambda data: Said("Deal lost", data.get("reason", ""), icon="x"),
    "process.changed": lambda data: Said(
        data["playbook"],
        {"running": data["step"], "done": "All steps done"}.get(data["state"], "Stopped"),
        icon="list",
    ),
    "deal.rotting": lambda data: Said(f"Silent for {data['days_silent']} days", icon="alert"),
    "approval.decided": _decided,
}
