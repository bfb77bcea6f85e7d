"""The app configuration of campaigns."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Segments; core loads the actions and the menu."""

    name = "campaigns"
