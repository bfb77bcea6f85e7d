"""REST for territories and their versions, for a lead tried out and last month replayed, and for the map."""

from typing import Any

from ninja import Router

from core.actions import clean
from core.api import check_query, rest
from core.doors import Request
from core.openapi import OBJECT, PERSON, TEXT, rows_of, shows
from core.verbs import browse, by, offer
from crm.api.shapes import person
from crm.forms.territories import MapForm, TryLeadForm
from crm.models import RoutingVersion, Territory
from crm.queries.map import account_map, rules_in_force
from crm.queries.territories import (
    prospect_for,
    replay,
    territories_for,
    territory_for,
    try_out,
    version_for,
    versions_for,
)

router = Router(tags=["Territories"])
ASKED = dict.fromkeys((*TryLeadForm.base_fields, "rules"), TEXT)
MAPPED = dict.fromkeys(MapForm.base_fields, TEXT)
GIVEN = {
    "type": "object",
    "properties": {"owner": PERSON, "reason": TEXT, "others": {"type": "array", "items": OBJECT}},
    "required": ["owner", "reason", "others"],
}


@shows(
    Territory,
    "id name priority colour countries regions cities postal_prefixes industries team_id max_open_leads"
    " created_at updated_at version",
    reps={"type": "array", "items": PERSON},
)
def territory(row: Territory) -> dict[str, Any]:
    """Return a territory of the draft."""
    return {"reps": [person(rep) for rep in row.reps.all()]}


@shows(RoutingVersion, "id note published_at territories", published_by=PERSON)
def version(row: RoutingVersion) -> dict[str, Any]:
    """Return a version of the rules."""
    return {"published_by": person(row.published_by)}


browse(
    router, "/territories", "pipeline:manage", territory, territories_for, find=territory_for,
    orderings=by("priority", "name"),
)  # fmt: skip
browse(
    router, "/routing/versions", "pipeline:manage", version, versions_for, find=version_for,
    orderings=by("-pk"),
)  # fmt: skip
for route, action, shape, find in (
    ("POST /territories", "territory.create", territory, None),
    ("PATCH /territories/{int:pk}", "territory.update", territory, territory_for),
    ("DELETE /territories/{int:pk}", "territory.delete", territory, territory_for),
    ("POST /routing/publish", "routing.publish", version, None),
    ("POST /routing/versions/{int:pk}/restore", "routing.restore", version, version_for),
):
    offer(router, route, action, shape, find)


@rest(router, "GET", "/routing/try", permission="pipeline:manage", query=ASKED, answers={200: GIVEN})
def try_(request: Request) -> dict[str, Any]:
    """Say who would get a lead now, and why not the others; `rules=draft` asks the draft."""
    check_query(request, ASKED)
    prospect = prospect_for(request.actor, clean(TryLeadForm, request.GET))
    given, others = try_out(prospect, by_draft=request.GET.get("rules") == "draft")
    return {
        "owner": {"id": given.user_id, "name": given.name} if given.user_id else None,
        "reason": given.reason,
        "others": [{"id": rep.user_id, "name": rep.name, "reason": why} for rep, why in others],
    }


@rest(router, "GET", "/routing/replay", permission="pipeline:manage", answers={200: OBJECT})
def replayed(request: Request) -> dict[str, Any]:
    """Give last month's leads once more: per person what they got, would by the rules in force, and by the draft."""
    found = replay(request.actor)
    sides = ("name", "got", "in_force", "draft")
    return {
        "leads": found.leads,
        "people": [dict(zip(sides, one, strict=True)) for one in found.people],
        "changes": [
            {"lead_id": one.lead.pk, "got": one.got, "in_force": one.now, "draft": one.then, "reason": one.why}
            for one in found.changes
        ],
    }  # fmt: skip


@rest(router, "GET", "/map", permission="contact:read", query=MAPPED, answers={200: rows_of(OBJECT)})
def map_(request: Request) -> dict[str, Any]:
    """List the cities of your contacts, the fullest first: how many, and what their open deals are worth."""
    check_query(request, MAPPED)
    named = [(rule["id"], rule["name"]) for rule in rules_in_force()]
    asked = clean(MapForm, request.GET, territories=named)
    rows = [
        {
            "city": spot.name,
            "country": spot.country,
            "latitude": spot.city and spot.city.north,
            "longitude": spot.city and spot.city.east,
            "territory": spot.territory,
            "contacts": spot.contacts,
            "open_deals": spot.worth,
        }
        for spot in account_map(request.actor, **asked)
    ]
    return {"results": rows, "next": None}
