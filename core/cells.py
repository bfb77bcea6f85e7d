"""The cells of lists as HTML; made by functions, since a page shows hundreds of them."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from functools import cache, partial
from operator import attrgetter
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.actions import CATALOGUE
from core.lists import Asked, Column
from core.money import Money
from core.templatetags import ui

NONE = mark_safe('<span class="mut">–</span>')


def who(name: str, address: str, below: str = "", face: Any = None, more: str = "") -> str:
    """Who or what a row is about: its face, its name as the link (where there is one), and a second line."""
    title = format_html('<a href="{}"{}>{}</a>', address, more, name) if address else escape(name)
    return format_html(
        '<span class="who">{}<span class="grow cut">{} <small>{}</small></span></span>',
        ui.avatar(face or name) if face is not False else "", title, below,
    )  # fmt: skip


def owner(person: Any) -> SafeString:
    """A colleague as a face, with the name to hover and to hear."""
    if person is None:
        return format_html('<span class="mut">{}</span>', gettext("Nobody"))
    name = ui.person_name(person)
    return format_html('<span class="row" title="{0}">{1}<span class="vh">{0}</span></span>', name, ui.avatar(name))


def call(number: str, name: str, then: str = "") -> str:
    """The button that calls somebody; `then` is where the call is logged afterwards."""
    if not number:
        return ""
    return format_html(
        '<a class="btn gh ico" href="{}" data-called="{}" aria-label="{}">{}</a>',
        ui.tel(number), then, gettext("Call %(name)s") % {"name": name}, ui.icon("call"),
    )  # fmt: skip


def quiet(read: Callable[[Any], Any]) -> Callable[[Any], str]:
    """Make a cell of secondary text."""

    def show(row: Any) -> str:
        text = read(row)
        return mark_safe(f'<span class="sec">{escape(text)}</span>') if text else NONE  # noqa: S308

    return show


def since(read: Callable[[Any], datetime | None]) -> Callable[[Any], str]:
    """Make a cell that says how long ago."""
    return lambda row: ui.ago(read(row)) or NONE


def on(read: Callable[[Any], date | None]) -> Callable[[Any], str]:
    """Make a cell of a day."""
    return lambda row: ui.day(read(row)) or NONE


def chips(read: Callable[[Any], tuple[str, ...]]) -> Callable[[Any], str]:
    """Make a cell of a chip: its text, its colour and, where it has one, its sign."""
    return lambda row: ui.chip(*read(row))


_SHEET = mark_safe(" data-sheet")


def texts(action: str = "", **labels: str | Promise) -> list[Column]:
    """Make columns of plain text that are shown when asked for; `action` changes them."""
    return [Column(key, label, show=quiet(attrgetter(key)), edit=action, shown=False) for key, label in labels.items()]


def moment(key: str, label: str | Promise, **more: Any) -> Column:
    """Make a column of how long ago something was."""
    return Column(key, label, show=since(attrgetter(key)), sort=key, **({"css": "x r mut"} | more))


def day(key: str, label: str | Promise, **more: Any) -> Column:
    """Make a column of a day."""
    return Column(key, label, show=on(attrgetter(key)), sort=key, **more)


def money(key: str, label: str | Promise, minor: str = "", **more: Any) -> Column:
    """Make a column of an amount, held in minor units beside its currency."""
    column = minor or f"{key}_minor"

    def amount(row: Any) -> Money | None:
        return ui.as_money(getattr(row, column), row.currency)

    def plain(row: Any) -> Any:
        worth = amount(row)
        return worth.decimal if worth else ""

    return Column(key, label, plain, lambda row: ui.money(amount(row)), sort=column, **more)


def owned(action: str = "", path: str = "owner") -> Column:
    """Make the column of who looks after a row."""
    person = attrgetter(path)
    return Column("owner", _("Owner"), lambda row: str(person(row) or ""), lambda row: owner(person(row)), edit=action)


class Drawn(NamedTuple):
    """A row ready for the page: its key, its name and its cells."""

    pk: int
    name: str
    cells: str


def draw(asked: Asked, rows: Iterable[Any], suffix: str = "") -> Iterator[Drawn]:
    """Draw rows as the list shows them; what the actor may edit in a row leads to the form of that cell."""
    spec, actor = asked.spec, asked.actor
    sheet = _SHEET if spec.opens == "sheet" else ""
    for row in rows:
        may = cache(partial(_may, actor, row))
        address = row.get_absolute_url() if not spec.may_open or may(spec.may_open) else ""
        cells, name = [], ""
        for column in asked.columns:
            html = ""
            if column.who:
                name, below, face = column.who(row)
                html = who(name, address and address + suffix, below, face, sheet)
            elif not column.may or may(column.may):
                html = shown(column, row, may, address)
            cells.append(f'<td role="cell" class="{column.css}">{html}</td>')
        yield Drawn(row.pk, name, mark_safe("".join(cells)))  # noqa: S308


def shown(column: Column, row: Any, may: Callable[[str], bool], address: str) -> str:
    """Return one cell's HTML: the value, escaped, as a link to its form where `may` says that it is edited."""
    html = conditional_escape(column.show(row)) if column.show else None
    if html is None:
        value = column.plain(row)
        html = NONE if value in ("", None) else escape(value)
    if not column.edit or not address or not may(CATALOGUE[column.edit].permission or ""):
        return html
    link = f'<a class="edit" href="{escape(address)}cell/{column.field}/" data-cell'
    title = escape(gettext("Change: %(label)s") % {"label": column.label})
    return mark_safe(f'{link} title="{title}">{html or NONE}</a>')  # noqa: S308


def _may(actor: Any, row: Any, permission: str) -> bool:
    return bool(actor.can(permission, row))
