"""The places that this app adds to the menu, what can be begun from anywhere, and its cards on the start pages."""

from core.registry import (
    Command,
    MenuEntry,
    Source,
    register_commands,
    register_menu,
    register_sources,
)
from crm import cards
from crm.queries.contacts import contacts_for
from crm.queries.deals import deals_for
from crm.queries.leads import leads_for
from crm.queries.palette import of_contact, of_record

register_menu(
    MenuEntry("leads", "Leads", "crm:lead-list", "lead", "lead:read", 30),
    MenuEntry("contacts", "Contacts", "crm:contact-list", "people", "contact:read", 40),
    MenuEntry("duplicates", "Duplicates", "crm:duplicate-list", "split", "contact:merge", 45),
    MenuEntry("deals", "Deals", "crm:board", "deal", "deal:read", 50),
    MenuEntry("tasks", "Tasks", "crm:activity-list", "check", "activity:read", 60),
    MenuEntry("catalog", "Catalog", "crm:item-list", "tag", "contact:read", 70),
    MenuEntry(
        "pipelines", "Pipelines", "crm:pipeline-list", "deal", "pipeline:manage", 892, "Settings"
    ),
    MenuEntry(
        "holidays", "Holidays", "crm:holiday-list", "cal", "settings:manage", 894, "Settings"
    ),
    MenuEntry("imports", "Imports", "crm:import-list", "put", "contact:import", 75),
    MenuEntry("operations", "Recent changes", "crm:operation-list", "undo", "contact:update", 78),
    MenuEntry("approvals", "Approvals", "crm:approval-list", "shield", "deal:approve", 65),
    MenuEntry(
        "fields", "Fields", "crm:custom-field-list", "note", "settings:manage", 895, "Settings"
    ),
)
register_sources(
    Source(
        "contact",
        "Contacts",
        "contact:read",
        contacts_for,
        "crm:contact-list",
        of_contact,
        10,
        {"kind": "person"},
    ),
    Source("lead", "Leads", "lead:read", leads_for, "crm:lead-list", of_record, 20),
    Source("deal", "Deals", "deal:read", deals_for, "crm:deal-list", of_record, 30),
)
register_commands(
    Command("log", "Log a call", "crm:activity-log", "call", "activity:create", 10, is_sheet=True),
    Command("lead", "New lead", "crm:lead-new", "lead", "lead:create", 20, is_sheet=True),
    Command("contact", "New contact", "crm:contact-new", "people", "contact:create", 30),
    Command("deal", "New deal", "crm:deal-new", "deal", "deal:create", 40),
    Command("task", "New task", "crm:activity-new", "check", "activity:create", 50, is_sheet=True),
    Command("import", "Import a list", "crm:import-new", "put", "contact:import", 60),
)
cards.register()
