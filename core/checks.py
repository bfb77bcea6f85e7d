"""House rules as system checks."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import Tags, register


@register(Tags.security, deploy=True)
def production_settings(app_configs: Any, **kwargs: Any) -> list[Any]:
    """The production profile needs a real address."""
    found: list[Any] = []
    if settings.PRODUCTION and "localhost" in settings.SITE_URL:
        found.append(
            checks.Warning(
                f"SITE_URL is {settings.SITE_URL}.",
                hint="Set SITE_URL to the address that people and vendors use, like https://crm.example.com.",
                id="core.W001",
            )
        )
    return found
