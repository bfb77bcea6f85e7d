"""What the palette and the search page offer: records, places and commands, as far as the reader may see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.links import route
from core.models import Event
from core.registry import COMMANDS, SOURCES, Source
from crm.matching import normalise
from crm.models.search import near
from crm.queries.search import Near, best

SHOWN = 6
PLACES = 4
REMEMBERED = 200
SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to open; `row` is the record that it shows, if it is one."""

    key: str
    text: str
    url: str
    detail: str = ""
    icon: str = ""
    is_sheet: bool = False
    row: Any = None


@dataclass(frozen=True, slots=True)
class Group:
    """Some options under a heading, and the list that shows all of them."""

    label: str
    options: list[Option] = field(default_factory=list)
    url_name: str = ""


def palette(actor: Actor, typed: str, places: Iterable[Any]) -> list[Group]:
    """Return what can be opened: recent records and commands for nothing, else what the text finds.

    `>` asks for commands and places only, `@` for people only. `places` are the entries of the reader's menu.
    """
    if typed.startswith(">"):
        return _filled(
            [Group(_("Actions"), _commands(actor, typed[1:])), Group(_("Pages"), _places(places, typed[1:]))]
        )
    if typed.startswith("@"):
        return _filled(records(actor, typed[1:], people=True))
    if not typed:
        return _filled(
            [
                Group(_("Recent"), recent(actor)),
                Group(_("Actions"), _commands(actor, "")),
                Group(_("Pages"), _places(places, "")),
            ]
        )
    begin = [*_places(places, typed), *_commands(actor, typed)][:PLACES]
    return _filled([Group(_("Go to"), begin), *records(actor, typed)])


def recent(actor: Actor) -> list[Option]:
    """Return the records that the person worked on last, newest first."""
    if actor.user_id is None:
        return []
    events = Event.objects.filter(actor_id=actor.user_id).order_by("-pk")
    touched = list(dict.fromkeys(events.values_list("subject_type", "subject_id")[:REMEMBERED]))
    found: dict[tuple[str, int], Option] = {}
    for source in _sources(actor):
        ids = [pk for noun, pk in touched if noun == source.key][:SHOWN]
        rows = source.find(actor).filter(pk__in=ids) if ids else ()
        found |= {(source.key, row.pk): _option(source, row) for row in rows}
    return [found[one] for one in touched if one in found][:SHOWN]


def of_contact(row: Any) -> str:
    """Say where a contact works and lives."""
    company = row.company_name if row.company_name != row.name else ""
    return ", ".join(filter(None, (company, row.city))) or row.email or row.phone


def of_record(row: Any) -> str:
    """Say whom a record is about, and where that is."""
    about = row.contact.name if row.contact.name != row.name else ""
    return ", ".join(filter(None, (about, row.contact.city))) or row.contact.email


def records(actor: Actor, typed: str, *, people: bool = False) -> list[Group]:
    """Return the records that a text finds, the nearest first, by kind; with `people` only those of persons."""
    groups = []
    text = typed.strip()
    nearly: Near = cache(near)  # asked once for all sources
    for source in _sources(actor) if len(text) >= SHORTEST else ():
        if people and source.people is None:
            continue
        rows = source.find(actor).filter(**(source.people or {}) if people else {})
        ids = best(rows, text, SHOWN, nearly)
        held = {row.pk: row for row in rows.filter(pk__in=ids)} if ids else {}
        options = [_option(source, held[pk]) for pk in ids if pk in held]
        groups.append(Group(source.label, options, source.url_name))
    return groups


def _sources(actor: Actor) -> list[Source]:
    return [source for source in SOURCES.values() if actor.can(source.permission)]


def _option(source: Source, row: Any) -> Option:
    return Option(f"{source.key}-{row.pk}", row.name, row.get_absolute_url(), detail=source.detail(row), row=row)


def _commands(actor: Actor, typed: str) -> list[Option]:
    return [
        Option(f"do-{one.key}", one.label, route(one.url_name), icon=one.icon, is_sheet=one.is_sheet)
        for one in COMMANDS.values()
        if _begins(one.label, typed) and actor.can(one.permission)
    ]


def _places(places: Iterable[Any], typed: str) -> list[Option]:
    return [Option(f"go-{one.key}", one.label, one.url, icon=one.icon) for one in places if _begins(one.label, typed)]


def _begins(label: str, typed: str) -> bool:
    """Whether every typed word begins a word of the label."""
    words, asked = normalise(str(label)).split(), normalise(typed).split()
    begun = all(any(word.startswith(part) for word in words) for part in asked)
    return begun and bool(asked or not typed.strip())


def _filled(groups: Sequence[Group]) -> list[Group]:
    return [group for group in groups if group.options]
