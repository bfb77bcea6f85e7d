"""The places of outreach in the menu."""

from django.utils.translation import gettext_lazy as _

from core.registry import MenuEntry, register_menu

register_menu(
    MenuEntry("inbox", _("Inbox"), "outreach:inbox", "inbox", "conversation:read", 20),
    MenuEntry("drafts", _("AI drafts"), "outreach:suggestion-list", "spark", "suggestion:approve", 25),
    MenuEntry("workflows", _("Workflows"), "outreach:workflow-list", "flow", "workflow:read", 110, _("Automate")),
    MenuEntry("sink", _("Mail sink"), "outreach:sink", "mail", "settings:manage", 190, _("Automate")),
)
