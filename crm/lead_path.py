"""What the lead page offers: the five steps, and the verbs, each with its reason when it is not possible."""

from dataclasses import dataclass
from typing import Any, Final

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.lead_rules import QUALIFYING_SCORE, refusal
from crm.models import Lead

STEPS: Final = ("NEW", "CONTACTED", "INTERESTED", "PROPOSAL_SENT", "PAID")
MOVES: Final = {"CONTACTED": "log", "INTERESTED": "qualify", "PROPOSAL_SENT": "propose"}
LATER: Final = {
    "CONTACTED": _("Opens when the first message goes out, or a call is logged."),
    "INTERESTED": _("Opens when the lead answers with interest."),
    "PROPOSAL_SENT": _("Opens when a proposal goes out."),
    "PAID": _("Opens when the payment arrives."),
}
SHORT: Final = {
    "approval": _("Approval"), "convert": _("Convert"), "propose": _("Proposal"),
    "qualify": _("Interested"), "win": _("Won"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing to do with a record: by a form (sheet), on a page of its own (link), or at once."""

    key: str
    label: str
    url: str
    icon: str = "right"
    how: str = "press"
    reason: str = ""
    danger: bool = False

    @property
    def short(self) -> str:
        """The label for a narrow button."""
        return SHORT.get(self.key, self.label)

    @property
    def allowed(self) -> bool:
        """Whether it can be done now."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Step:
    """One place on the path: done, now, next (a verb leads there) or later (and why)."""

    label: str
    state: str
    verb: Verb | None = None
    reason: str = ""


# key, permission, label, icon, how, rule that may refuse it
LEAD_VERBS: Final = (
    ("edit", "lead:update", _("Edit details"), "note", "sheet", ""),
    ("qualify", "lead:qualify", _("Mark interested"), "check", "press", "interest"),
    ("convert", "lead:convert", _("Convert to a deal"), "deal", "sheet", "convert"),
    ("reassign", "lead:reassign", _("Reassign"), "users", "sheet", ""),
    ("rescore", "lead:update", _("Score again"), "bolt", "press", ""),
    ("reopen", "lead:reopen", _("Reopen"), "undo", "press", "reopen"),
    ("disqualify", "lead:disqualify", _("Disqualify, with a reason"), "x", "sheet", "disqualify"),
    ("delete", "lead:delete", _("Delete"), "x", "sheet", "delete"),
)


def address(name: str, *args: Any) -> str:
    """The address of a page, "" while nobody serves it."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def lead_verbs(lead: Lead, actor: Any) -> dict[str, Verb]:
    """The verbs that the person's role holds for this lead; those that its state refuses say why."""
    found: dict[str, Verb] = {}
    if actor.can("activity:create"):
        url = f"{reverse('crm:activity-log')}?lead={lead.pk}"
        found["log"] = Verb("log", gettext("Log a call"), url, "call", "sheet")
    for key, permission, label, icon, how, rule in LEAD_VERBS:
        reason = refusal(rule, lead.status, lead.stage) if rule else ""
        if key == "qualify" and not reason and lead.score < QUALIFYING_SCORE:
            reason = gettext("The score is %(score)s; it takes %(least)s. Add what you know.") % {
                "score": lead.score,
                "least": QUALIFYING_SCORE,
            }
        if (key == "reopen" and reason) or not actor.can(permission, lead):
            continue
        url = reverse(f"crm:lead-{key}", args=[lead.pk])
        found[key] = Verb(key, label, url, icon, how, reason, key in {"disqualify", "delete"})
    if (url := address("billing:proposal-new", lead.pk)) and actor.can("proposal:create", lead):
        convertible = lead.status == "qualified"
        reason = "" if convertible else refusal("proposal", lead.status, lead.stage)
        found["propose"] = Verb("propose", gettext("Draft a proposal"), url, "doc", "link", reason)
    return found


def lead_path(lead: Lead, verbs: dict[str, Verb]) -> list[Step]:
    """The five steps: ticks behind, the present one, the next legal move, the rest with its reason."""
    at = STEPS.index(lead.stage)
    steps = []
    for place, value in enumerate(STEPS):
        label = str(Lead.Stage(value).label)
        if place < at:
            steps.append(Step(label, "done"))
        elif place == at:
            steps.append(Step(label, "now"))
        else:
            verb = verbs.get(MOVES.get(value, "")) if place == at + 1 else None
            open_ = verb is not None and verb.allowed and lead.status != "disqualified"
            reason = (verb.reason if verb else "") or LATER[value]
            steps.append(Step(label, "next" if open_ else "later", verb, reason))
    return steps


def primary(lead: Lead, verbs: dict[str, Verb]) -> Verb | None:
    """The one main move of this moment."""
    order = {"NEW": ("log",), "CONTACTED": ("qualify", "log"), "INTERESTED": ("propose", "convert", "qualify", "log")}
    wanted = ("reopen",) if lead.status == "disqualified" else order.get(lead.stage, ())
    return next((verbs[key] for key in wanted if key in verbs and verbs[key].allowed), None)
