"""The app configuration of the mechanisms."""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation.trans_real import translation


class CoreConfig(AppConfig):
    """Loads the jobs of every app once all models are there."""

    name = "core"

    def ready(self) -> None:
        """Register system checks, actions, subscribers, jobs, menu entries and invariants of every house app."""
        from core import checks, invariants  # noqa: F401  (both register themselves)

        for app in HOUSE_APPS:
            for part in ("actions", "subscribers", "jobs", "menu", "invariants", "lists", "persons"):
                load(f"{app}.{part}")
        # Our texts are English: what that catalogue lacks is not looked for in the six that stand behind it.
        translation(settings.LANGUAGE_CODE)._fallback = None  # type: ignore[attr-defined]


HOUSE_APPS = ("accounts", "crm", "outreach", "campaigns", "billing")


def load(name: str) -> None:
    """Import a module, and every module of it when it is a package; a missing one is none."""
    if find_spec(name.partition(".")[0]) is None or find_spec(name) is None:
        return
    module = import_module(name)
    for entry in iter_modules(getattr(module, "__path__", ())):
        import_module(f"{name}.{entry.name}")
