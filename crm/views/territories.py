"""Territories: drafted, tried out, replayed, published; and the map of accounts."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from core.doors import door
from core.pages import page
from crm.forms.territories import MapForm, TryLeadForm
from crm.geography import WIDTH, frame_of, known
from crm.queries.map import account_map, rules_in_force
from crm.queries.territories import (
    draft_rules,
    is_published,
    prospect_for,
    replay,
    territories_for,
    territory_for,
    try_out,
    version_for,
    versions_for,
)
from crm.sheets import press, sheet

HOME = {"goes": "crm:territory-list", "back": "crm:territory-list"}
SMALLEST, LARGEST, LABELS, LINE = 5, 26, 25, 26


@door("pipeline:manage")
def list_(request: HttpRequest) -> HttpResponse:
    """The territories of the draft, and the versions that were published."""
    context = {
        "rows": territories_for(request.actor),
        "versions": versions_for(request.actor)[:20],
        "is_published": is_published(draft_rules()),
    }
    return page(request, "crm/territories/list.html", context)


new = sheet(
    "territory.create", None, title=_("New territory"), submit=_("Add territory"),
    message=_("Added to the draft. Publish it when you are sure."), **HOME,
)  # fmt: skip
edit = sheet(
    "territory.update", territory_for, title="{.name}", submit=_("Save"),
    message=_("Saved in the draft. Publish it when you are sure."), **HOME,
)  # fmt: skip
delete = sheet(
    "territory.delete", territory_for, title=_("Delete {.name}?"), submit=_("Delete territory"), danger=True,
    message=_("Deleted from the draft."), intro=_("Leads are given as before until you publish."), **HOME,
)  # fmt: skip
publish = sheet(
    "routing.publish", None, title=_("Publish these territories?"), submit=_("Publish"),
    message=_("Published. New leads are given by these territories."),
    intro=_("From now on new leads are given by the draft. Leads that have an owner keep them."), **HOME,
)  # fmt: skip
restore = press(
    "routing.restore", version_for, _("The draft is that version again. Publish it when you are sure.")
)  # fmt: skip


@door("pipeline:manage")
def try_(request: HttpRequest) -> HttpResponse:
    """Who would get a lead now, by the draft or by the rules in force, and why not the others."""
    form = TryLeadForm(request.GET or None)
    by_draft = request.GET.get("rules") != "published"
    context = {"form": form, "by_draft": by_draft}
    if request.GET and form.is_valid():
        prospect = prospect_for(request.actor, form.cleaned_data)
        context["given"], context["others"] = try_out(prospect, by_draft=by_draft)
        context["prospect"] = prospect
    return page(request, "crm/territories/try.html", context)


@door("pipeline:manage")
def replayed(request: HttpRequest) -> HttpResponse:
    """The leads of last month under the draft, and where that differs from the rules in force."""
    return page(request, "crm/territories/replay.html", {"replay": replay(request.actor)})


@door("contact:read")
def map_(request: HttpRequest) -> HttpResponse:
    """The accounts by city: a drawing, and the list behind it."""
    named = [(rule["id"], rule["name"]) for rule in rules_in_force()]
    form = MapForm(request.GET, territories=named)
    form.is_valid()  # a value that is not right narrows nothing; its message stands at the field
    asked = {name: form.cleaned_data.get(name) for name in ("owner", "territory")}
    stage = form.cleaned_data.get("stage") or ""
    spots = account_map(request.actor, stage=stage, **asked)
    placed = [spot for spot in spots if spot.city]
    frame = frame_of(spot.city for spot in placed)
    most = max((spot.contacts for spot in placed), default=1) or 1
    dots, taken = [], list[tuple[float, float]]()
    for spot in placed:
        x, y = frame.place(spot.city.north, spot.city.east)
        is_free = all(abs(x - right) > 7 * LINE or abs(y - low) > LINE for right, low in taken)
        if is_named := is_free and len(taken) < LABELS:
            taken.append((x, y))
        radius = SMALLEST + (LARGEST - SMALLEST) * (spot.contacts / most) ** 0.5
        dots.append((spot, x, y, round(radius, 1), is_named))
    inside = [frame.place(city.north, city.east) for city in set(known().values())]
    context = {
        "form": form, "spots": spots, "dots": dots, "wide": WIDTH, "tall": frame.tall, "lines": frame.lines(),
        "faint": sorted((x, y) for x, y in inside if 0 <= x <= WIDTH and 0 <= y <= frame.tall),
        "contacts": sum(spot.contacts for spot in spots),
    }  # fmt: skip
    return page(request, "crm/territories/map.html", context)
