"""The places of outreach in the menu."""

from core.registry import MenuEntry, register_menu

register_menu(
    MenuEntry("inbox", "Inbox", "outreach:inbox", "inbox", "conversation:read", 20),
    MenuEntry("drafts", "AI drafts", "outreach:suggestion-list", "spark", "suggestion:approve", 25),
    MenuEntry(
        "workflows", "Workflows", "outreach:workflow-list", "flow", "workflow:read", 110, "Automate"
    ),
    MenuEntry("sink", "Mail sink", "outreach:sink", "mail", "settings:manage", 190, "Automate"),
)
