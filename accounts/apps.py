"""The accounts app: people, roles, keys, notifications, the workspace."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    """Tells core who acts, registers the menu, keeps the role groups in the database."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect what core leaves open."""
        from allauth.account.signals import email_changed
        from allauth.mfa import signals

        from accounts import adapters
        from accounts.actor import of_event
        from accounts.models import Workspace
        from accounts.queries.saved_views import tabs_of
        from accounts.refusals import record
        from core import registry
        from core.jobs import use_zone
        from core.lists import saved_views
        from core.quarantine import use_reader

        saved_views.append(tabs_of)
        registry.register_actor_factory(of_event)
        registry.register_refusal_recorder(record)
        use_zone(lambda: Workspace.current().timezone)
        use_reader(Workspace.quiet_since)
        post_migrate.connect(make_roles, sender=self, dispatch_uid="accounts.roles")
        email_changed.connect(adapters.note_email, dispatch_uid="accounts.email")
        for change in ("added", "removed", "reset"):
            signal = getattr(signals, f"authenticator_{change}")
            signal.connect(adapters.note_factor(change), weak=False, dispatch_uid=f"factor {change}")


def make_roles(using: str, **kwargs: Any) -> None:
    """Create the groups of the seven roles after a migration."""
    from django.contrib.auth.models import Group

    from accounts.roles import ROLES

    for role in ROLES:
        Group.objects.using(using).get_or_create(name=role)
