"""The places that this app adds to the menu, and its cards on the start pages."""

from core.registry import MenuEntry, register_menu
from crm import cards

register_menu(
    MenuEntry("leads", "Leads", "crm:lead-list", "lead", "lead:read", 30),
    MenuEntry("contacts", "Contacts", "crm:contact-list", "people", "contact:read", 40),
    MenuEntry("deals", "Deals", "crm:board", "deal", "deal:read", 50),
    MenuEntry("tasks", "Tasks", "crm:activity-list", "check", "activity:read", 60),
    MenuEntry("catalog", "Catalog", "crm:item-list", "tag", "contact:read", 70),
    MenuEntry("pipelines", "Pipelines", "crm:pipeline-list", "deal", "pipeline:manage", 892, "Settings"),
    MenuEntry("holidays", "Holidays", "crm:holiday-list", "cal", "settings:manage", 894, "Settings"),
    MenuEntry("imports", "Imports", "crm:import-list", "put", "contact:import", 75),
    MenuEntry("operations", "Recent changes", "crm:operation-list", "undo", "contact:update", 78),
    MenuEntry("approvals", "Approvals", "crm:approval-list", "shield", "deal:approve", 65),
    MenuEntry(
        "fields", "Fields", "crm:custom-field-list", "note", "settings:manage", 895, "Settings"
    ),
)
cards.register()
