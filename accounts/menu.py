"""The places that this app adds to the menu."""

from django.utils.translation import gettext_lazy as _

from core.registry import MenuEntry, register_menu

SETTINGS = _("Settings")

register_menu(
    MenuEntry("dashboard", _("Dashboard"), "accounts:dashboard", "home", "analytics:read", 5),
    MenuEntry("today", _("Today"), "accounts:today", "today", "activity:create", 10),
    MenuEntry("settings", _("Business"), "accounts:workspace", "set", "settings:manage", 890, SETTINGS),
    MenuEntry("people", _("People"), "accounts:person-list", "users", "user:manage", 900, SETTINGS),
    MenuEntry("teams", _("Teams"), "accounts:team-list", "people", "user:manage", 910, SETTINGS),
    MenuEntry("roles", _("Roles"), "accounts:roles", "lock", "user:manage", 920, SETTINGS),
    MenuEntry("keys", _("API keys"), "accounts:key-list", "key", "key:manage", 930, SETTINGS),
    MenuEntry("jobs", _("Jobs"), "accounts:job-list", "bolt", "settings:manage", 935, SETTINGS),
    MenuEntry("audit", _("Audit"), "accounts:audit", "clock", "audit:read", 940, SETTINGS),
)
