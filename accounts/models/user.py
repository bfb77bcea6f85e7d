"""People: a user signs in with an email address and holds roles, which are groups by name."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import connection, models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.roles import ADMIN
from core import clock
from core.links import route

if TYPE_CHECKING:
    from collections.abc import Iterator


TEAM_GROUP = "team:"  # groups of this prefix carry record shares, not rights
# The roles that a person holds, and this install's grants: (role, permission, scope).
STANDING = """
SELECT name AS role, '' AS permission, '' AS scope FROM auth_group
    JOIN accounts_user_groups ON group_id = auth_group.id WHERE user_id = {user}
UNION ALL SELECT role, permission, scope FROM accounts_grant
"""
# What the frame of every page shows of them, and what need not be asked.
FRAME = """
UNION ALL SELECT '', 'workspace', name FROM accounts_workspace
UNION ALL SELECT '', 'restored', CAST(restored_at AS text) FROM accounts_workspace WHERE restored_at IS NOT NULL
UNION ALL SELECT '', 'unread', CAST(COUNT(*) AS text) FROM accounts_notification
    WHERE user_id = {user} AND read_at IS NULL
UNION ALL SELECT '', 'no views', '' WHERE NOT EXISTS
    (SELECT 1 FROM accounts_savedview WHERE user_id = {user} OR is_shared)
UNION ALL SELECT '', 'no shares', '' WHERE NOT EXISTS
    (SELECT 1 FROM accounts_usershare WHERE user_id = {user}) AND NOT EXISTS
    (SELECT 1 FROM accounts_teamshare JOIN accounts_user_groups USING (group_id) WHERE user_id = {user})
"""


class _Standing(models.Func):
    """The rows of STANDING and FRAME of each person, as one JSON value."""

    output_field = models.JSONField()
    template = "(SELECT %(lists)s(%(list)s(role, permission, scope)) FROM (%(rows)s) AS standing)"

    def as_sql(
        self, compiler: Any, connection: Any, function: Any = None, template: Any = None,
        arg_joiner: Any = None, **extra: Any,
    ) -> tuple[str, Any]:  # fmt: skip
        """Write the subselect with the database's own names."""
        is_sqlite = connection.vendor == "sqlite"
        names = ("json_group_array", "json_array")
        lists, one = names if is_sqlite else ("jsonb_agg", "jsonb_build_array")
        rows = (STANDING + FRAME).format(user='"accounts_user"."id"')
        return self.template % {"lists": lists, "list": one, "rows": rows}, []


class UserQuerySet(models.QuerySet["User"]):
    """The people of the workspace."""

    def active(self) -> UserQuerySet:
        """Keep people who may sign in."""
        return self.filter(is_active=True)

    def with_standing(self) -> UserQuerySet:
        """Load people together with their roles and with what their pages' frame shows."""
        return self.annotate(standing_rows=_Standing())

    def with_role(self, role: str) -> UserQuerySet:
        """Keep people who hold this role."""
        return self.filter(groups__name=role)


if TYPE_CHECKING:
    _Manager = BaseUserManager["User"]
else:
    _Manager = BaseUserManager.from_queryset(UserQuerySet)


class UserManager(_Manager):
    """Creates users by email address, folded to lower case."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Fold the whole address, so that one mailbox is one person."""
        return (email or "").strip().lower()

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a user; without a password nobody can sign in as them until they choose one."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create an administrator for `manage.py createsuperuser`."""
        return self.create_user(email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> User:
        """Find the person who signs in with this address, whatever its case."""
        return self.get(email=self.normalize_email(email))


class User(AbstractBaseUser, PermissionsMixin):
    """A person who works here."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("As the device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    email = models.EmailField(unique=True, max_length=254)
    name = models.CharField(max_length=150, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    timezone = models.CharField(max_length=64, default="Asia/Kolkata")
    language = models.CharField(max_length=16, blank=True, default="")  # empty: as the device asks
    theme = models.CharField(max_length=8, choices=Theme, default=Theme.SYSTEM)
    email_notifications = models.BooleanField(default=True)
    letter_keys = models.BooleanField(default=True)
    # A week of core.hours, None for the workspace's; days off as [first, last].
    working_hours = models.JSONField(null=True, blank=True)
    days_off = models.JSONField(default=list, blank=True)
    # Minutes before a meeting; 0 for no reminder.
    remind_before = models.PositiveSmallIntegerField(default=15)
    reminded_on = models.DateField(null=True, editable=False)  # the last day whose tasks they were told
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=clock.now)
    deactivated_at = models.DateTimeField(null=True, blank=True)
    session_epoch = models.PositiveIntegerField(default=0, editable=False)
    # Which columns each view of a list shows to this person: {list: {view: {"columns": …, "dense": …}}}.
    lists = models.JSONField(default=dict, blank=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    owner_paths: ClassVar[tuple[str, ...]] = ("pk",)

    class Meta:
        constraints = (models.UniqueConstraint(Lower("email"), name="user_email_folded"),)

    def __str__(self) -> str:
        return self.name or self.email

    def get_absolute_url(self) -> str:
        return route("accounts:person-detail", self.pk)

    def get_full_name(self) -> str:
        """Answer the name to show; the address when no name is known."""
        return str(self)

    def get_short_name(self) -> str:
        """Answer the first word of the name."""
        return str(self).split(" ", maxsplit=1)[0]

    @cached_property
    def _role_rows(self) -> list[tuple[str, str, str]]:
        rows = self.__dict__.pop("standing_rows", None)  # once: what changed since is asked anew
        if rows is None:
            with connection.cursor() as cursor:
                cursor.execute(STANDING.format(user="%s"), [self.pk])
                rows = cursor.fetchall()
        return [(role, permission, scope) for role, permission, scope in rows]

    @property
    def roles(self) -> frozenset[str]:
        """Answer the roles held; a superuser counts as an administrator."""
        names = {role for role, permission, _ in self._role_rows if not permission}
        held = {name for name in names if not name.startswith(TEAM_GROUP)}
        return frozenset(held | {ADMIN} if self.is_superuser else held)

    @property
    def grants(self) -> dict[tuple[str, str], str]:
        """Answer this install's changes to the matrix: (role, permission) to scope."""
        return {(role, perm): scope for role, perm, scope in self._role_rows if role and perm}

    @property
    def frame(self) -> dict[str, str]:
        """Answer what FRAME says, of a person who was loaded for a page."""
        return {name: value for role, name, value in self._role_rows if not role}

    @property
    def is_staff(self) -> bool:
        """Answer whether the operator's door (Django's admin) is open: to administrators only."""
        return self.is_active and ADMIN in self.roles

    def get_session_auth_hash(self) -> str:
        """Tie sessions to the password and to the epoch: raising the epoch ends them all."""
        return self._session_hash(settings.SECRET_KEY)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Answer the hashes that older secret keys would give."""
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._session_hash(secret)

    def _session_hash(self, secret: str | bytes) -> str:
        value = f"{self.password}:{self.session_epoch}"
        return salted_hmac("accounts.session", value, secret=secret, algorithm="sha256").hexdigest()
