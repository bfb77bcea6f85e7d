"""The pages of leads: list, the single pane, forms and verbs."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from core.doors import door
from core.models import Event
from core.pages import page
from crm.lead_path import lead_path, lead_verbs, primary
from crm.models import Lead
from crm.queries.leads import lead_for, leads_for
from crm.queries.timeline import timeline
from crm.sheets import listed, press, sheet

CHANGED = "lead-changed"
VIEWS: dict[str, tuple[str, dict[str, str]]] = {
    "": ("All leads", {}),
    "mine": ("Mine", {"owner": "me"}),
    "hot": ("Hot", {"temperature": "hot"}),
    "new": ("New", {"stage": "NEW"}),
    "interested": ("Interested", {"stage": "INTERESTED"}),
    "unassigned": ("Unassigned", {"owner": "none"}),
    "disqualified": ("Disqualified", {"status": "disqualified"}),
}
SORTS = {
    "score": ("Score", ("-score", "-pk")),
    "newest": ("Newest", ("-created_at", "-pk")),
    "quiet": ("Longest quiet", ("updated_at", "pk")),
}
MENU = (
    "log", "edit", "qualify", "convert", "propose", "reassign", "rescore", "reopen", "disqualify",
    "delete",
)  # fmt: skip
PARTS = ("lead-bar", "lead-head", "lead-info", "lead-main", "lead-latest")


@door("lead:read")
def list_(request: HttpRequest) -> HttpResponse:
    """All leads that the person may see: views, search, filters, keyset pages."""
    sort = request.GET.get("sort", "") if request.GET.get("sort", "") in SORTS else "score"
    typed = ("q", "source", "stage", "owner")
    context = listed(request, leads_for, VIEWS, typed=typed, order=SORTS[sort][1]) | {
        "sorts": [(key, label) for key, (label, _) in SORTS.items()],
        "sort": sort,
        "stages": Lead.Stage.choices,
        "sources": Lead._meta.get_field("source").choices,
    }
    return page(request, "crm/leads/list.html", context, parts=("lead-rows",))


@door("lead:read")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The single pane: who, how warm and why, the conversation, the next step."""
    lead = lead_for(request.actor, pk)
    verbs = lead_verbs(lead, request.actor)
    tab = request.GET.get("tab", "")
    tab = tab if tab in {"timeline", "details"} else "chat"
    entries = timeline(request.actor, lead, limit=50 if tab == "timeline" else 6)
    context = {
        "lead": lead,
        "contact": lead.contact,
        "verbs": verbs,
        "menu": [verbs[key] for key in MENU if key in verbs],
        "path": lead_path(lead, verbs),
        "primary": primary(lead, verbs),
        "tab": tab,
        "seen": _seen(lead),
        "deals": _deals(lead, request.actor),
        "entries": entries,
        "latest": entries[:6],
    }
    return page(request, "crm/leads/detail.html", context, parts=PARTS)


@door("lead:read")
def pulse(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell the open page whether something happened since it was made; its parts then fetch themselves."""
    lead = lead_for(request.actor, pk)
    seen = _seen(lead)
    if request.GET.get("seen") == str(seen):
        return HttpResponse(status=204)
    response = page(request, "crm/leads/_pulse.html", {"lead": lead, "seen": seen})
    response["HX-Trigger"] = CHANGED
    return response


def _seen(lead: Lead) -> int:
    """The number of the last happening around the lead's contact."""
    around = Event.objects.filter(contact_id=lead.contact_id).order_by("-pk")
    return around.values_list("pk", flat=True).first() or 0


def _deals(lead: Lead, actor: Any) -> list[Any]:
    """The lead's deals that the person may see."""
    return list(actor.visible("deal:read", lead.deals.order_by("-pk"))[:5])


new = sheet(
    "lead.create",
    None,
    title="New lead",
    submit="Save lead",
    intro="A name and one way to reach them are enough.",
    message="Lead saved.",
    back="crm:lead-list",
)
qualify = press("lead.qualify", lead_for, "Marked interested.", CHANGED)
reopen = press("lead.reopen", lead_for, "Reopened.", CHANGED)
rescore = press("lead.rescore", lead_for, "Scored again.", CHANGED)
edit = sheet(
    "lead.update",
    lead_for,
    title="Edit {.contact.name}",
    submit="Save",
    message="Saved.",
    event=CHANGED,
)
convert = sheet(
    "lead.convert",
    lead_for,
    title="Convert {.contact.name} to a deal",
    submit="Convert",
    message="Converted. The deal is open.",
    event=CHANGED,
)
disqualify = sheet(
    "lead.disqualify",
    lead_for,
    title="Disqualify {.contact.name}",
    submit="Disqualify",
    message="Disqualified. You can reopen it.",
    event=CHANGED,
    danger=True,
)
reassign = sheet(
    "lead.reassign",
    lead_for,
    title="Who takes {.contact.name}?",
    submit="Reassign",
    message="Reassigned.",
    event=CHANGED,
)
delete = sheet(
    "lead.delete",
    lead_for,
    title="Delete {.contact.name}?",
    submit="Delete",
    intro="The lead goes; the contact stays. This cannot be undone.",
    message="Lead deleted.",
    goes="crm:lead-list",
    danger=True,
)
