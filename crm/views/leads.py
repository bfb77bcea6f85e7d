"""The pages of leads: list, the single pane, forms and verbs."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from accounts.listing import cell_page, export_page, list_page, near
from core.doors import door
from core.pages import page
from crm.lead_path import lead_path, lead_verbs, primary
from crm.lists import LEADS
from crm.models import Lead
from crm.queries.custom_fields import answers
from crm.queries.filters import one
from crm.queries.leads import GONE, lead_for, leads_for
from crm.queries.timeline import timeline
from crm.sheets import press, sheet

CHANGED = "lead-changed"
MENU = (
    "log", "edit", "qualify", "convert", "propose", "reassign", "rescore", "reopen", "disqualify",
    "delete",
)  # fmt: skip
PARTS = ("lead-bar", "lead-head", "lead-info", "lead-main", "lead-next", "lead-latest")
TABS = ("chat", "timeline", "notes", "details")
NEXT = next(column for column in LEADS.columns if column.key == "next_step")


list_ = list_page(LEADS)
export = export_page(LEADS)
cell = cell_page(LEADS)


@door("lead:read")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The single pane: who, how warm and why, the conversation, the next step."""
    lead = one(NEXT.needs(leads_for(request.actor), request.actor), pk, GONE)
    verbs = lead_verbs(lead, request.actor)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "chat"
    entries = timeline(request.actor, lead, limit=50 if tab in ("timeline", "notes") else 6)
    path = lead_path(lead, verbs)
    context = {
        "lead": lead,
        "contact": lead.contact,
        "answers": answers(lead),
        "verbs": verbs,
        "menu": [verbs[key] for key in MENU if key in verbs],
        "path": path,
        "next": NEXT.plain(lead),
        "then": next((step for step in path if step.state in ("next", "later")), None),
        "primary": primary(lead, verbs),
        "tab": tab,
        "deals": _deals(lead, request.actor),
        "entries": entries,
        "notes": [entry for entry in entries if entry.name == "activity.note"],
        "latest": entries[:6],
        "near": near(request, LEADS, lead),
    }
    return page(request, "crm/leads/detail.html", context, parts=PARTS)


def _deals(lead: Lead, actor: Any) -> list[Any]:
    """The lead's deals that the person may see."""
    return list(actor.visible("deal:read", lead.deals.order_by("-pk"))[:5])


new = sheet(
    "lead.create",
    None,
    title=_("New lead"),
    submit=_("Save lead"),
    intro=_("A name and one way to reach them are enough."),
    message=_("Lead saved."),
    back="crm:lead-list",
    hints=reverse_lazy("crm:contact-hints"),
)
qualify = press("lead.qualify", lead_for, _("Marked interested."), CHANGED)
reopen = press("lead.reopen", lead_for, _("Reopened."), CHANGED)
rescore = press("lead.rescore", lead_for, _("Scored again."), CHANGED)
edit = sheet(
    "lead.update", lead_for, title=_("Edit {.contact.name}"), submit=_("Save"), message=_("Saved."), event=CHANGED
)
convert = sheet(
    "lead.convert",
    lead_for,
    title=_("Convert {.contact.name} to a deal"),
    submit=_("Convert"),
    message=_("Converted. The deal is open."),
    event=CHANGED,
)
disqualify = sheet(
    "lead.disqualify",
    lead_for,
    title=_("Disqualify {.contact.name}"),
    submit=_("Disqualify"),
    message=_("Disqualified. You can reopen it."),
    event=CHANGED,
    danger=True,
)
reassign = sheet(
    "lead.reassign",
    lead_for,
    title=_("Who takes {.contact.name}?"),
    submit=_("Reassign"),
    message=_("Reassigned."),
    event=CHANGED,
)
delete = sheet(
    "lead.delete",
    lead_for,
    title=_("Delete {.contact.name}?"),
    submit=_("Delete"),
    intro=_("The lead goes; the contact stays. For 30 days you can undo this."),
    message=_("Lead deleted."),
    goes="crm:lead-list",
    danger=True,
)
