"""Django's admin for people, teams, keys, the workspace and notifications; and its lock."""

from typing import Any, ClassVar

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest

from accounts.forms.workspace import initial_values
from accounts.models import ApiKey, Grant, Membership, Notification, Team, TeamShare, User, UserShare, Workspace
from core.admin import HouseAdmin


def secure_admin(site: admin.AdminSite) -> None:
    """Lock Django's admin: sign-in by allauth with its second factor, only doors onto our actions.

    What other packages registered (queue rows, whose schedules are code; secrets of second
    factors; groups and permissions) is taken out: their forms would write around the actions.
    """
    site.login = secure_admin_login(site.login)  # type: ignore[method-assign]
    for model, model_admin in list(site._registry.items()):
        if not isinstance(model_admin, HouseAdmin):
            site.unregister(model)


@admin.register(User)
class UserAdmin(HouseAdmin):
    """People: invite, change, deactivate."""

    create_action = "user.invite"
    update_action = "user.update"
    verbs = ("user.change-roles", "user.deactivate", "user.reactivate", "user.invite-again", "user.reset-second-factor")
    list_display = ("email", "name", "role_names", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    search_fields = ("email", "name")
    ordering = ("email",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Answer the people with their roles, by the same statement."""
        rows: Any = super().get_queryset(request)
        return rows.with_standing()

    def role_names(self, user: User) -> str:
        """Answer the roles in one line."""
        return ", ".join(sorted(user.roles))

    def shown(self, asked: list[str]) -> list[str]:
        """Show everything but the password's hash."""
        hidden = {"password", "session_epoch"}
        return [name for name in super().shown(asked) if name not in hidden]


@admin.register(Team)
class TeamAdmin(HouseAdmin):
    """Teams and who is in them."""

    create_action, update_action, delete_action = "team.create", "team.update", "team.delete"
    verbs = ("team.set-members",)
    list_display = ("name", "region")
    search_fields = ("name",)


@admin.register(ApiKey)
class ApiKeyAdmin(HouseAdmin):
    """API keys: seen and revoked; made on their own page, where the text is shown once."""

    verbs = ("key.revoke",)
    list_display = ("name", "prefix", "user", "last_used_at", "expires_at", "revoked_at")
    search_fields = ("name", "prefix", "user__email")

    def shown(self, asked: list[str]) -> list[str]:
        """Show everything but the digest."""
        return [name for name in super().shown(asked) if name != "digest"]


@admin.register(Workspace)
class WorkspaceAdmin(HouseAdmin):
    """The one workspace."""

    update_action = "workspace.update"
    list_display = ("name", "currency", "timezone", "automation_paused")

    def initial_values(self, obj: Workspace) -> dict[str, Any]:
        """Answer the current values of the form."""
        return initial_values(obj)


class SuperuserAdmin(HouseAdmin):
    """Rows that only a superuser looks at."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Answer whether this is a superuser."""
        return bool(request.user.is_active and request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Answer whether this is a superuser."""
        return self.has_view_permission(request)


@admin.register(Membership)
class MembershipAdmin(HouseAdmin):
    """Who is in which team."""

    list_display = ("user", "team", "is_manager")


@admin.register(Grant)
class GrantAdmin(HouseAdmin):
    """What this install changed in the role matrix."""

    list_display = ("role", "permission", "scope")


@admin.register(Notification)
class NotificationAdmin(HouseAdmin):
    """What people were told."""

    list_display = ("created_at", "user", "kind", "text", "read_at")
    list_filter = ("kind",)
    date_hierarchy: ClassVar[str] = "created_at"


admin.site.register(UserShare, SuperuserAdmin)
admin.site.register(TeamShare, SuperuserAdmin)
