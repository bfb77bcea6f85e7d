"""The actor: who does something, through which door; a parameter of every action and query."""

from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, QuerySet
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts import permissions
from accounts.models import ApiKey, User
from accounts.permissions import YES, Verdict
from accounts.roles import AGENTS_MAY, ALL, MATRIX, WORKFLOWS_MAY
from core.errors import Denied
from core.models import Event

Row = TypeVar("Row", bound=Model)
Kind = Literal["user", "key", "job", "workflow", "agent", "system", "anonymous"]
TRUSTED = ("system", "job")


@dataclass(frozen=True)
class Actor:
    """A person, a key, a workflow, an agent or the house itself, and what it may do."""

    kind: Kind
    name: str = ""
    user: User | None = None
    via: str = "page"
    request_id: str = ""
    ip: str = ""
    scopes: frozenset[str] = frozenset()
    key: ApiKey | None = None

    @classmethod
    def for_user(cls, user: User, *, via: str = "page", request_id: str = "", ip: str = "") -> "Actor":
        """A person at a door."""
        return cls("user", str(user), user, via, request_id, ip)

    @classmethod
    def for_key(cls, key: ApiKey, *, via: str = "api", request_id: str = "", ip: str = "") -> "Actor":
        """A key: acts as its person, within its scopes."""
        scopes = frozenset(key.scopes)
        return cls("key", f"{key.user} ({key.name})", key.user, via, request_id, ip, scopes, key)

    @classmethod
    def system(cls, name: str = "system", *, via: str = "job", request_id: str = "") -> "Actor":
        """The house itself, for what no person decides."""
        return cls("system", name, via=via, request_id=request_id)

    @classmethod
    def job(cls, name: str) -> "Actor":
        """A job that the clock started."""
        return cls("job", name, via="job")

    @classmethod
    def workflow(cls, name: str, *, request_id: str = "") -> "Actor":
        """A workflow, within the list of what workflows may do by themselves."""
        return cls("workflow", name, via="workflow", request_id=request_id)

    @classmethod
    def agent(cls, name: str, *, workflow: str = "", request_id: str = "") -> "Actor":
        """An agent: it reads and drafts; inside a workflow it may do what that workflow may."""
        scopes = WORKFLOWS_MAY if workflow else AGENTS_MAY
        shown = f"{name} in {workflow}" if workflow else name
        return cls("agent", shown, via="agent", request_id=request_id, scopes=scopes)

    @classmethod
    def anonymous(cls, via: str = "page", ip: str = "", *, request_id: str = "") -> "Actor":
        """A stranger at a public door."""
        return cls("anonymous", "Visitor", via=via, ip=ip, request_id=request_id)

    def __str__(self) -> str:
        return self.name or self.kind

    @property
    def user_id(self) -> int | None:
        """The person behind the actor, if there is one."""
        return self.user.pk if self.user else None

    @property
    def zone(self) -> str:
        """The IANA zone of the person behind the actor, "" where there is none: the workspace's then."""
        return self.user.timezone if self.user else ""

    @property
    def is_person(self) -> bool:
        """Whether a person acts, directly or through a key of theirs."""
        return self.user is not None

    @property
    def rate(self) -> tuple[str, str]:
        """Whose calls are counted together, and the tier that says how many there may be."""
        if self.key is not None:
            return f"key:{self.key.pk}", self.key.tier
        if self.user is not None:
            return f"user:{self.user.pk}", "session"
        # Whoever has one IPv6 address has 2^64 of them.
        return f"ip:{self.ip if '.' in self.ip else ':'.join(self.ip.split(':')[:4])}", "anonymous"

    def can(self, permission: str, obj: Model | None = None) -> Verdict:
        """Answer whether the actor may do this at all (`obj` None), or to this row."""
        limit = self._limit(permission)
        if not limit or self.user is None:
            return limit
        return permissions.can(self.user, permission, obj)

    def require(self, permission: str, obj: Model | None = None) -> None:
        """Raise Denied with the reason unless the actor may do this."""
        verdict = self.can(permission, obj)
        if not verdict:
            error = Denied(verdict.reason)
            kind = str(obj._meta.model_name) if obj is not None else ""
            if f"{kind}:read" in MATRIX and obj is not None and self.can(permission):
                error.about = (kind, obj.pk)
            raise error

    def visible(self, permission: str, queryset: QuerySet[Row]) -> QuerySet[Row]:
        """Keep exactly the rows for which `can` says yes."""
        if not self._limit(permission):
            return queryset.none()
        if self.user is None:
            return queryset
        return permissions.visible(self.user, permission, queryset)

    def sees_all(self, permission: str) -> bool:
        """Answer whether `can` says yes to every row there is."""
        if not self._limit(permission):
            return False
        return self.user is None or ALL in permissions.facts_of(self.user).scopes(permission)

    def has_shares(self, permission: str, model: type[Model]) -> bool:
        """Answer whether single rows of a model are shared with the actor for this verb."""
        return self.user is not None and permissions.has_shares(self.user, permission, model)

    def _limit(self, permission: str) -> Verdict:
        """What the actor's kind allows, before the person behind it is asked."""
        if permission not in MATRIX:
            return permissions.can(AnonymousUser(), permission)  # raises: no such permission
        if self.kind in TRUSTED:
            return YES
        no_scope = _("This key does not have the scope {permission}.")
        limits: dict[str, tuple[bool, Promise]] = {
            "user": (self.user is not None, permissions.SIGN_IN),
            "key": (
                self.user is not None and covers(self.scopes, permission),
                format_lazy(no_scope, permission=permission),
            ),
            "workflow": (permission in WORKFLOWS_MAY, _("A workflow may not do this by itself.")),
            "agent": (permission in self.scopes, _("An agent may not do this by itself.")),
        }
        held, reason = limits.get(self.kind, (False, permissions.SIGN_IN))
        return YES if held else Verdict(False, reason)


def of_event(event: Event) -> Actor:
    """Answer the actor of a recorded event, with the rights that it has now; who left has none."""
    user = User.objects.filter(pk=event.actor_id).first() if event.actor_id else None
    scopes = frozenset({"*"}) if event.actor_kind == "key" else frozenset()
    if event.actor_kind == "agent":
        scopes = WORKFLOWS_MAY if " in " in event.actor_name else AGENTS_MAY
    kind = cast(Kind, event.actor_kind)
    return Actor(kind, event.actor_name, user, event.via, event.request_id, event.ip, scopes)


def covers(scopes: frozenset[str], permission: str) -> bool:
    """Answer whether a key's scopes hold the permission: by name, by noun (`lead:*`) or `*`."""
    noun = permission.partition(":")[0]
    return bool(scopes & {permission, f"{noun}:*", "*"})
