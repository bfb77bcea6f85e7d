"""Who can see a record, by which rule, and what they may do: the answers of `permissions.can`, explained."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Membership, Team, TeamShare, User, UserShare
from accounts.models.share import current
from accounts.permissions import Ground, can, prime
from accounts.roles import ALL, MATRIX, ROLE_LABELS, TEAM, owners_of, plural
from core.errors import NotFound

RULES = ("owner", "team", "share", "role")
Teams = dict[int, tuple[str, set[int], set[int]]]


@dataclass(frozen=True, slots=True)
class Seer:
    """One person who can see a record: by which rule, in words, and what they may do."""

    user: User
    rule: str
    why: str
    may: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """One share of a record that has not ended."""

    holder: User | Team
    may: str
    until: datetime | None
    note: str
    given_by: User | None
    given_at: datetime

    @property
    def kind(self) -> str:
        """Answer user or team."""
        return "user" if isinstance(self.holder, User) else "team"

    @property
    def text(self) -> str:
        """Answer who gave it and how long it holds."""
        text = _("Shared by %(who)s on %(day)s")
        if self.until:
            text = _("Shared by %(who)s on %(day)s, until %(until)s")
        return text % {
            "who": self.given_by or _("the house"),
            "day": date_format(localtime(self.given_at), "j M Y"),
            "until": date_format(localtime(self.until), "j M Y, H:i") if self.until else "",
        }


def record_for(actor: Actor, noun: str, pk: int) -> Model:
    """Answer the record that an address names, when the actor may read it; raises NotFound."""
    permission = f"{noun}:read"
    model = next((one for one in apps.get_models() if _is(one, noun)), None)
    if model is None or not {permission, f"{noun}:update"} <= MATRIX.keys():
        raise NotFound
    actor.require(permission)
    row = actor.visible(permission, model._default_manager.all()).filter(pk=pk).first()
    if row is None:
        raise NotFound
    return row


def _is(model: type[Model], noun: str) -> bool:
    return model._meta.model_name == noun and hasattr(model, "owner_paths")


def shares_of(record: Model) -> list[Share]:
    """Answer the shares of a record that hold now, the newest first."""
    where = {"content_type": ContentType.objects.get_for_model(record), "object_pk": str(record.pk)}
    rows: list[Any] = []
    for model, related in ((UserShare, "user"), (TeamShare, "group__team")):
        found = model._default_manager.filter(current(), **where)
        rows += found.select_related(related, "given_by", "permission")
    shares: dict[User | Team, Share] = {}
    for row in rows:
        holder: User | Team = row.user if isinstance(row, UserShare) else row.group.team
        edits = row.permission.codename.startswith("change_")
        may = "update" if edits or (holder in shares and shares[holder].may == "update") else "read"
        shares[holder] = Share(holder, may, row.until, row.note, row.given_by, row.given_at)
    return sorted(shares.values(), key=lambda share: share.given_at, reverse=True)


def seers_of(record: Model, noun: str, shares: list[Share]) -> list[Seer]:
    """Answer everybody who can see a record and why, in a fixed number of queries; owners come first."""
    people = list(User.objects.filter(is_active=True).order_by("name", "email"))
    prime(people)
    owners, teams = owners_of(record), _teams()
    found = []
    for user in people:
        verdict = can(user, f"{noun}:read", record)
        if not verdict:
            continue
        may = ("read", "update") if can(user, f"{noun}:update", record) else ("read",)
        ground = verdict.ground
        if user.pk in owners:
            rule, why = "owner", _ownership(owners[user.pk])
        elif ground is None or not ground.role:
            rule, why = "share", _sharing(user, shares, teams)
        elif ground.scope is TEAM:
            rule, why = "team", _leading(user, record, owners, teams)
        else:
            rule, why = "role", _role(ground, noun)
            if (ground.role, f"{noun}:read") in user.grants:
                why = _("%(why)s, as set for this workspace") % {"why": why}
        found.append(Seer(user, rule, why, may))
    return sorted(found, key=lambda seer: RULES.index(seer.rule))


def grouped(seers: list[Seer]) -> list[tuple[str, tuple[str, ...], list[User]]]:
    """Answer (why, what they may do, who): one line for all who see a record by the same role."""
    lines: dict[tuple[str, tuple[str, ...], int], list[User]] = {}
    for seer in seers:
        own_line = 0 if seer.rule == "role" else seer.user.pk
        lines.setdefault((seer.why, seer.may, own_line), []).append(seer.user)
    return [(why, may, people) for (why, may, _), people in lines.items()]


def _teams() -> Teams:
    """Every team: its name, its members, and those of them who lead it."""
    teams: Teams = {}
    columns = ("team_id", "team__name", "user_id", "is_manager")
    for pk, name, user_id, leads in Membership.objects.values_list(*columns):
        _name, members, leaders = teams.setdefault(pk, (name, set(), set()))
        members.add(user_id)
        if leads:
            leaders.add(user_id)
    return teams


def _ownership(path: str) -> str:
    *through, last = path.split(LOOKUP_SEP)
    if through:
        return _("Owns its %(noun)s") % {"noun": _(through[-1])}
    return _("Does it") if last == "actor" else _("Owns it")


def _sharing(user: User, shares: list[Share], teams: Teams) -> str:
    for share in shares:
        if share.holder == user:
            return share.text
        if isinstance(share.holder, Team) and user.pk in teams.get(share.holder.pk, ("", ()))[1]:
            return _("%(text)s, with %(holder)s") % {"text": share.text, "holder": share.holder}
    return _("Shared")


def _leading(user: User, record: Model, owners: dict[int, str], teams: Teams) -> str:
    given = getattr(record, "team_id", None)
    names = [
        name
        for pk, (name, members, leaders) in teams.items()
        if user.pk in leaders and (pk == given or members & owners.keys())
    ]
    if not names:
        return _("Leads its team")
    return _("Leads %(teams)s") % {"teams": _(" and ").join(sorted(names))}


def _role(ground: Ground, noun: str) -> str:
    texts = {
        "all": _("%(role)s: sees all %(nouns)s"),
        "team": _("%(role)s: sees team %(nouns)s"),
        "own": _("%(role)s: sees own %(nouns)s"),
    }
    which = "all" if ground.scope is ALL else str(getattr(ground.scope, "name", ""))
    text = texts.get(which, f"%(role)s: sees {which} %(nouns)s")
    return text % {"role": ROLE_LABELS.get(ground.role, ground.role), "nouns": _(plural(noun))}
