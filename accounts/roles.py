"""The role matrix: permission → role → scope, in the order of the specified table.

A scope answers one question twice: does this row match, and which rows match. Everything else
(loading a person's standing, an install's own grants, reasons for a no) is in `permissions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

ADMIN: Final = "crm-admin"
MANAGER: Final = "sales-manager"
REP: Final = "sales-rep"
SUPPORT: Final = "support-agent"
MARKETING: Final = "marketing"
VIEWER: Final = "viewer"
FINANCE: Final = "finance-ops"

ROLES: Final = (ADMIN, MANAGER, REP, SUPPORT, MARKETING, VIEWER, FINANCE)
ROLE_LABELS: Final = {
    ADMIN: _("Administrator"),
    MANAGER: _("Sales manager"),
    REP: _("Sales rep"),
    SUPPORT: _("Support agent"),
    MARKETING: _("Marketing"),
    VIEWER: _("Viewer"),
    FINANCE: _("Finance"),
}

# What sentences call the nouns and verbs of the matrix: they are made of its names.
WORDS: Final = (
    _("activity"), _("analytics"), _("audit"), _("campaign"), _("contact"), _("contract"), _("conversation"),
    _("deal"), _("document"), _("documents"), _("form"), _("invoice"), _("item"), _("key"), _("lead"), _("message"),
    _("payment"), _("pipeline"), _("profile"), _("proposal"), _("scoring"), _("settings"), _("suggestion"),
    _("template"), _("ticket"), _("user"), _("workflow"), _("activities"), _("audits"), _("campaigns"), _("contacts"),
    _("contracts"), _("conversations"), _("deals"), _("forms"), _("invoices"), _("items"), _("keys"),
    _("leads"), _("messages"), _("payments"), _("pipelines"), _("profiles"), _("proposals"), _("reports"),
    _("scorings"), _("suggestions"), _("templates"), _("tickets"), _("users"), _("workflows"), _("address"),
    _("addresses"), _("consent"), _("consents"), _("tag"), _("tags"), _("team"), _("teams"), _("refund"),
    _("refunds"), _("abandon"), _("approve"), _("assign"), _("close lost"), _("close won"), _("convert"),
    _("create"), _("delete"), _("disqualify"), _("export"), _("import"), _("issue"), _("launch"), _("manage"),
    _("merge"), _("pause"), _("qualify"), _("read"), _("reassign"), _("reopen"), _("resolve"), _("send"),
    _("update"),
)  # fmt: skip


class Standing(Protocol):
    """What a scope needs to know about a person: who they are, and whom they lead."""

    @property
    def user_id(self) -> int: ...
    @property
    def team_ids(self) -> Collection[int]: ...
    @property
    def teammate_ids(self) -> Collection[int]: ...
    def can(self, permission: str, obj: Model) -> bool: ...
    def visible(self, permission: str, rows: QuerySet[Any]) -> QuerySet[Any]: ...


class Scope:
    """Which rows a cell of the matrix reaches."""

    name: str

    def condition(self, who: Standing, model: type[Model]) -> Q:
        """Answer the filter that keeps exactly the rows for which `matches` says yes."""
        raise NotImplementedError

    def matches(self, who: Standing, obj: Model) -> bool:
        """Answer whether this row is within the scope."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.name.upper()


class All(Scope):
    """Every row."""

    name = "all"

    def condition(self, who: Standing, model: type[Model]) -> Q:
        return Q()

    def matches(self, who: Standing, obj: Model) -> bool:
        return True


class Own(Scope):
    """Rows that one of the model's `owner_paths` leads from to the person."""

    name = "own"

    def condition(self, who: Standing, model: type[Model]) -> Q:
        return _any_of(model, owner_paths(model), (who.user_id,))

    def matches(self, who: Standing, obj: Model) -> bool:
        return any(who.user_id in _ends(obj, path) for path in owner_paths(type(obj)))


class Team(Scope):
    """Own rows, rows of people in a team that the person leads, and rows given to such a team."""

    name = "team"

    def condition(self, who: Standing, model: type[Model]) -> Q:
        people = {who.user_id, *who.teammate_ids}
        owned = _any_of(model, owner_paths(model), people)
        return owned | _any_of(model, team_paths(model), who.team_ids)

    def matches(self, who: Standing, obj: Model) -> bool:
        people = {who.user_id, *who.teammate_ids}
        owned = any(people & _ends(obj, path) for path in owner_paths(type(obj)))
        return owned or any(set(who.team_ids) & _ends(obj, path) for path in team_paths(type(obj)))


@dataclass(frozen=True, repr=False)
class Where(Scope):
    """Rows whose column holds one value, whoever owns them; no row of a model without the column."""

    column: str
    value: str
    name: str = "where"

    def condition(self, who: Standing, model: type[Model]) -> Q:
        has_column = any(field.name == self.column for field in model._meta.fields)
        return Q(**{self.column: self.value}) if has_column else Q(pk__in=())

    def matches(self, who: Standing, obj: Model) -> bool:
        return bool(getattr(obj, self.column, None) == self.value)


class Linked(Scope):
    """Own rows, and rows with a link (`links`) to a record that the person may read (`hangs_on`: link → permission)."""

    name = "linked"

    def condition(self, who: Standing, model: type[Model]) -> Q:
        hung = Q(pk__in=())
        links: Any = model._meta.get_field("links")
        for name, permission in model.hangs_on.items():  # type: ignore[attr-defined]
            ends = links.related_model._meta.get_field(name).related_model._base_manager.all()
            hung |= Q(**{f"{name}__in": who.visible(permission, ends)})
        mine = {links.field.name: OuterRef("pk")}
        return OWN.condition(who, model) | Q(Exists(links.related_model._base_manager.filter(hung, **mine)))

    def matches(self, who: Standing, obj: Model) -> bool:
        if OWN.matches(who, obj):
            return True
        ends = obj.hangs_on  # type: ignore[attr-defined]
        links = obj.links.select_related(*ends)  # type: ignore[attr-defined]
        return any(
            who.can(permission, getattr(link, name))
            for link in links
            for name, permission in ends.items()
            if getattr(link, f"{name}_id")
        )


class Nothing(Scope):
    """No row at all: what a narrowing grant writes over a cell."""

    name = "none"

    def condition(self, who: Standing, model: type[Model]) -> Q:
        return Q(pk__in=())

    def matches(self, who: Standing, obj: Model) -> bool:
        return False


ALL: Final = All()
TEAM: Final = Team()
OWN: Final = Own()
NONE: Final = Nothing()
LINKED: Final = Linked()
WON: Final = Where("status", "won", name="won")
SCOPES: Final[dict[str, Scope]] = {scope.name: scope for scope in (ALL, TEAM, OWN, NONE)}


def owner_paths(model: type[Model]) -> tuple[str, ...]:
    """Answer the lookups that lead from a row of this model to its owners."""
    paths: tuple[str, ...] | None = getattr(model, "owner_paths", None)
    if paths is None:
        raise LookupError(f"{model._meta.label} does not say who owns its rows: give it a tuple owner_paths.")
    return paths


def owners_of(obj: Model) -> dict[int, str]:
    """Answer the ids of everybody whose own this row is, each with the path that leads there."""
    paths = reversed(owner_paths(type(obj)))
    return {end: path for path in paths for end in _ends(obj, path) if end is not None}


def team_paths(model: type[Model]) -> tuple[str, ...]:
    """Answer the lookups that lead from a row to the team it was given to."""
    declared: tuple[str, ...] | None = getattr(model, "team_paths", None)
    if declared is not None:
        return declared
    return ("team",) if any(field.name == "team" for field in model._meta.fields) else ()


def _any_of(model: type[Model], paths: tuple[str, ...], ids: Collection[int]) -> Q:
    # A path over another record asks whether that is theirs, without joining it: a million rows need no join then.
    condition = Q(pk__in=())
    for path in paths:
        step, _, rest = path.partition(LOOKUP_SEP)
        other: Any = model._meta.get_field(step).related_model if rest else None
        if other is None:
            condition |= Q(**{f"{path}{LOOKUP_SEP}in": tuple(ids)})
        else:
            theirs = other._base_manager.filter(_any_of(other, (rest,), ids), pk=OuterRef(f"{step}_id"))
            condition |= Q(Exists(theirs))
    return condition


def _ends(obj: Model, path: str) -> set[Any]:
    return set(_walk(obj, path.split(LOOKUP_SEP)))


def _walk(obj: Any, steps: list[str]) -> Iterator[Any]:
    if not steps:
        yield getattr(obj, "pk", obj)
        return
    step, rest = steps[0], steps[1:]
    if step == "pk":
        yield obj.pk
    elif not rest and hasattr(obj, f"{step}_id"):
        yield getattr(obj, f"{step}_id")  # the column itself: no query for the related row
    else:
        value = getattr(obj, step, None)
        if value is not None:
            yield from _walk(value, rest)


MATRIX: Final[dict[str, dict[str, Scope]]] = {
    # The specified table, row by row.
    "contact:read": {ADMIN: ALL, MANAGER: ALL, REP: ALL, SUPPORT: ALL, MARKETING: ALL, VIEWER: ALL,
                     FINANCE: ALL},
    "contact:create": {ADMIN: ALL, MANAGER: ALL, REP: ALL, MARKETING: ALL},
    "contact:update": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "contact:delete": {ADMIN: ALL},
    "contact:reassign": {ADMIN: ALL, MANAGER: ALL},
    "lead:read": {ADMIN: ALL, MANAGER: ALL, REP: OWN, MARKETING: ALL, VIEWER: ALL},
    "lead:create": {ADMIN: ALL, MANAGER: ALL, REP: ALL, MARKETING: ALL},
    "lead:qualify": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "lead:disqualify": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "lead:convert": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "deal:read": {ADMIN: ALL, MANAGER: ALL, REP: OWN, VIEWER: ALL, FINANCE: WON},
    "deal:create": {ADMIN: ALL, MANAGER: ALL, REP: ALL},
    "deal:update": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "deal:close-won": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "deal:close-lost": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "deal:delete": {ADMIN: ALL},
    "activity:read": {ADMIN: ALL, MANAGER: ALL, REP: OWN, SUPPORT: ALL, VIEWER: ALL},
    "activity:create": {ADMIN: ALL, MANAGER: ALL, REP: ALL, SUPPORT: ALL},
    "activity:update": {ADMIN: ALL, MANAGER: ALL, REP: OWN, SUPPORT: OWN},
    "ticket:read": {ADMIN: ALL, SUPPORT: ALL},
    "ticket:create": {ADMIN: ALL, SUPPORT: ALL},
    "ticket:assign": {ADMIN: ALL, SUPPORT: ALL},
    "ticket:resolve": {ADMIN: ALL, SUPPORT: ALL},
    "campaign:read": {ADMIN: ALL, MANAGER: ALL, MARKETING: ALL, VIEWER: ALL},
    "campaign:create": {ADMIN: ALL, MARKETING: ALL},
    "campaign:launch": {ADMIN: ALL, MARKETING: ALL},
    "pipeline:manage": {ADMIN: ALL},
    "analytics:read": {ADMIN: ALL, MANAGER: ALL, MARKETING: ALL, VIEWER: ALL, FINANCE: ALL},
    # The rows that the table presumes.
    "lead:update": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "lead:delete": {ADMIN: ALL},
    "lead:reassign": {ADMIN: ALL, MANAGER: ALL},
    "lead:reopen": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "deal:reopen": {ADMIN: ALL, MANAGER: ALL},
    "deal:abandon": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "deal:reassign": {ADMIN: ALL, MANAGER: ALL},
    "deal:approve": {ADMIN: ALL, MANAGER: ALL},
    "campaign:update": {ADMIN: ALL, MARKETING: ALL},
    "campaign:pause": {ADMIN: ALL, MARKETING: ALL},
    "ticket:update": {ADMIN: ALL, SUPPORT: ALL},
    "ticket:reopen": {ADMIN: ALL, SUPPORT: ALL},
    "contact:import": {ADMIN: ALL, MANAGER: ALL, REP: ALL, MARKETING: ALL},
    "contact:export": {ADMIN: ALL, MANAGER: ALL, MARKETING: ALL},
    "contact:merge": {ADMIN: ALL, MANAGER: ALL},
    "contact:erase": {ADMIN: ALL},
    "deal:export": {ADMIN: ALL, MANAGER: ALL},
    "scoring:manage": {ADMIN: ALL, MARKETING: ALL},
    "conversation:read": {ADMIN: ALL, MANAGER: ALL, REP: OWN, SUPPORT: ALL},
    "message:send": {ADMIN: ALL, MANAGER: ALL, REP: OWN, SUPPORT: ALL},
    "suggestion:approve": {ADMIN: ALL, MANAGER: ALL, REP: OWN, SUPPORT: OWN},
    "workflow:manage": {ADMIN: ALL, MARKETING: ALL},
    "proposal:create": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "proposal:send": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "invoice:read": {ADMIN: ALL, MANAGER: ALL, REP: OWN, FINANCE: ALL},
    "invoice:issue": {ADMIN: ALL, FINANCE: ALL},
    "payment:refund": {ADMIN: ALL, FINANCE: ALL},
    "user:manage": {ADMIN: ALL},
    "settings:manage": {ADMIN: ALL},
    "audit:read": {ADMIN: ALL},
    # Reading and keeping what those verbs work on.
    "proposal:read": {ADMIN: ALL, MANAGER: ALL, REP: OWN, VIEWER: ALL},
    "payment:read": {ADMIN: ALL, MANAGER: ALL, REP: OWN, FINANCE: ALL},
    "payment:update": {ADMIN: ALL, FINANCE: ALL},
    "contract:read": {ADMIN: ALL, MANAGER: ALL, REP: OWN, FINANCE: ALL},
    "workflow:read": {ADMIN: ALL, MANAGER: ALL, MARKETING: ALL},
    "template:manage": {ADMIN: ALL, MARKETING: ALL},
    "report:schedule": {ADMIN: ALL, MANAGER: OWN, MARKETING: OWN, VIEWER: OWN, FINANCE: OWN},
    "goal:manage": {ADMIN: ALL, MANAGER: ALL},
    "document:read": {ADMIN: ALL, **dict.fromkeys(ROLES[1:], LINKED)},
    "document:create": dict.fromkeys((ADMIN, MANAGER, REP, SUPPORT, MARKETING, FINANCE), ALL),
    "document:update": {ADMIN: ALL, MANAGER: LINKED, REP: OWN, SUPPORT: OWN, MARKETING: OWN, FINANCE: OWN},
    "document:delete": {ADMIN: ALL, MANAGER: LINKED, REP: OWN, SUPPORT: OWN, MARKETING: OWN, FINANCE: OWN},
    "form:manage": {ADMIN: ALL, MARKETING: ALL},
    "item:manage": {ADMIN: ALL},
    "key:manage": {ADMIN: ALL, MANAGER: OWN, REP: OWN, SUPPORT: OWN, MARKETING: OWN, VIEWER: OWN,
                   FINANCE: OWN},
    "profile:update": dict.fromkeys(ROLES, OWN),
}  # fmt: skip

WORKFLOWS_MAY: Final = frozenset({
    "contact:read", "contact:create", "contact:update", "lead:read", "lead:create", "lead:update",
    "lead:qualify", "lead:disqualify", "lead:convert", "deal:read", "deal:create", "deal:update",
    "activity:read", "activity:create", "activity:update", "conversation:read", "message:send",
    "suggestion:approve", "proposal:read", "proposal:create", "proposal:send",
})  # fmt: skip
"""What a workflow may do by itself. Approving, winning, refunding and deleting stay with people."""

AGENTS_MAY: Final = frozenset({
    "contact:read", "contact:create", "contact:update", "lead:read", "lead:create", "lead:update",
    "lead:qualify", "deal:read", "activity:read", "activity:create", "conversation:read",
    "proposal:read", "proposal:create",
})  # fmt: skip
"""What an agent may do outside any workflow: read, note and draft. It sends nothing."""


def plural(noun: str) -> str:
    """Answer the word for many of what a permission is about: leads, activities, reports."""
    return {"activity": "activities", "settings": "settings", "analytics": "reports"}.get(noun, f"{noun}s")
