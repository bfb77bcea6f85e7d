"""The places that this app adds to the menu."""

from core.registry import MenuEntry, register_menu

SETTINGS = "Settings"

register_menu(
    MenuEntry("dashboard", "Dashboard", "accounts:dashboard", "home", "analytics:read", 5),
    MenuEntry("today", "Today", "accounts:today", "today", "activity:create", 10),
    MenuEntry(
        "settings", "Business", "accounts:workspace", "set", "settings:manage", 890, SETTINGS
    ),
    MenuEntry("people", "People", "accounts:person-list", "users", "user:manage", 900, SETTINGS),
    MenuEntry("teams", "Teams", "accounts:team-list", "people", "user:manage", 910, SETTINGS),
    MenuEntry("roles", "Roles", "accounts:roles", "lock", "user:manage", 920, SETTINGS),
    MenuEntry("keys", "API keys", "accounts:key-list", "key", "key:manage", 930, SETTINGS),
    MenuEntry("audit", "Audit", "accounts:audit", "clock", "audit:read", 940, SETTINGS),
)
