"""The app configuration; core loads the actions, subscribers and jobs of every app."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CrmConfig(AppConfig):
    """Contacts, leads, deals, activities."""

    name = "crm"
    verbose_name = "CRM"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the search's indexes made where the ORM cannot declare them."""
        post_migrate.connect(_prepare_search, sender=self)


def _prepare_search(using: str = "default", **_: Any) -> None:
    from crm.models.search import prepare  # once the models are loaded

    prepare(using)
