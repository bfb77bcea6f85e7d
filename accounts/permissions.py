"""Who may do what: the role matrix, this install's grants and record shares, asked in one place.

`can` answers for one row, `visible` for a queryset; both come from the same scopes and agree.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.models import ContentType
from django.db.models import BigIntegerField, Model, Q, QuerySet
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Grant, Membership, TeamShare, User, UserShare, Workspace
from accounts.models.share import current
from accounts.roles import ADMIN, ALL, MANAGER, MATRIX, NONE, REP, SCOPES, TEAM, Scope, plural

Row = TypeVar("Row", bound=Model)
AnyUser = User | AnonymousUser

SIGN_IN = _("Sign in first.")
DEACTIVATED = _("This account is deactivated. Ask an administrator.")


class UnknownPermission(LookupError):
    """Raised for a name that the matrix does not hold: a mistake in the code, never an answer."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a yes about a row rests on: a role within a scope, or (without them) a share."""

    role: str = ""
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A yes with its ground, or a no that carries its reason to the disabled button."""

    allowed: bool
    reason: str | Promise = ""
    ground: Ground | None = None

    def __bool__(self) -> bool:
        return self.allowed


YES = Verdict(True)
SHARED = Verdict(True, ground=Ground())
SHARE_COLUMNS = ("content_type_id", "permission__codename", "object_pk")


class Facts:
    """What the scopes need to know of one person, each asked of the database once at most."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.user_id: int = user.pk
        self._standing: dict[str, list[Ground]] = {}

    @cached_property
    def team_ids(self) -> tuple[int, ...]:
        """The teams that the person leads."""
        led = Membership.objects.filter(user_id=self.user_id, is_manager=True)
        return tuple(led.values_list("team_id", flat=True))

    @cached_property
    def teammate_ids(self) -> tuple[int, ...]:
        """The members of those teams."""
        if not self.team_ids:
            return ()
        members = Membership.objects.filter(team_id__in=self.team_ids)
        return tuple(members.values_list("user_id", flat=True).distinct())

    @cached_property
    def is_narrowed(self) -> bool:
        """Whether the workspace keeps managers to their own teams."""
        return keeps_managers_to_teams()

    @cached_property
    def shares(self) -> frozenset[tuple[int, str, str]]:
        """The rows shared with the person or a team of theirs: (content type, codename, key)."""
        if "no shares" in self.user.frame:
            return frozenset()
        own = UserShare.objects.filter(current(), user_id=self.user_id)
        theirs = TeamShare.objects.filter(current(), group__user=self.user_id)
        return frozenset(own.values_list(*SHARE_COLUMNS).union(theirs.values_list(*SHARE_COLUMNS)))

    def can(self, permission: str, obj: Model) -> bool:
        """Whether the person may do this to a row that another one leads to."""
        return bool(can(self.user, permission, obj))

    def visible(self, permission: str, rows: QuerySet[Row]) -> QuerySet[Row]:
        """The rows among them for which `can` says yes."""
        return visible(self.user, permission, rows)

    def standing(self, permission: str) -> list[Ground]:
        """Every role by which the person holds the permission, with its scope, the widest first."""
        if permission not in self._standing:
            grounds = self._grounds(_row(permission), permission)
            self._standing[permission] = sorted(grounds, key=lambda one: one.scope is not ALL)
        return self._standing[permission]

    def scopes(self, permission: str) -> list[Scope]:
        """Every scope in which the person holds the permission; ALL alone where there is one."""
        scopes = [ground.scope for ground in self.standing(permission) if ground.scope]
        return [ALL] if ALL in scopes else scopes

    def _grounds(self, row: dict[str, Scope], permission: str) -> Iterator[Ground]:
        for role in sorted(self.user.roles):
            scope = _scope(role, row, lambda: self.is_narrowed)
            if granted := self.user.grants.get((role, permission)):
                scope = SCOPES[granted]
            if scope is not NONE:
                yield Ground(role, scope)


def can(user: AnyUser, permission: str, obj: Model | None = None) -> Verdict:
    """Answer whether the person may do this at all (`obj` None), or to this row."""
    _row(permission)
    if not isinstance(user, User):
        return Verdict(False, SIGN_IN)
    if not user.is_active:
        return Verdict(False, DEACTIVATED)
    facts = facts_of(user)
    grounds = facts.standing(permission)
    if not grounds:
        return Verdict(False, _reason_role(permission))
    if obj is None:
        return Verdict(True, ground=grounds[0])
    for ground in grounds:
        if ground.scope and _reaches(ground.scope, facts, obj):
            return Verdict(True, ground=ground)
    if _is_shared(facts, permission, obj):
        return SHARED
    return Verdict(False, _reason_row(permission, obj))


def visible(user: AnyUser, permission: str, queryset: QuerySet[Row]) -> QuerySet[Row]:
    """Keep exactly the rows for which `can` says yes."""
    _row(permission)
    if not isinstance(user, User) or not user.is_active:
        return queryset.none()
    facts = facts_of(user)
    scopes = facts.scopes(permission)
    if not scopes:
        return queryset.none()
    if ALL in scopes:
        return queryset
    model = queryset.model
    condition = _shared(facts, permission, model)
    for scope in scopes:
        narrow = scope is not TEAM or _has_owner(model)
        condition |= scope.condition(facts, model) if narrow else Q(pk__isnull=False)
    return queryset.filter(condition)


def people_who_can(permission: str, *, some: bool = False) -> QuerySet[User]:
    """Answer the active people who hold the permission for every row, with `some` for any at all."""
    row = _row(permission)
    scopes = {role: _scope(role, row, keeps_managers_to_teams).name for role in row}
    scopes |= dict(Grant.objects.filter(permission=permission).values_list("role", "scope"))
    roles = [role for role, scope in scopes.items() if scope == ALL.name or some]
    roles = [role for role in roles if scopes[role] != NONE.name]
    hold = Q(groups__name__in=roles) | Q(is_superuser=True)
    return User.objects.filter(hold, is_active=True).distinct()


def facts_of(user: User) -> Facts:
    """Answer the person's facts, kept on the loaded object: a new request asks again."""
    facts: Facts | None = user.__dict__.get("_facts")
    if facts is None:
        facts = user.__dict__["_facts"] = Facts(user)
    return facts


def prime(users: Iterable[User]) -> None:
    """Load the facts of many people in as many queries as for one, and forget what was known before."""
    people = {user.pk: user for user in users}
    roles: dict[int, list[str]] = {pk: [] for pk in people}
    links = User.groups.through.objects.filter(user_id__in=people)
    for user_id, name in links.values_list("user_id", "group__name"):
        roles[user_id].append(name)
    grants = list(Grant.objects.values_list("role", "permission", "scope"))
    teams: dict[int, list[tuple[int, bool]]] = {}
    for team, member, leads in Membership.objects.values_list("team_id", "user_id", "is_manager"):
        teams.setdefault(team, []).append((member, leads))
    shares: dict[int, set[tuple[int, str, str]]] = {pk: set() for pk in people}
    own = UserShare.objects.filter(current(), user_id__in=people)
    theirs = TeamShare.objects.filter(current(), group__user__in=people)
    for user_id, *share in own.values_list("user_id", *SHARE_COLUMNS).union(
        theirs.values_list("group__user", *SHARE_COLUMNS)
    ):
        shares[user_id].add((share[0], share[1], share[2]))
    narrowed = keeps_managers_to_teams()
    for pk, user in people.items():
        forget(user)
        held = {*roles[pk], ADMIN} if user.is_superuser else set(roles[pk])
        names = [(name, "", "") for name in roles[pk]]
        user.__dict__["_role_rows"] = names + [grant for grant in grants if grant[0] in held]
        led = tuple(team for team, rows in teams.items() if (pk, True) in rows)
        mates = {member for team in led for member, _ in teams[team]}
        facts_of(user).__dict__.update(team_ids=led, teammate_ids=tuple(mates), is_narrowed=narrowed, shares=shares[pk])


def forget(user: User) -> None:
    """Forget what was asked about this person: after their roles changed in this very request."""
    user.__dict__.pop("_facts", None)
    user.__dict__.pop("_role_rows", None)


def share_codename(permission: str, model: type[Model]) -> str:
    """Answer the guardian permission that shares a row for this verb: view, change or delete."""
    verb = {"read": "view", "delete": "delete"}.get(permission.partition(":")[2], "change")
    return f"{verb}_{model._meta.model_name}"


def _row(permission: str) -> dict[str, Scope]:
    try:
        return MATRIX[permission]
    except KeyError:
        raise UnknownPermission(f"{permission!r} is no permission. See accounts/roles.py.") from None


def keeps_managers_to_teams() -> bool:
    """Answer whether the workspace shows managers their own teams only."""
    return Workspace.current().manager_scope == Workspace.ManagerScope.TEAM


def _scope(role: str, row: dict[str, Scope], is_narrowed: Callable[[], bool]) -> Scope:
    """What a role holds by the matrix; a manager kept to teams never below what a rep may see."""
    scope = row.get(role, NONE)
    return TEAM if role == MANAGER and scope is ALL and row.get(REP) is not ALL and is_narrowed() else scope


def _has_owner(model: type[Model]) -> bool:
    return getattr(model, "owner_paths", None) is not None


def _reaches(scope: Scope, facts: Facts, obj: Model) -> bool:
    # A team scope cannot narrow rows that belong to nobody, such as price lists.
    return (scope is TEAM and not _has_owner(type(obj))) or scope.matches(facts, obj)


def _is_shared(facts: Facts, permission: str, obj: Model) -> bool:
    kind = ContentType.objects.get_for_model(obj)
    return (kind.pk, share_codename(permission, type(obj)), str(obj.pk)) in facts.shares


def has_shares(user: User, permission: str, model: type[Model]) -> bool:
    """Answer whether single rows of a model are shared with the person, or a team of theirs, for this verb."""
    which = (ContentType.objects.get_for_model(model).pk, share_codename(permission, model))
    return any(share[:2] == which for share in facts_of(user).shares)


def _shared(facts: Facts, permission: str, model: type[Model]) -> Q:
    if not has_shares(facts.user, permission, model):
        return Q(pk__in=())
    kind = ContentType.objects.get_for_model(model)
    codename = share_codename(permission, model)
    which: dict[str, Any] = {"content_type": kind, "permission__codename": codename}
    own = UserShare.objects.filter(current(), user_id=facts.user_id, **which)
    theirs = TeamShare.objects.filter(current(), group__user=facts.user_id, **which)
    condition = Q(pk__in=())
    for rows in (own, theirs):
        condition |= Q(pk__in=rows.values_list(Cast("object_pk", BigIntegerField())))
    return condition


def _reason_role(permission: str) -> Promise:
    noun, _colon, verb = permission.partition(":")
    said = {"verb": _(verb.replace("-", " ")), "nouns": _(plural(noun))}
    return format_lazy(_("Your role does not include “{verb}” for {nouns}. An administrator can change that."), **said)


def _reason_row(permission: str, obj: Model) -> Promise:
    text = _("This {noun} belongs to someone else. Its owner or a manager can do this.")
    if permission.endswith(":read"):
        text = _("This {noun} belongs to someone else. You see your own and the ones shared with you.")
    return format_lazy(text, noun=_(str(obj._meta.verbose_name)))
