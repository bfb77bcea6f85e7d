"""The menu, the phone's bottom bar and the start page, for one person's roles."""

from dataclasses import dataclass, replace

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import can
from accounts.roles import ADMIN, FINANCE, MANAGER, MARKETING, REP, SUPPORT, VIEWER
from core import registry
from core.links import route

DOCKS = {
    ADMIN: ("dashboard", "inbox", "new", "deals", "approvals"),
    MANAGER: ("dashboard", "inbox", "new", "deals", "approvals"),
    REP: ("today", "leads", "new", "inbox", "deals"),
    SUPPORT: ("tickets", "inbox", "new", "contacts", "tasks"),
    MARKETING: ("campaigns", "leads", "new", "contacts", "dashboard"),
    FINANCE: ("payments", "invoices", "deals", "contacts"),
    VIEWER: ("dashboard", "leads", "deals", "contacts"),
}
LANDINGS = {
    ADMIN: "accounts:dashboard",
    MANAGER: "accounts:dashboard",
    REP: "accounts:today",
    SUPPORT: "crm:ticket-list",
    MARKETING: "campaigns:campaign-list",
    FINANCE: "billing:payment-list",
    VIEWER: "accounts:dashboard",
}
NEW = (("lead:create", "crm:lead-new"), ("ticket:create", "crm:ticket-new"), ("activity:create", "crm:activity-new"))


@dataclass(frozen=True, slots=True)
class NavEntry:
    """One link of the menu."""

    key: str
    label: str | Promise
    url: str
    icon: str
    current: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class NavGroup:
    """Some links under a heading; the first group has none."""

    label: str | Promise
    entries: list[NavEntry]


def nav_for(user: User, path: str = "") -> list[NavGroup]:
    """Answer the places of the menu that the person's roles may open, grouped and in order."""
    standing = (user.roles, frozenset(user.grants.items()), len(registry.MENU))
    if standing not in _PLACES:
        _PLACES[standing] = _places(user)
    groups = _PLACES[standing]
    current = _current([entry for group in groups for entry in group.entries], path)
    return [
        NavGroup(group.label, [replace(one, current=True) if one.key == current else one for one in group.entries])
        for group in groups
    ]


# The menu depends on nothing but roles and grants, of which an install has a few combinations.
_PLACES: dict[object, list[NavGroup]] = {}


def _places(user: User) -> list[NavGroup]:
    groups: dict[str | Promise, list[NavEntry]] = {}
    for entry in sorted(registry.MENU.values(), key=lambda entry: (entry.order, entry.key)):
        url = address(entry.url_name)
        if url and (not entry.permission or can(user, entry.permission)):
            here = NavEntry(entry.key, entry.label, url, entry.icon)
            groups.setdefault(entry.group, []).append(here)
    ordered = sorted(groups.items(), key=lambda group: group[0] != "")
    return [NavGroup(label, entries) for label, entries in ordered]


def commands_for(user: User) -> list[registry.Command]:
    """Answer what the person's roles may begin, in order."""
    return [one for one in registry.COMMANDS.values() if can(user, one.permission)]


def dock_for(user: User, nav: list[NavGroup]) -> list[NavEntry]:
    """Answer at most five places for the bottom of a phone; "New" for those who make something."""
    places = {entry.key: entry for group in nav for entry in group.entries}
    keys = next((keys for role, keys in DOCKS.items() if role in user.roles), ("dashboard",))
    makes = (name for permission, name in NEW if can(user, permission))
    if url := next(filter(None, map(address, makes)), ""):
        places["new"] = NavEntry("new", _("New"), url, "plus")
    return [places[key] for key in keys if key in places]


def topic_of(nav: list[NavGroup]) -> str:
    """Answer the place of the menu that a page belongs to, which its help is named after; "" for none."""
    return next((entry.key for group in nav for entry in group.entries if entry.current), "")


def landing_of(user: User) -> str:
    """Answer the page that a person lands on: that of the first of the roles that they hold."""
    wanted = (name for role, name in LANDINGS.items() if role in user.roles)
    return next(filter(None, map(address, wanted)), "") or reverse("accounts:today")


def address(url_name: str) -> str:
    """Answer the address of a route without parameters; "" when nobody mounted it."""
    try:
        return route(url_name)
    except NoReverseMatch:
        return ""


def _current(entries: list[NavEntry], path: str) -> str:
    here = [entry for entry in entries if entry.url != "/" and path.startswith(entry.url)]
    return max(here, key=lambda entry: len(entry.url)).key if here else ""
