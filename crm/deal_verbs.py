"""What the page of a deal offers: the verbs that the role holds, each with its reason when the state forbids it."""

from collections.abc import Mapping
from typing import Any, Final

from django.urls import reverse

from crm.lead_path import Verb, address
from crm.models import Deal

# key, permission, label, icon, how; those of open deals first
DEAL_VERBS: Final = (
    ("edit", "deal:update", "Edit", "note", "sheet"),
    ("lines", "deal:update", "Edit what is sold", "list", "link"),
    ("approval", "deal:update", "Ask for approval", "shield", "sheet"),
    ("win", "deal:close-won", "Mark won", "trophy", "sheet"),
    ("lose", "deal:close-lost", "Mark lost, with a reason", "x", "sheet"),
    ("snooze", "deal:update", "Let it rest", "clock", "sheet"),
    ("unsnooze", "deal:update", "Take it up again", "clock", "press"),
    ("abandon", "deal:abandon", "Give up", "pause", "sheet"),
    ("reopen", "deal:reopen", "Reopen", "undo", "sheet"),
    ("reassign", "deal:reassign", "Reassign", "users", "sheet"),
    ("delete", "deal:delete", "Delete", "x", "sheet"),
)
CLOSED: Final = {
    "won": "This deal is won. Reopen it first.",
    "lost": "This deal is lost and stays so. Make a new deal instead.",
    "abandoned": "This deal is given up and stays so. Make a new deal instead.",
}


def deal_verbs(deal: Deal, actor: Any, about: Mapping[str, Any]) -> dict[str, Verb]:
    """Return the verbs of the person's role for this deal; those that its state refuses say why."""
    found: dict[str, Verb] = {}
    if actor.can("activity:create"):
        asked = f"?deal={deal.pk}"
        found["log"] = Verb(
            "log", "Log a call", reverse("crm:activity-log") + asked, "call", "sheet"
        )
        url = reverse("crm:activity-new") + asked
        found["next"] = Verb("next", "Plan the next step", url, "cal", "sheet")
    for key, permission, label, icon, how in DEAL_VERBS:
        if not _beside_the_point(key, deal, about) and actor.can(permission, deal):
            url = reverse(f"crm:deal-{key}", args=[deal.pk])
            reason = refusal(key, deal, about)
            found[key] = Verb(key, label, url, icon, how, reason, danger=key == "delete")
    url = address("billing:proposal-new-deal", deal.pk)
    if url and deal.status == "open" and actor.can("proposal:create", deal):
        found["propose"] = Verb("propose", "Draft a proposal", url, "doc", "link")
    return found


def refusal(key: str, deal: Deal, about: Mapping[str, Any]) -> str:
    """Return why the deal's state forbids a verb, and what would help; "" when it is possible."""
    if key == "reopen":
        return " ".join(about["stays"])
    if key == "delete":
        if deal.status == "won":
            return "A won deal cannot be deleted. Reopen it first."
        return "This deal came from a lead. Give it up instead." if deal.lead_id else ""
    if key == "reassign":
        return ""
    if deal.status != "open":
        return CLOSED[deal.status]
    if key == "win":
        return str(about["missing"])
    if key == "approval":
        if about["pending"]:
            return "It is asked for. You are told when it is decided."
        return "" if about["missing"] else "This deal is approved as it stands."
    return ""


def primary(deal: Deal, verbs: Mapping[str, Verb], about: Mapping[str, Any]) -> Verb | None:
    """Return the one main move of this moment: ask for approval, draft a proposal, mark won, reopen."""
    if deal.status != "open":
        reopen = verbs.get("reopen")
        return reopen if reopen and reopen.allowed else None
    if about["missing"] and not about["pending"] and "approval" in verbs:
        return verbs["approval"]
    if deal.proposal_sent_at is None and deal.agreed_on is None and "propose" in verbs:
        return verbs["propose"]
    return verbs.get("win")


def _beside_the_point(key: str, deal: Deal, about: Mapping[str, Any]) -> bool:
    """Whether a verb is about something that this deal does not have."""
    is_open = deal.status == "open"
    return {
        "reopen": is_open,
        "snooze": not is_open or deal.snoozed_until is not None,
        "unsnooze": not is_open or deal.snoozed_until is None,
        "approval": not is_open or not (about["missing"] or about["approvals"]),
    }.get(key, False)
