"""Where campaigns stand in the menu."""

from django.utils.translation import gettext_lazy as _

from core.registry import MenuEntry, register_menu

register_menu(
    MenuEntry("segments", _("Segments"), "campaigns:segment-list", "people", "campaign:read", 220, _("Automate"))
)
