"""The lists of the CRM, each declared once: what a row shows, what can be asked, and the views it starts with."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import clock
from core.cells import NONE, call, chips, day, moment, money, owned, owner, quiet, texts
from core.clauses import Filter, asks, each
from core.links import route
from core.lists import Column, ListSpec, View, register_list
from core.templatetags import ui
from crm.lead_rules import WORKING
from crm.models import Activity, Contact, Deal, Lead, Pipeline, Stage, Tag
from crm.queries.activities import activities_for, activity_for
from crm.queries.bulk import verbs_for
from crm.queries.catalog import items_for
from crm.queries.contacts import contact_for, contacts_for
from crm.queries.custom_fields import fields_of
from crm.queries.deals import deal_for, deals_for
from crm.queries.exports import full_export
from crm.queries.leads import TEMPERATURES, WARMTH, lead_for, leads_for
from crm.queries.rotting import closes_this_month, is_stuck
from crm.queries.search import matching
from crm.queries.today import silent_contacts

HEAVY = ("custom", "search_words")


def heavy(*paths: str) -> tuple[str, ...]:
    """Return the columns that a list does not load: its own, and those of the rows beside it."""
    return (*HEAVY, *beside(*paths), "owner__lists")


def beside(*paths: str) -> tuple[str, ...]:
    """Return those columns of the rows beside it."""
    return tuple(f"{path}__{name}" for path in paths for name in HEAVY)


STAGES = {"customer": "good", "churned": "bad"}
NEXT = {"NEW": _("First message"), "CONTACTED": _("Follow up"), "INTERESTED": _("Send proposal")}
CUSTOM_KINDS = {"number": "number", "date": "date", "choice": "choice"}
YES = (("yes", _("Yes")),)


def people() -> Iterable[tuple[int, str]]:
    """Return everybody who may look after something, as choices."""
    active = User.objects.filter(is_active=True).order_by("name", "email")
    return [(user.pk, str(user)) for user in active.only("name", "email")]


OWNER = Filter("owner", _("Owner"), "person", choices=people)


def custom(noun: str) -> Callable[[], tuple[list[Column], list[Filter]]]:
    """Return what the custom fields of a noun add to its list: columns, and filters of their type."""

    def more() -> tuple[list[Column], list[Filter]]:
        fields = fields_of(noun)
        return [_custom_column(one) for one in fields], [_custom_filter(one) for one in fields]

    return more


def _custom_column(one: Any) -> Column:
    return Column(f"custom:{one.key}", one.label, lambda row: one.shown(row.custom.get(one.key)),
                  edit=f"{one.noun}.update", shown=False)  # fmt: skip


def _custom_filter(one: Any) -> Filter:
    key, path = f"custom:{one.key}", f"custom__{one.key}"
    if one.type == "yes-no":
        answers, where = (*YES, ("no", _("No"))), each(lambda word: Q(**{path: word == "yes"}))
        return Filter(key, one.label, choices=answers, where=where)
    listed = [(word, word) for word in one.choices]
    return Filter(key, one.label, CUSTOM_KINDS.get(one.type, "text"), path, listed)


def _tags() -> Iterable[tuple[str, str]]:
    names = Tag.objects.order_by("name").values_list("name", flat=True)[:500]
    return [(name, name) for name in names]


def _tagged(names: list[str]) -> Q:
    links = Contact.tags.through.objects.filter(tag__name__in=names)
    return Q(pk__in=links.values("contact_id"))


def _silent(values: list[str]) -> Q:
    return Q(pk__in=silent_contacts().values("pk"))


def _place(*words: str) -> str:
    return ", ".join(word for word in words if word)


def caller(about: Callable[[Any], tuple[str, int | None, Any]]) -> Column:
    """The call button at the edge of a row, for phones; afterwards the call is logged with what it was about."""

    def show(row: Any) -> str:
        noun, pk, person = about(row)
        then = f"{route('crm:activity-log')}?{noun}={pk}"
        return call(person.phone, person.name, then) if person else ""

    return Column("call", show=show, css="c-act ms", fixed=True)


def _next_task(actor: Any) -> dict[str, Any]:
    seen = actor.visible("activity:read", Activity.objects.all())
    tasks = seen.filter(lead=OuterRef("pk"), completed_at=None, due_at__isnull=False)
    first = tasks.order_by("due_at", "pk")
    columns = {"next_due": "due_at", "next_task": "subject"}
    return {name: Subquery(first.values(column)[:1]) for name, column in columns.items()}


def _next_words(lead: Any) -> str:
    """What comes next: as somebody wrote it, else the next task, else what the stage asks for."""
    usual = NEXT.get(lead.stage, "") if lead.status in WORKING else ""
    return lead.next_step or lead.next_task or str(usual)


def _next_step(lead: Any) -> str:
    words = _next_words(lead)
    if lead.next_due and not lead.next_step:
        late, today = lead.next_due < clock.now(), clock.now() + timedelta(days=1)
        css = "bad" if late else "warn" if lead.next_due < today else ""
        return ui.chip(Truncator(words).chars(32), css, "clock" if late else "")
    return quiet(lambda _: words)(lead)


LEADS = ListSpec(
    "leads", _("Leads"), "lead", "lead:read", leads_for,
    (
        Column("name", _("Lead"), css="c-who", fixed=True, sort="sort_name", who=lambda lead: (
            lead.contact.name, _place(lead.business_name or lead.title, lead.city), lead.contact)),
        Column("stage", _("Status"), lambda lead: ui.STATES[ui.state_of(lead)][1], ui.status_glyph, css="c-st"),
        Column("score", _("Score"), None, ui.score, sort="score", css="c-sc"),
        Column("next_step", _("Next step"), _next_words, _next_step, edit="lead.update", css="c-nx", also=_next_task),
        Column("source", _("Source"), lambda lead: lead.get_source_display(), css="x sec"),
        money("estimated_value", _("Value"), edit="lead.update", css="x r"),
        owned("lead.reassign"),
        moment("updated_at", _("Last touch"), css="c-t r mut"),
        *texts("lead.update", title=_("Title"), business_name=_("Business"), city=_("City"), industry=_("Industry"),
               region=_("Region")),
        Column("email", _("Email"), lambda lead: lead.contact.email, shown=False),
        Column("phone", _("Phone"), lambda lead: lead.contact.phone, shown=False),
        Column("currency", _("Currency"), shown=False),
        moment("created_at", _("Came in"), shown=False),
        caller(lambda lead: ("lead", lead.pk, lead.contact)),
    ),
    (
        Filter("stage", _("Status"), choices=Lead.Stage.choices),
        Filter("status", _("Sales status"), choices=Lead.Status.choices),
        Filter("temperature", _("Temperature"), choices=WARMTH,
               where=each(lambda value: TEMPERATURES.get(value, Q(pk__in=())))),
        Filter("score", _("Score"), "number"),
        OWNER,
        Filter("source", _("Source"), choices=Contact.Source.choices),
        Filter("estimated_value", _("Value"), "money", "estimated_value_minor"),
        *asks("text", city=_("City"), industry=_("Industry"), region=_("Region"), business_name=_("Business")),
        Filter("created", _("Came in"), "time", "created_at"),
        Filter("updated", _("Last touch"), "time", "updated_at"),
        Filter("contact", _("Contact"), "row", offered=False),
    ),
    (
        View("", _("All leads")), View("mine", _("Mine"), "owner=me"), View("hot", _("Hot"), "temperature=hot"),
        View("new", _("New"), "stage=NEW"), View("interested", _("Interested"), "stage=INTERESTED"),
        View("quiet", _("Quiet 2 days"), "updated=2&updated-op=older&status=disqualified&status-op=not"),
        View("unassigned", _("Unassigned"), "owner=none"),
        View("disqualified", _("Disqualified"), "status=disqualified"),
    ),
    ("-score", "-pk"), "crm:lead-list", _("Name, business, phone"), matching,
    (_("No leads yet"),
     _("Type one in, import a list, or put a form on your site. New ones appear here with a score.")),
    (("contact:import", "crm:import-new", "put", _("Import"), "link"),
     ("lead:create", "crm:lead-new", "plus", _("New lead"), "main")),
    export="contact:export", event="lead-changed", one=lead_for, more=custom("lead"), bulk=verbs_for,
    everything=partial(full_export, "leads"),
    related=("contact", "owner"), worth="estimated_value_minor",
    defer=(*heavy("contact"), "score_reasons", "facts", "utm", "conversion"),
)  # fmt: skip

CONTACTS = ListSpec(
    "contacts", _("Contacts"), "contact", "contact:read", contacts_for,
    (
        Column("name", _("Contact"), css="c-who", fixed=True, sort="sort_name", who=lambda one: (
            one.name, _place(one.company_name if one.company_name != one.name else "", one.city), one)),
        Column("stage", _("Stage"), lambda one: one.get_stage_display(),
               chips(lambda one: (one.get_stage_display(), STAGES.get(one.stage, ""))), edit="contact.update",
               css="c-st"),
        Column("score", _("Score"), None, lambda one: ui.score(one) if one.score else NONE, sort="score", css="c-sc"),
        Column("email", _("Email"), show=quiet(lambda one: one.email), edit="contact.update", css="c-nx"),
        Column("phone", _("Phone"), edit="contact.update"),
        owned("contact.reassign"),
        moment("last_activity_at", _("Last touch"), css="c-t r mut"),
        *texts("contact.update", company_name=_("Business"), job_title=_("Job title"), city=_("City"),
               industry=_("Industry"), country=_("Country")),
        Column("kind", _("Kind"), lambda one: one.get_kind_display(), shown=False),
        Column("source", _("Source"), lambda one: one.get_source_display(), shown=False),
        Column("tags", _("Tags"), lambda one: ", ".join(tag.name for tag in one.tags.all()), edit="contact.update",
               shown=False, prefetch="tags"),
        moment("created_at", _("Added"), shown=False),
        caller(lambda one: ("contact", one.pk, one)),
    ),
    (
        Filter("stage", _("Stage"), choices=Contact.Stage.choices),
        Filter("kind", _("Kind"), choices=Contact.Kind.choices),
        OWNER,
        Filter("tag", _("Tag"), "choice", "tags__name", _tags, _tagged),
        Filter("score", _("Score"), "number"),
        Filter("source", _("Source"), choices=Contact.Source.choices),
        *asks("text", city=_("City"), industry=_("Industry"), country=_("Country"), company_name=_("Business"),
              email=_("Email"), phone=_("Phone")),
        Filter("touched", _("Last touch"), "time", "last_activity_at"),
        Filter("silent", _("Heard nothing for 30 days"), choices=YES, where=_silent, offered=False),
        Filter("created", _("Added"), "time", "created_at"),
    ),
    (
        View("", _("Everybody")), View("mine", _("Mine"), "owner=me"), View("people", _("People"), "kind=person"),
        View("companies", _("Businesses"), "kind=company"), View("customers", _("Customers"), "stage=customer"),
        View("quiet", _("Quiet 30 days"), "touched=30&touched-op=older"),
    ),
    ("-created_at", "-pk"), "crm:contact-list", _("Name, email, phone"), matching,
    (_("No contacts yet"),
     _("People and businesses appear here as soon as they write, are imported, or are typed in.")),
    (("contact:import", "crm:import-new", "put", _("Import"), "link"),
     ("contact:create", "crm:contact-new", "plus", _("New contact"), "main")),
    export="contact:export", event="contact-changed", one=contact_for, more=custom("contact"), bulk=verbs_for,
    everything=partial(full_export, "contacts"),
    related=("owner",), defer=heavy(),
)  # fmt: skip


def _move(deal: Deal) -> str:
    if deal.status != "open":
        return ""
    label = gettext("Move %(deal)s") % {"deal": deal.title}
    return format_html('<a class="btn gh ico" href="{}" data-sheet aria-label="{}">{}</a>',
                       route("crm:deal-move", deal.pk), label, ui.icon("right"))  # fmt: skip


DEALS = ListSpec(
    "deals", _("Deals"), "deal", "deal:read", deals_for,
    (
        Column("name", _("Deal"), css="c-who", fixed=True,
               who=lambda deal: (deal.title, deal.contact.name, deal.contact)),
        Column("status", _("Status"), lambda deal: deal.get_status_display(),
               lambda deal: ui.status_glyph(deal.status), css="c-st"),
        money("value", _("Value"), edit="deal.update", css="c-sc r b num"),
        Column("stage", _("Stage"), lambda deal: deal.stage.name, quiet(lambda deal: deal.stage.name), css="c-nx"),
        Column("probability", _("Chance"), None, lambda deal: f"{deal.probability}%", edit="deal.update", css="x r"),
        owned("deal.reassign"),
        day("expected_close_on", _("Closes"), edit="deal.update", css="c-t r mut"),
        Column("contact", _("Contact"), lambda deal: deal.contact.name, sort="sort_name", shown=False),
        *texts("deal.update", title=_("Title")),
        Column("pipeline", _("Pipeline"), lambda deal: deal.pipeline.name, shown=False),
        Column("currency", _("Currency"), shown=False),
        day("closed_on", _("Closed"), shown=False),
        moment("stage_since", _("In this stage"), shown=False),
        *texts(lost_reason=_("Why lost")),
        moment("created_at", _("Added"), shown=False),
        Column("move", show=_move, may="deal:update", css="c-act ms", fixed=True),
    ),
    (
        Filter("status", _("Status"), choices=Deal.Status.choices),
        OWNER,
        Filter("pipeline", _("Pipeline"), "row", "",
               lambda: Pipeline.objects.order_by("name").values_list("pk", "name")),
        Filter("stage", _("Stage"), "row", "",
               lambda: Stage.objects.order_by("pipeline", "order").values_list("pk", "name")),
        Filter("value", _("Value"), "money", "value_minor"),
        Filter("probability", _("Chance"), "number"),
        Filter("closes", _("Close date"), "date", "expected_close_on"),
        Filter("closed", _("Closed"), "date", "closed_on"),
        Filter("currency", _("Currency"), "text"),
        Filter("created", _("Added"), "time", "created_at"),
        Filter("stuck", _("Stuck"), choices=YES, where=lambda values: is_stuck()),
        Filter("closing", _("Closing this month"), choices=YES,
               where=lambda values: Q(status="open") & closes_this_month()),
        Filter("contact", _("Contact"), "row", offered=False),
        Filter("lead", _("Lead"), "row", offered=False),
    ),
    (
        View("", _("Open"), "status=open"), View("mine", _("Mine"), "status=open&owner=me"),
        View("stuck", _("Stuck"), "stuck=yes"),
        View("closing", _("Closing this month"), "closing=yes&sort=expected_close_on"),
        View("won", _("Won"), "status=won"), View("lost", _("Lost"), "status=lost"), View("all", _("All")),
    ),
    ("-created_at", "-pk"), "crm:deal-list", _("Deal or contact"), matching,
    (_("No deals here"), _("A lead becomes a deal when it is converted.")),
    (("deal:create", "crm:deal-new", "plus", _("New deal"), "main"),),
    export="deal:export", event="deal-changed", one=deal_for, more=custom("deal"), bulk=verbs_for,
    everything=partial(full_export, "deals"),
    related=("contact", "owner", "stage", "pipeline"), worth="value_minor", defer=heavy("contact"),
)  # fmt: skip


def _about(one: Activity) -> str:
    about = one.lead or one.deal or one.contact
    if about is None:
        return NONE
    return format_html('<a href="{}">{}</a>', about.get_absolute_url(), about.name)


def _person_of(one: Activity) -> tuple[str, int | None, Any]:
    noun = "lead" if one.lead_id else "deal" if one.deal_id else "contact"
    return noun, getattr(one, f"{noun}_id"), None if one.completed_at else one.contact


def _due(one: Activity) -> str:
    return ui.ago(one.completed_at) if one.completed_at else ui.due(one.due_at, one.due_on)


def _tick(one: Activity) -> str:
    if one.completed_at:
        return ui.icon("check")
    to = route("crm:activity-complete", one.pk)
    return format_html(
        '<button class="btn gh ico" form="tick" formaction="{0}" hx-post="{0}" hx-swap="none" aria-label="{1}">'
        '<span class="tick"></span></button>', to, gettext("Done: %(task)s") % {"task": one.subject})  # fmt: skip


TASKS = ListSpec(
    "tasks", _("Tasks"), "task", "activity:read", activities_for,
    (
        Column("done", show=_tick, may="activity:update", css="c-tick", fixed=True),
        Column("name", _("Task"), css="c-who", fixed=True, who=lambda one: (
            one.subject, _place(one.get_type_display(), one.outcome), False)),
        Column("due_at", _("Due"), show=_due, sort="due_at", edit="activity.update", css="c-st"),
        Column("about", _("About"), lambda one: str(one.lead or one.deal or one.contact or ""), _about, css="c-nx"),
        Column("actor", _("Whose"), lambda one: str(one.actor or ""), lambda one: owner(one.actor)),
        Column("type", _("Kind"), lambda one: one.get_type_display(), shown=False),
        *texts(outcome=_("Outcome")),
        moment("completed_at", _("Done"), shown=False),
        moment("created_at", _("Added"), shown=False),
        caller(_person_of),
    ),
    (
        Filter("state", _("State"), choices=(("open", _("To do")), ("done", _("Done"))),
               where=each(lambda value: Q(completed_at__isnull=value == "open"))),
        Filter("actor", _("Whose"), "person", choices=people),
        Filter("type", _("Kind"), choices=Activity.Type.choices),
        Filter("due", _("Due"), "time", "due_at"),
        Filter("done", _("Done"), "time", "completed_at"),
        Filter("subject", _("Text"), "text"),
        Filter("contact", _("Contact"), "row", offered=False),
        Filter("lead", _("Lead"), "row", offered=False),
        Filter("deal", _("Deal"), "row", offered=False),
    ),
    (
        View("", _("To do"), "state=open&due-op=set"), View("mine", _("Mine"), "state=open&due-op=set&actor=me"),
        View("late", _("Late"), "state=open&due=0&due-op=older"),
        View("done", _("Done"), "state=done&sort=-completed_at"), View("all", _("All"), "sort=-created_at"),
    ),
    ("due_at", "pk"), "crm:activity-list", _("Task or note"), ("subject__icontains", "body__icontains"),
    (_("Nothing due"), _("Calls, meetings and tasks with a date appear here, the most urgent first.")),
    (("activity:create", "crm:activity-log", "call", _("Log a call"), "sheet"),
     ("activity:create", "crm:activity-new", "plus", _("New task"), "main")),
    export="deal:export", event="activity-changed", opens="sheet", may_open="activity:update", one=activity_for,
    bulk=verbs_for, related=("contact", "lead", "deal", "actor"), counted=200,
    defer=(*beside("contact", "lead", "deal"), "lead__score_reasons", "lead__facts", "lead__utm", "lead__conversion",
           "actor__lists"),
)  # fmt: skip

ITEMS = ListSpec(
    "items", _("Catalog"), "item", "contact:read", items_for,
    (
        Column("name", _("Item"), css="c-who", fixed=True, sort="name", who=lambda one: (
            one.name, one.description[:80], False)),
        Column("sku", _("Article number"), css="x sec"),
        Column("series", _("Series")),
        money("price", _("Price"), "unit_price_minor", css="c-st r num"),
        Column("currency", _("Currency"), shown=False),
        moment("created_at", _("Added"), shown=False),
    ),
    (
        Filter("state", _("State"), choices=(("active", _("On sale")), ("retired", _("Off sale"))),
               where=each(lambda value: Q(is_active=value == "active"))),
        Filter("series", _("Series"), "text"),
        Filter("price", _("Price"), "money", "unit_price_minor"),
    ),
    (View("", _("On sale"), "state=active"), View("retired", _("Off sale"), "state=retired")),
    ("-created_at", "-pk"), "crm:item-list", _("Name or article number"), ("name__icontains", "sku__icontains"),
    (_("Nothing on sale yet"), _("Proposals are drafted from what is in the catalog, at these prices.")),
    (("item:manage", "crm:import-new", "put", _("Import"), "link"),
     ("item:manage", "crm:item-new", "plus", _("New item"), "main")),
    export="contact:export", opens="sheet", may_open="item:manage",
)  # fmt: skip

register_list(LEADS, CONTACTS, DEALS, TASKS, ITEMS)
