"""The app configuration of the money part."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Proposals, payments and invoices; core discovers the actions, subscribers, jobs and menu."""

    name = "billing"
    verbose_name = "Money"
