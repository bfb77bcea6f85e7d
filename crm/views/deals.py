"""The pages of deals: list, detail, forms and verbs; the board has a module of its own."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.listing import cell_page, export_page, list_page, near
from core.actions import CATALOGUE, run
from core.doors import View, door
from core.numbers import is_number
from core.pages import done, page
from crm.deal_verbs import deal_verbs, primary
from crm.forms.fields import major
from crm.lists import DEALS
from crm.models import Deal, Item, PriceList, Stage
from crm.queries.approvals import approval_missing, pending_approval
from crm.queries.board import forget_figures
from crm.queries.catalog import list_of
from crm.queries.contacts import contact_for
from crm.queries.custom_fields import answers
from crm.queries.deals import deal_facts, deal_for
from crm.queries.rotting import today
from crm.sheets import BOTH, ask, press, sheet
from crm.views.activities import choose
from crm.views.board import event

STAGES = Stage.objects.select_related("pipeline").order_by("pipeline__order", "order")
list_ = list_page(DEALS, bar="crm/deals/_switch.html")
export = export_page(DEALS)
cell = cell_page(DEALS)


@door("deal:read")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One deal: value, stage, lines, approval, playbook and everything that happened."""
    actor = request.actor
    deal = deal_for(actor, pk)
    about = deal_facts(actor, deal)
    verbs = deal_verbs(deal, actor, about)
    context = {
        **about,
        "deal": deal,
        "contact": deal.contact,
        "answers": answers(deal),
        "verbs": verbs,
        "menu": [verb for key, verb in verbs.items() if key not in {"propose", "start"}],
        "primary": primary(deal, verbs, about),
        "near": near(request, DEALS, deal),
    }
    return page(request, "crm/deals/detail.html", context)


@door("deal:create", BOTH)
def new(request: HttpRequest) -> HttpResponse:
    """A deal typed in by hand, with a contact chosen first."""
    asked = request.GET.get("contact", "")
    if not is_number(asked):
        return choose(gettext("New deal: with whom?"), request)
    contact = contact_for(request.actor, int(asked))
    return ask(
        request,
        "deal.create",
        title=gettext("New deal"),
        submit=gettext("Save deal"),
        intro=gettext("With %(contact)s.") % {"contact": contact.name},
        to=lambda deal: deal,
        message=gettext("Deal saved."),
        initial={"contact": contact.pk, "stage": request.GET.get("stage")},
        hide=("contact", "pipeline", "lead"),
        choices={
            "stage": STAGES.filter(pipeline__is_active=True),
            "price_list": PriceList.objects.filter(is_active=True),
        },
        back=reverse("crm:board"),
    )


edit = sheet(
    "deal.update",
    deal_for,
    title=_("Edit {.title}"),
    submit=_("Save"),
    message=_("Saved."),
    choices=lambda deal: {
        "stage": STAGES.filter(pipeline=deal.pipeline_id),
        "price_list": PriceList.objects.filter(Q(is_active=True, currency=deal.currency) | Q(pk=deal.price_list_id)),
    },
)


def closing(name: str, **words: Any) -> View:
    """Make the sheet of a verb that the board opens, too: there the board stays, and fetches itself anew."""

    @door(CATALOGUE[name].permission or "", BOTH)
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        deal = deal_for(request.actor, pk)
        is_open, asks = deal.status == Deal.Status.OPEN, request.method != "POST"
        missing = approval_missing(deal) if is_open and name != "deal.lose" else ""
        if name == "deal.win" and asks and missing and not pending_approval(deal):
            return redirect("crm:deal-approval", pk)
        said = {**words, "title": words["title"].format(deal), "intro": missing}
        said |= {"initial": {"closed_on": today()}, "event": event(request, "board-changed")}
        return ask(request, name, deal, to=deal, **said)

    return view


win = closing("deal.win", title=_("Mark {.title} won"), submit=_("Mark won"), message=_("Won."))
lose = closing(
    "deal.lose", title=_("Why was {.title} lost?"), submit=_("Mark lost"), message=_("Marked lost."), danger=True
)
approval = closing(
    "deal.request_approval",
    title=_("Ask for approval of {.title}"),
    submit=_("Ask a manager"),
    message=_("Asked. You are told when it is decided."),
)
snooze = sheet(
    "deal.snooze",
    deal_for,
    title=_("Let {.title} rest"),
    submit=_("Let it rest"),
    message=_("It rests, and is not called stuck before that day."),
    intro=_("It counts as stuck again after that day, unless something happens."),
)
unsnooze = press("deal.unsnooze", deal_for, _("Taken up again."))
start = press("deal.start_process", deal_for, _("The playbook has started."))
stop = press("deal.stop_process", deal_for, _("The deal goes its own way."))
abandon = sheet(
    "deal.abandon",
    deal_for,
    title=_("Give up {.title}?"),
    submit=_("Give up"),
    message=_("Given up."),
    intro=_("Nobody follows it up any more. It cannot be opened again."),
    danger=True,
)
reopen = sheet(
    "deal.reopen",
    deal_for,
    title=_("Reopen {.title}?"),
    submit=_("Reopen"),
    message=_("Reopened."),
    intro=_("It counts as open again. Possible for 30 days after it was won."),
)
reassign = sheet(
    "deal.reassign", deal_for, title=_("Who takes {.title}?"), submit=_("Reassign"), message=_("Reassigned.")
)
delete = sheet(
    "deal.delete",
    deal_for,
    title=_("Delete {.title}?"),
    submit=_("Delete"),
    intro=_("For 30 days you can undo this."),
    message=_("Deal deleted."),
    goes="crm:board",
    danger=True,
)


@door("deal:update", BOTH)
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Move the deal to another stage; on the board, which asked, the card is there already."""
    deal = deal_for(request.actor, pk)
    if request.method == "POST":
        before = deal.stage_id
        moved = run("deal.move", deal, actor=request.actor, data=request.POST)
        forget_figures(moved.pipeline)
        return done(
            request,
            deal,
            gettext("%(deal)s moved to %(stage)s.") % {"deal": deal.title, "stage": moved.stage.name},
            event(request, "deal-moved"),
            undo=(request.path, {"stage": before}),
            deal=pk,
            stage=moved.stage_id,
        )
    about = deal_facts(request.actor, deal)
    verbs = deal_verbs(deal, request.actor, about)
    context = {**about, "deal": deal, "verbs": verbs, "back": deal.get_absolute_url()}
    return page(request, "crm/deals/move.html", context, parts=("sheet-form",))


@door("deal:update", BOTH)
def lines(request: HttpRequest, pk: int) -> HttpResponse:
    """What is sold, line by line; the deal's value follows."""
    deal = deal_for(request.actor, pk)
    return ask(
        request,
        "deal.set_lines",
        deal,
        title=gettext("What %(contact)s gets") % {"contact": deal.contact.name},
        submit=gettext("Save"),
        to=deal,
        message=gettext("Saved. The value follows the lines."),
        template="crm/deals/lines.html",
        rows=_rows(deal, request.POST),
        items=Item.objects.active().order_by("name")[:500],
        choices={"price_list": PriceList.objects.filter(is_active=True, currency=deal.currency)},
        uses=list_of(deal),
    )


def _rows(deal: Deal, typed: Any) -> list[dict[str, Any]]:
    """The lines as typed, else as they are, and three empty ones."""
    names = ("item", "description", "quantity", "unit_price")
    rows: list[dict[str, Any]] = []
    while f"lines-{len(rows)}-quantity" in typed:
        rows.append({name: typed.get(f"lines-{len(rows)}-{name}", "") for name in names})
    if not rows:
        for line in deal.lines.select_related("item").order_by("order", "pk"):
            price = major(line.unit_price_minor, deal.currency)
            item = f"{line.item.sku} · {line.item.name}" if line.item else ""
            values = (item, line.description, line.quantity.normalize(), price)
            rows.append(dict(zip(names, values, strict=True)))
        rows += [{"quantity": 1}] * 3
    return rows
