"""Who can take leads now, as the routing rules see them."""

from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, Subquery

from accounts.models import Membership, User
from accounts.roles import MANAGER, REP
from core.keyset import CountOf
from crm.models import Lead
from crm.queries.scoring import WORKING
from crm.routing import MOST_OPEN, RepLoad


def rep_loads() -> list[RepLoad]:
    """Every active sales rep with team, regions, tier, open leads (as far as it matters) and whose turn it is."""
    theirs = Lead.objects.filter(owner=OuterRef("pk"))
    open_leads = theirs.filter(status__in=WORKING).values("pk")[: MOST_OPEN + 1]
    manages = Group.objects.filter(user=OuterRef("pk"), name=MANAGER)
    reps = User.objects.active().with_role(REP).order_by("pk")
    found = reps.annotate(
        open_leads=CountOf(open_leads),
        last=Subquery(theirs.order_by("-pk").values("pk")[:1]),
        manages=Exists(manages),
    ).values("pk", "name", "email", "timezone", "open_leads", "last", "manages")
    teams: dict[int, list[tuple[int, str, bool]]] = {}
    places = Membership.objects.filter(user__in=reps.values("pk")).order_by("pk")
    for user_id, *place in places.values_list("user", "team", "team__region", "is_manager"):
        teams.setdefault(user_id, []).append((place[0], place[1], place[2]))
    return [_load(rep, teams.get(rep["pk"], [])) for rep in found]


def _load(rep: dict[str, Any], places: list[tuple[int, str, bool]]) -> RepLoad:
    return RepLoad(
        user_id=rep["pk"],
        name=rep["name"] or rep["email"],
        team_id=places[0][0] if places else None,
        regions=tuple(sorted({region for _, region, _ in places if region})),
        is_senior=rep["manages"] or any(leads for *_, leads in places),
        open_leads=rep["open_leads"],
        last_assigned=rep["last"] or 0,
        timezone=rep["timezone"],
    )
