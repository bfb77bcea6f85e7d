"""Who can take leads now, and by which territories, as the routing rules see them; two statements."""

import json
from collections.abc import Collection
from datetime import date, timedelta
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from django.db import connection

from accounts.models import Workspace
from accounts.roles import MANAGER, REP
from core import clock
from core.hours import Hours
from crm.lead_rules import WORKING
from crm.models import Holiday, RoutingVersion
from crm.queries.hours import own_hours
from crm.routing import MOST_OPEN, Area, Prospect, RepLoad, areas_of

TURNS: Final = 7_316_203  # the name of the lock under which leads take turns, for PostgreSQL
POSTAL_CODE: Final = "postal_code"
# Every newcomer waits for this one: compiled by the ORM it would take longer than all that it asks.
DESK: Final = f"""
SELECT person.id, person.name, person.email, person.timezone, person.working_hours, person.days_off,
  EXISTS (SELECT 1 FROM accounts_user_groups held JOIN auth_group ON auth_group.id = held.group_id
          WHERE held.user_id = person.id AND auth_group.name = %(manager)s),
  (SELECT COUNT(*) FROM
    (SELECT 1 FROM crm_lead WHERE owner_id = person.id AND status IN {WORKING} LIMIT {MOST_OPEN + 1}) counted),
  (SELECT MAX(id) FROM crm_lead WHERE owner_id = person.id),
  place.team_id, team.region, place.is_manager,
  (SELECT code FROM crm_routingversion ORDER BY id DESC LIMIT 1)
FROM accounts_user person
LEFT JOIN accounts_membership place ON place.user_id = person.id
LEFT JOIN accounts_team team ON team.id = place.team_id
WHERE person.is_active AND EXISTS (
  SELECT 1 FROM accounts_user_groups held JOIN auth_group ON auth_group.id = held.group_id
  WHERE held.user_id = person.id AND auth_group.name = %(rep)s)
ORDER BY person.id, place.id
"""  # noqa: S608 - our own constants


def desk(
    workspace: Workspace, *, in_turn: bool = False, holidays: Collection[date] | None = None
) -> tuple[list[RepLoad], tuple[Area, ...]]:
    """Return every active sales rep with loads (as far as they matter), hours and turns; and the territories.

    With `in_turn`, inside an action, whoever asks after us waits until we are done, so that no two leads go by the
    same loads. `holidays` replace those around today.
    """
    with connection.cursor() as cursor:
        if in_turn and connection.vendor == "postgresql":
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURNS])
        cursor.execute(DESK, {"manager": MANAGER, "rep": REP})
        rows = cursor.fetchall()
    if not rows:
        return [], ()
    if holidays is None:
        around = [clock.now().date() + timedelta(days=n) for n in (-1, 0, 1)]
        holidays = frozenset(Holiday.objects.filter(on__in=around).values_list("on", flat=True))
    house = Hours(workspace.working_hours, workspace.timezone, holidays)
    reps = [_load(list(places), house) for _, places in groupby(rows, itemgetter(0))]
    version = rows[0][-1]
    return reps, _areas(version) if version else ()


def prospect_of(lead: Any, contact: Any) -> Prospect:
    """Return what the rules look at in a lead and its contact."""
    held = (lead.facts, lead.custom, contact.custom)
    codes = (str(one.get(POSTAL_CODE) or "") for one in held if one)
    return Prospect(
        region=lead.region,
        city=lead.city or contact.city,
        country=contact.country,
        score=lead.score,
        value_minor=lead.estimated_value_minor or 0,
        postal_code=next(filter(None, codes), ""),
        industry=lead.industry or contact.industry,
    )


@lru_cache(maxsize=4)
def _areas(code: str) -> tuple[Area, ...]:
    # A version never changes, so that a process reads it once.
    return areas_of(RoutingVersion.objects.values_list("territories", flat=True).get(code=code))


def _load(rows: list[tuple[Any, ...]], house: Hours) -> RepLoad:
    pk, name, email, timezone, hours, days_off, manages, open_leads, last, *_ = rows[0]
    places = [(team, region, leads) for *_, team, region, leads, _ in rows if team is not None]
    return RepLoad(
        user_id=pk,
        name=name or email,
        team_id=places[0][0] if places else None,
        team_ids=tuple(team for team, *_ in places),
        regions=tuple(sorted({region for _, region, _ in places if region})),
        is_senior=bool(manages or any(leads for *_, leads in places)),
        open_leads=open_leads,
        last_assigned=last or 0,
        hours=own_hours(house, timezone, _json(hours), _json(days_off)),
    )


def _json(value: Any) -> Any:
    """What a JSON column holds: PostgreSQL's driver has read it, SQLite's gives text."""
    return json.loads(value) if isinstance(value, str) else value
