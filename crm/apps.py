"""The app configuration; core loads the actions, subscribers and jobs of every app."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.db.models.signals import post_migrate


class CrmConfig(AppConfig):
    """Contacts, leads, deals, activities."""

    name = "crm"
    verbose_name = "CRM"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the search's indexes made where the ORM cannot declare them, and targets for tickets."""
        post_migrate.connect(_prepare_search, sender=self)
        post_migrate.connect(_usual_targets, sender=self)


def _prepare_search(using: str = "default", apps: Any = installed, **_: Any) -> None:
    from crm.models.search import index_rows, prepare, searchables  # once the models are loaded

    prepare(using)
    if hasattr(apps.all_models["crm"].get("contact"), "sort_name"):
        for model in searchables():  # rows of a version that had no sort names
            index_rows(model, model._base_manager.filter(sort_name="").values_list("pk", flat=True))


# priority, minutes of working time to the first answer and to the solution
TARGETS = (("low", 1080, 5400), ("normal", 540, 2700), ("high", 240, 1080), ("urgent", 60, 480))


def _usual_targets(using: str = "default", apps: Any = installed, **_: Any) -> None:
    if "slatarget" in apps.all_models["crm"]:  # a database on its way back knows none
        rows = apps.get_model("crm", "SlaTarget").objects.using(using)
        for priority, one, two in TARGETS:
            minutes = {"response_minutes": one, "resolution_minutes": two}
            rows.get_or_create(priority=priority, defaults=minutes)
