"""Who can take leads now, as the routing rules see them."""

from django.db.models import Count, Max, Prefetch

from accounts.models import Membership, User
from accounts.roles import MANAGER, REP
from crm.models import Lead
from crm.routing import RepLoad


def rep_loads() -> list[RepLoad]:
    """Every active sales rep with team, regions, tier, open leads and whose turn it is."""
    members = Prefetch("memberships", Membership.objects.select_related("team").order_by("pk"))
    reps = User.objects.active().with_role(REP).prefetch_related(members, "groups").order_by("pk")
    owned = Lead.objects.exclude(owner=None).order_by().values("owner")
    load = dict(
        owned.filter(status__in=("new", "contacted", "qualified"))
        .annotate(n=Count("pk"))
        .values_list("owner", "n")
    )
    last = dict(owned.annotate(last=Max("pk")).values_list("owner", "last"))
    return [_load(rep, load.get(rep.pk, 0), last.get(rep.pk, 0)) for rep in reps]


def _load(rep: User, open_leads: int, last: int) -> RepLoad:
    memberships = list(rep.memberships.all())
    leads_people = any(membership.is_manager for membership in memberships)
    return RepLoad(
        user_id=rep.pk,
        name=str(rep),
        team_id=memberships[0].team_id if memberships else None,
        regions=tuple(sorted({m.team.region for m in memberships if m.team.region})),
        is_senior=leads_people or any(group.name == MANAGER for group in rep.groups.all()),
        open_leads=open_leads,
        last_assigned=last,
        timezone=rep.timezone,
    )
