"""The app that speaks with the world."""

from django.apps import AppConfig


class OutreachConfig(AppConfig):
    """Messages, inbox, suggestions, workflows and the hooks of vendors."""

    name = "outreach"
    verbose_name = "Outreach"
