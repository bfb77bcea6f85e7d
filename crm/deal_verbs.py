"""What the page of a deal offers: the verbs that the role holds, each with its reason when the state forbids it."""

from collections.abc import Mapping
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.deal_rules import APPROVED, refusal
from crm.lead_path import Verb, address
from crm.models import Deal

# key, permission, label, icon, how; those of open deals first
DEAL_VERBS: Final = (
    ("edit", "deal:update", _("Edit"), "note", "sheet"),
    ("lines", "deal:update", _("Edit what is sold"), "list", "link"),
    ("approval", "deal:update", _("Ask for approval"), "shield", "sheet"),
    ("win", "deal:close-won", _("Mark won"), "trophy", "sheet"),
    ("lose", "deal:close-lost", _("Mark lost, with a reason"), "x", "sheet"),
    ("snooze", "deal:update", _("Let it rest"), "clock", "sheet"),
    ("unsnooze", "deal:update", _("Take it up again"), "clock", "press"),
    ("abandon", "deal:abandon", _("Give up"), "pause", "sheet"),
    ("reopen", "deal:reopen", _("Reopen"), "undo", "sheet"),
    ("reassign", "deal:reassign", _("Reassign"), "users", "sheet"),
    ("delete", "deal:delete", _("Delete"), "x", "sheet"),
)


def deal_verbs(deal: Deal, actor: Any, about: Mapping[str, Any]) -> dict[str, Verb]:
    """Return the verbs of the person's role for this deal; those that its state refuses say why."""
    found: dict[str, Verb] = {}
    if actor.can("activity:create"):
        asked = f"?deal={deal.pk}"
        found["log"] = Verb("log", gettext("Log a call"), reverse("crm:activity-log") + asked, "call", "sheet")
        url = reverse("crm:activity-new") + asked
        found["next"] = Verb("next", gettext("Plan the next step"), url, "cal", "sheet")
    for key, permission, label, icon, how in DEAL_VERBS:
        if not _beside_the_point(key, deal, about) and actor.can(permission, deal):
            url = reverse(f"crm:deal-{key}", args=[deal.pk])
            reason = refusal(key, deal) or _stands_against(key, about)
            found[key] = Verb(key, label, url, icon, how, reason, danger=key == "delete")
    url = address("billing:proposal-new-deal", deal.pk)
    if url and deal.status == "open" and actor.can("proposal:create", deal):
        found["propose"] = Verb("propose", gettext("Draft a proposal"), url, "doc", "link")
    return found


def _stands_against(key: str, about: Mapping[str, Any]) -> str:
    """Return what beside the deal's own state stands against a verb, and what would help."""
    if key == "reopen":
        return " ".join(about["stays"])
    if key == "win":
        return str(about["missing"])
    if key == "approval":
        if about["pending"]:
            return gettext("It is asked for. You are told when it is decided.")
        return "" if about["missing"] else str(APPROVED)
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
