"""The pages of deals: list, detail, forms and verbs; the board has a module of its own."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from core.actions import run
from core.doors import door
from core.numbers import is_number
from core.pages import page
from crm.forms.fields import major
from crm.lead_path import Verb, address
from crm.models import Deal, Item
from crm.queries.contacts import contact_for
from crm.queries.deals import deal_for, deals_for
from crm.queries.timeline import timeline
from crm.sheets import BOTH, ask, listed, sheet
from crm.views.activities import choose
from crm.views.board import show

VIEWS: dict[str, tuple[str, dict[str, str]]] = {
    "": ("Open", {"status": "open"}),
    "mine": ("Mine", {"status": "open", "owner": "me"}),
    "won": ("Won", {"status": "won"}),
    "lost": ("Lost", {"status": "lost"}),
    "all": ("All", {}),
}
# key, permission, label, icon, how, statuses in which it is possible
DEAL_VERBS = (
    ("edit", "deal:update", "Edit", "note", "sheet", ("open",)),
    ("lines", "deal:update", "Edit what is sold", "list", "link", ("open",)),
    ("approval", "deal:update", "Ask for approval", "shield", "sheet", ("open",)),
    ("win", "deal:close-won", "Mark won", "trophy", "sheet", ("open",)),
    ("lose", "deal:close-lost", "Mark lost, with a reason", "x", "sheet", ("open",)),
    ("abandon", "deal:abandon", "Give up", "pause", "sheet", ("open",)),
    ("reopen", "deal:reopen", "Reopen", "undo", "sheet", ("won",)),
    ("reassign", "deal:reassign", "Reassign", "users", "sheet", ()),
    ("delete", "deal:delete", "Delete", "x", "sheet", ()),
)


@door("deal:read")
def list_(request: HttpRequest) -> HttpResponse:
    """All deals that the person may see."""
    context = listed(request, deals_for, VIEWS)
    return page(request, "crm/deals/list.html", context, parts=("deal-rows",))


@door("deal:read")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One deal: value, stage, lines, approval and everything that happened."""
    deal = deal_for(request.actor, pk)
    approvals = list(
        deal.approvals.select_related("requested_by", "decided_by").order_by("-pk")[:10]
    )
    verbs = deal_verbs(deal, request.actor)
    context = {
        "deal": deal,
        "contact": deal.contact,
        "lines": deal.lines.order_by("order", "pk"),
        "stages": deal.pipeline.stages.order_by("order", "pk"),
        "approvals": approvals,
        "pending": next((one for one in approvals if one.state == "pending"), None),
        "verbs": verbs,
        "menu": [verb for key, verb in verbs.items() if key != "propose"],
        "primary": verbs.get("win") if deal.status == "open" else None,
        "entries": timeline(request.actor, deal, limit=30),
    }
    return page(request, "crm/deals/detail.html", context)


def deal_verbs(deal: Deal, actor: Any) -> dict[str, Verb]:
    """The verbs that the person's role holds for this deal; closed deals offer only what is left."""
    found: dict[str, Verb] = {}
    if actor.can("activity:create"):
        url = f"{reverse('crm:activity-log')}?deal={deal.pk}"
        found["log"] = Verb("log", "Log a call", url, "call", "sheet")
    for key, permission, label, icon, how, statuses in DEAL_VERBS:
        if (not statuses or deal.status in statuses) and actor.can(permission, deal):
            url = reverse(f"crm:deal-{key}", args=[deal.pk])
            found[key] = Verb(key, label, url, icon, how, danger=key == "delete")
    url = address("billing:proposal-new-deal", deal.pk)
    if url and deal.status == "open" and actor.can("proposal:create", deal):
        found["propose"] = Verb("propose", "Draft a proposal", url, "doc", "link")
    return found


@door("deal:create", BOTH)
def new(request: HttpRequest) -> HttpResponse:
    """A deal typed in by hand, with a contact chosen first."""
    asked = request.GET.get("contact", "")
    if not is_number(asked):
        return choose("New deal: with whom?", request)
    contact = contact_for(request.actor, int(asked))
    return ask(
        request,
        "deal.create",
        title="New deal",
        submit="Save deal",
        intro=f"With {contact.name}.",
        to=lambda deal: deal,
        message="Deal saved.",
        initial={"contact": contact.pk, "stage": request.GET.get("stage")},
        hide=("contact",),
        back=reverse("crm:board"),
    )


edit = sheet("deal.update", deal_for, title="Edit {.title}", submit="Save", message="Saved.")
win = sheet(
    "deal.win",
    deal_for,
    title="Mark {.title} won",
    submit="Mark won",
    message="Won.",
)
lose = sheet(
    "deal.lose",
    deal_for,
    title="Why was {.title} lost?",
    submit="Mark lost",
    message="Marked lost.",
    danger=True,
)
abandon = sheet(
    "deal.abandon",
    deal_for,
    title="Give up {.title}?",
    submit="Give up",
    message="Given up.",
    intro="Nobody follows it up any more. It cannot be opened again.",
    danger=True,
)
reopen = sheet(
    "deal.reopen",
    deal_for,
    title="Reopen {.title}?",
    submit="Reopen",
    message="Reopened.",
    intro="It counts as open again. Possible for 30 days after it was won.",
)
reassign = sheet(
    "deal.reassign",
    deal_for,
    title="Who takes {.title}?",
    submit="Reassign",
    message="Reassigned.",
)
approval = sheet(
    "deal.request_approval",
    deal_for,
    title="Ask for approval of {.title}",
    submit="Ask",
    message="Asked. You are told when it is decided.",
    intro="A manager other than you looks at the value and the lines as they are now.",
)
delete = sheet(
    "deal.delete",
    deal_for,
    title="Delete {.title}?",
    submit="Delete",
    intro="This cannot be undone.",
    message="Deal deleted.",
    goes="crm:board",
    danger=True,
)


@door("deal:update", BOTH)
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Move the deal to another stage; a board that asked gets itself back."""
    deal = deal_for(request.actor, pk)
    if request.method == "POST" and request.htmx and request.htmx.target == "board":
        run("deal.move", deal, actor=request.actor, data=request.POST)
        return show(deal.pipeline, request)
    return ask(
        request,
        "deal.move",
        deal,
        title=f"Move {deal.title}",
        submit="Move",
        to=deal,
        message="Moved.",
        initial={"stage": deal.stage_id},
        choices={"stage": deal.pipeline.stages.order_by("order", "pk")},
    )


@door("deal:update", BOTH)
def lines(request: HttpRequest, pk: int) -> HttpResponse:
    """What is sold, line by line; the deal's value follows."""
    deal = deal_for(request.actor, pk)
    return ask(
        request,
        "deal.set_lines",
        deal,
        title=f"What {deal.contact.name} gets",
        submit="Save",
        to=deal,
        message="Saved. The value follows the lines.",
        template="crm/deals/lines.html",
        rows=_rows(deal, request.POST),
        items=Item.objects.filter(is_active=True).order_by("name")[:500],
    )


def _rows(deal: Deal, typed: Any) -> list[dict[str, Any]]:
    """The lines as typed, else as they are, and three empty ones."""
    names = ("item", "description", "quantity", "unit_price")
    rows: list[dict[str, Any]] = []
    while f"lines-{len(rows)}-quantity" in typed:
        rows.append({name: typed.get(f"lines-{len(rows)}-{name}", "") for name in names})
    if not rows:
        for line in deal.lines.order_by("order", "pk"):
            price = major(line.unit_price_minor, deal.currency)
            values = (line.item_id, line.description, line.quantity.normalize(), price)
            rows.append(dict(zip(names, values, strict=True)))
        rows += [{"quantity": 1}] * 3
    return rows
