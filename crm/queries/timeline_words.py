"""What a happening is called on a timeline; nouns of upper apps are read from their event's name."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.money import Money, format_money


@dataclass(frozen=True, slots=True)
class Said:
    """The words and the look of one entry."""

    title: str | Promise
    text: str = ""
    icon: str = "clock"
    tone: str = ""
    url_name: str = ""


_FIELD_NAMES: Final = {
    "estimated_value_minor": _("estimated value"),
    "value_minor": _("value"),
    "expected_close_on": _("expected close"),
    "agreed_on": _("verbal agreement"),
    "price_list": _("price list"),
    "snoozed_until": _("rests until"),
    "snooze_reason": _("because"),
    "first_name": _("first name"),
    "last_name": _("last name"),
    "company_name": _("company"),
    "business_name": _("business name"),
    "job_title": _("job title"),
    "next_step": _("next step"),
    "lines": _("lines"),
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
    "ticket": "ticket",
}
# Titles that are made of the names of events.
_MADE: Final = (
    _("Message bounced"), _("Message classified"), _("Message failed"), _("Message queued"),
    _("Message received"), _("Message sent"), _("Message settled"), _("Message unknown"),
    _("Suggestion decided"), _("Suggestion ready"), _("Suggestion requested"),
    _("Proposal accepted"), _("Proposal approval asked"), _("Proposal approved"),
    _("Proposal changed"), _("Proposal closed"), _("Proposal declined"), _("Proposal drafted"),
    _("Proposal question asked"), _("Proposal released"), _("Proposal sent"), _("Proposal viewed"),
    _("Payment needs review"), _("Payment received"), _("Payment refund planned"),
    _("Payment refunded"), _("Invoice issued"), _("Invoice paid"), _("Invoice voided"),
    _("Contact deleted"), _("Ticket updated"), _("Ticket assigned"), _("Ticket noted"),
    _("Ticket received"), _("Ticket answered"), _("Ticket escalated"),
)  # fmt: skip
_PLAIN: Final[dict[str, Said]] = {
    "contact.created": Said(_("Contact created"), icon="people"),
    "contact.assigned": Said(_("Contact reassigned"), icon="users"),
    "contact.became_customer": Said(_("Became a customer"), icon="trophy", tone="good"),
    "consent.given": Said(_("Agreed to be written to"), icon="check", tone="good"),
    "consent.withdrawn": Said(_("Asked to stop"), icon="pause"),
    "lead.created": Said(_("Lead came in"), icon="lead", url_name="crm:lead-detail"),
    "lead.joined": Said(_("Came in again"), icon="lead", url_name="crm:lead-detail"),
    "lead.contacted": Said(_("Contacted"), icon="send"),
    "lead.qualified": Said(_("Qualified"), icon="check", tone="good"),
    "lead.converted": Said(_("Converted to a deal"), icon="deal", tone="good"),
    "lead.proposal_sent": Said(_("Proposal sent"), icon="doc"),
    "lead.paid": Said(_("Paid"), icon="card", tone="good"),
    "lead.reopened": Said(_("Reopened"), icon="undo"),
    "lead.deleted": Said(_("Lead deleted"), icon="x"),
    "deal.created": Said(_("Deal opened"), icon="deal", url_name="crm:deal-detail"),
    "deal.assigned": Said(_("Deal reassigned"), icon="users"),
    "deal.abandoned": Said(_("Deal given up"), icon="x"),
    "deal.reopened": Said(_("Deal reopened"), icon="undo", url_name="crm:deal-detail"),
    "deal.deleted": Said(_("Deal deleted"), icon="x"),
    "ticket.created": Said(_("Ticket opened"), icon="ticket", url_name="crm:ticket-detail"),
    "approval.requested": Said(_("Approval asked for"), icon="shield"),
    "approval.voided": Said(_("Approval void: the deal changed"), icon="shield"),
}


def words(name: str, data: dict[str, Any]) -> Said | None:
    """Return the words for an event, None for one that says nothing to people."""
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _SAYERS:
        return _SAYERS[name](data)
    noun, _dot, verb = name.partition(".")
    title = f"{noun.capitalize()} {verb.replace('_', ' ').replace('-', ' ')}"
    return Said(gettext(title), icon=_ICONS.get(noun, "clock"))


def _changes(title: str, data: dict[str, Any]) -> Said | None:
    names = [str(_FIELD_NAMES.get(name) or gettext(name.replace("_", " "))) for name in data.get("changes", {})]
    return Said(title, ", ".join(names).capitalize(), icon="note") if names else None


def _scored(data: dict[str, Any]) -> Said:
    score, previous = data["score"], data["previous"]
    title = gettext("Score %(before)s → %(now)s") % {"before": previous, "now": score}
    return Said(title, icon="tup" if score > previous else "tdn")


def _moved(data: dict[str, Any]) -> Said:
    title = gettext("Moved to %(stage)s") % {"stage": data["stage"]}
    return Said(title, gettext("From %(stage)s") % {"stage": data["previous_stage"]}, icon="right")


def _won(data: dict[str, Any]) -> Said:
    value = format_money(Money(data["value_minor"], data["currency"]))
    return Said(gettext("Deal won"), value, icon="trophy", tone="good", url_name="crm:deal-detail")


def _decided(data: dict[str, Any]) -> Said:
    yes = data["state"] == "approved"
    return Said(
        gettext("Deal approved") if yes else gettext("Deal rejected"), icon="shield", tone="good" if yes else ""
    )


def _document(title: str, data: dict[str, Any]) -> Said:
    return Said(title, data["name"], icon="doc", url_name="crm:document-detail")


_TICKET: Final = {
    "open": _("Ticket open again"), "pending": _("Ticket waits for the customer"),
    "resolved": _("Ticket resolved"), "closed": _("Ticket closed"),
}  # fmt: skip
_SAYERS: Final = {
    **{
        f"document.{verb}": partial(_document, title)
        for verb, title in (
            ("uploaded", _("Document added")),
            ("linked", _("Document added")),
            ("versioned", _("Document has a new version")),
            ("unlinked", _("Document taken off")),
            ("deleted", _("Document deleted")),
            ("damaged", _("Document is damaged")),
            ("updated", _("Document changed")),
        )
    },
    "ticket.moved": lambda data: Said(_TICKET[data["status"]], icon="ticket", url_name="crm:ticket-detail"),
    "contact.updated": lambda data: _changes(gettext("Contact changed"), data),
    "contact.merged": lambda data: Said(
        gettext("%(contact)s became part of this") % {"contact": data["merged_name"]}, icon="people"
    ),
    "lead.updated": lambda data: _changes(gettext("Lead changed"), data),
    "deal.updated": lambda data: _changes(gettext("Deal changed"), data),
    "lead.scored": _scored,
    "lead.assigned": lambda data: Said(gettext("Assigned"), data.get("reason", ""), icon="users"),
    "lead.interested": lambda data: Said(gettext("Showed interest"), icon="smile", tone="good"),
    "lead.disqualified": lambda data: Said(gettext("Disqualified"), data.get("reason", ""), icon="x"),
    "deal.moved": _moved,
    "deal.won": _won,
    "deal.lost": lambda data: Said(gettext("Deal lost"), data.get("reason", ""), icon="x"),
    "process.changed": lambda data: Said(
        data["playbook"],
        {"running": data["step"], "done": gettext("All steps done")}.get(data["state"], gettext("Stopped")),
        icon="list",
    ),
    "deal.rotting": lambda data: Said(
        ngettext("Silent for %(days)s day", "Silent for %(days)s days", data["days_silent"])
        % {"days": data["days_silent"]},
        icon="alert",
    ),
    "approval.decided": _decided,
}
