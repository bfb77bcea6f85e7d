"""The app configuration; core loads the actions, subscribers and jobs of every app."""

from django.apps import AppConfig


class CrmConfig(AppConfig):
    """Contacts, leads, deals, activities."""

    name = "crm"
    verbose_name = "CRM"
    default_auto_field = "django.db.models.BigAutoField"
