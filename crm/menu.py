"""The places that this app adds to the menu, what can be begun from anywhere, and its cards on the start pages."""

from django.utils.translation import gettext_lazy as _

from core.registry import Command, MenuEntry, Source, register_commands, register_menu, register_sources
from crm import cards
from crm.queries.contacts import contacts_for
from crm.queries.deals import deals_for
from crm.queries.leads import leads_for
from crm.queries.palette import of_contact, of_record
from crm.queries.tickets import tickets_for

RECORDS = _("Records")

register_menu(
    MenuEntry("leads", _("Leads"), "crm:lead-list", "lead", "lead:read", 30),
    MenuEntry("contacts", _("Contacts"), "crm:contact-list", "people", "contact:read", 40),
    MenuEntry("duplicates", _("Duplicates"), "crm:duplicate-list", "split", "contact:merge", 45, RECORDS),
    MenuEntry("deals", _("Deals"), "crm:board", "deal", "deal:read", 50),
    MenuEntry("tickets", _("Tickets"), "crm:ticket-list", "ticket", "ticket:read", 55),
    MenuEntry("tasks", _("Tasks"), "crm:activity-list", "check", "activity:read", 60),
    MenuEntry("calendar", _("Calendar"), "crm:calendar", "cal", "activity:read", 62),
    MenuEntry("reports", _("Reports"), "crm:report-list", "chart", "analytics:read", 69),
    MenuEntry("goals", _("Goals"), "crm:goal-list", "percent", "goal:manage", 896, _("Settings")),
    MenuEntry("map", _("Map"), "crm:map", "pin", "contact:read", 68, RECORDS),
    MenuEntry("territories", _("Territories"), "crm:territory-list", "flag", "pipeline:manage", 893, _("Settings")),
    MenuEntry("documents", _("Documents"), "crm:document-list", "doc", "document:read", 66, RECORDS),
    MenuEntry("catalog", _("Catalog"), "crm:item-list", "tag", "contact:read", 70, RECORDS),
    MenuEntry("pipelines", _("Pipelines"), "crm:pipeline-list", "deal", "pipeline:manage", 892, _("Settings")),
    MenuEntry("holidays", _("Holidays"), "crm:holiday-list", "cal", "settings:manage", 894, _("Settings")),
    MenuEntry("setup", _("Set-up"), "crm:setup", "check", "settings:manage", 889, _("Settings")),
    MenuEntry("imports", _("Imports"), "crm:import-list", "put", "contact:import", 75, RECORDS),
    MenuEntry("operations", _("Recent changes"), "crm:operation-list", "undo", "contact:update", 78, RECORDS),
    MenuEntry("approvals", _("Approvals"), "crm:approval-list", "shield", "deal:approve", 65),
    MenuEntry("fields", _("Fields"), "crm:custom-field-list", "note", "settings:manage", 895, _("Settings")),
)
register_sources(
    Source(
        "contact", _("Contacts"), "contact:read", contacts_for, "crm:contact-list", of_contact, 10, {"kind": "person"}
    ),
    Source("lead", _("Leads"), "lead:read", leads_for, "crm:lead-list", of_record, 20),
    Source("deal", _("Deals"), "deal:read", deals_for, "crm:deal-list", of_record, 30),
    Source("ticket", _("Tickets"), "ticket:read", tickets_for, "crm:ticket-list", of_record, 40),
)
register_commands(
    Command("log", _("Log a call"), "crm:activity-log", "call", "activity:create", 10, is_sheet=True),
    Command("lead", _("New lead"), "crm:lead-new", "lead", "lead:create", 20, is_sheet=True),
    Command("contact", _("New contact"), "crm:contact-new", "people", "contact:create", 30),
    Command("deal", _("New deal"), "crm:deal-new", "deal", "deal:create", 40),
    Command("ticket", _("New ticket"), "crm:ticket-new", "ticket", "ticket:create", 45, is_sheet=True),
    Command("task", _("New task"), "crm:activity-new", "check", "activity:create", 50, is_sheet=True),
    Command("document", _("Upload a document"), "crm:document-new", "put", "document:create", 55),
    Command("import", _("Import a list"), "crm:import-new", "put", "contact:import", 60),
)
cards.register()
