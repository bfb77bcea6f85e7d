"""What happens to people, teams, keys and the workspace."""

from dataclasses import dataclass
from datetime import datetime

from core.events import event


@dataclass(frozen=True)
class _OfUser:
    user_id: int
    name: str


@dataclass(frozen=True)
class _OfTeam:
    team_id: int
    name: str


@dataclass(frozen=True)
class _Share:
    record_id: int
    noun: str
    shared_with: str
    may: str
    user_id: int | None = None
    team_id: int | None = None


@event("user.created")
class UserCreated(_OfUser):
    """An administrator, a command or an import made a person's account."""

    roles: list[str]


@event("user.invited")
class UserInvited(_OfUser):
    """A person was sent a one-time link to join."""


@event("user.joined")
class UserJoined(_OfUser):
    """A person followed the link and chose how to sign in."""


@event("user.updated")
class UserUpdated:
    """Fields of a person's profile changed."""

    user_id: int
    changes: list[str]


@event("user.roles_changed")
class UserRolesChanged(_OfUser):
    """A person's roles were replaced; they count from the next request."""

    roles: list[str]
    previous: list[str]


@event("user.deactivated")
class UserDeactivated(_OfUser):
    """A person may no longer sign in; sessions and keys ended."""


@event("user.reactivated")
class UserReactivated(_OfUser):
    """A person may sign in again."""


@event("user.signed_in")
class UserSignedIn:
    """A person signed in."""

    user_id: int
    method: str


@event("user.signed_out")
class UserSignedOut:
    """A person signed out."""

    user_id: int


@event("user.sign_in_failed")
class UserSignInFailed:
    """Somebody tried to sign in and was refused."""

    user_id: int | None
    reason: str


@event("user.second_factor_changed")
class UserSecondFactorChanged:
    """A second factor was added, removed or reset."""

    user_id: int
    factor: str
    change: str


@event("user.password_changed")
class UserPasswordChanged:
    """A person's password changed; their other sessions ended."""

    user_id: int


@event("team.created")
class TeamCreated(_OfTeam):
    """A team was made."""


@event("team.updated")
class TeamUpdated(_OfTeam):
    """A team's name or region changed."""


@event("team.deleted")
class TeamDeleted(_OfTeam):
    """A team was removed; its people stay."""


@event("team.members_changed")
class TeamMembersChanged(_OfTeam):
    """A team's members or managers were replaced."""

    members: list[int]
    managers: list[int]


@event("key.created")
class KeyCreated:
    """An API key was made for a person."""

    key_id: int
    user_id: int
    name: str
    scopes: list[str]
    tier: str = "standard"


@event("key.revoked")
class KeyRevoked:
    """An API key stopped working."""

    key_id: int
    user_id: int
    name: str


@event("notification.created")
class NotificationCreated:
    """A person was told something that goes to them by email, too."""

    notification_id: int
    user_id: int
    kind: str


@event("workspace.updated")
class WorkspaceUpdated:
    """Settings of the workspace changed: field to old and new value."""

    workspace_id: int
    changes: dict[str, list[str]]


@event("workspace.restored")
class WorkspaceRestored:
    """A backup took the place of what was here; the copy is quiet until somebody releases it."""

    workspace_id: int
    made_at: datetime


@event("workspace.released")
class WorkspaceReleased:
    """Somebody let a restored copy send again."""

    workspace_id: int


@event("grant.changed")
class GrantChanged:
    """An install widened or narrowed one cell of the role matrix."""

    grant_id: int | None
    role: str
    permission: str
    scope: str
    previous: str


@event("record.shared")
class RecordShared(_Share):
    """One record was shared with one person or team."""


@event("record.unshared")
class RecordUnshared(_Share):
    """A share of one record was taken back."""


@event("record.access_asked")
class AccessAsked:
    """Somebody who may only read a record asked its owner for more."""

    record_id: int
    noun: str


@event("audit.exported")
class AuditExported:
    """Somebody took events of the audit out of the house."""

    rows: int
    name: str


@event("export.requested")
class ExportRequested:
    """Somebody wants a long list as a file."""

    export_id: int
    list: str
    format: str


@event("delivery.replayed")
class DeliveryReplayed:
    """Work that was given up after its last try is tried again."""

    delivery_id: int
    subscriber: str


@event("job.requested")
class JobRequested:
    """Somebody wants a job to run now, not only when its hour comes."""

    name: str


@event("access.denied")
class AccessDenied:
    """Somebody asked for what their role does not allow; nothing happened."""

    reason: str
    method: str
    path: str
