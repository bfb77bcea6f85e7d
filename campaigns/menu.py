"""Where campaigns stand in the menu."""

from core.registry import MenuEntry, register_menu

register_menu(
    MenuEntry(
        "segments", "Segments", "campaigns:segment-list", "people", "campaign:read", 220, "Automate"
    ),
)
