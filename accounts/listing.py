"""The pages of a list: its rows, a cell to edit, a file of them, and a record's place among them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

from django import forms
from django.http import HttpResponse
from django.http.request import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.timezone import localdate
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actions.exports import KEPT, request_export
from accounts.models import Export, User
from core.actions import CATALOGUE
from core.cells import draw, shown
from core.clauses import OPERATORS, WORDS, Clause
from core.clock import now
from core.conflicts import Conflict, base_of, run_merged
from core.doors import Request, View, door, signed_in
from core.errors import HouseError, Invalid, NotFound
from core.exports import FORMS, TYPES, exported
from core.files import attachment, open_kept
from core.lists import COUNTED, Asked, Column, ListSpec, content_of, export_of, read, roughly
from core.money import short_money
from core.numbers import is_number
from core.pages import asked_part, done, keys_in_order, make_cursor, page, paginate
from core.tokens import read as read_token
from core.tokens import sign

PARTS = ("list", "list-rows")
TABS = 12
AT_ONCE = 5_000  # rows; a longer file is the worker's
BY_SIZE = {"": _("{}, lowest first"), "-": _("{}, highest first")}
A_TO_Z = {"": _("{}, A to Z"), "-": _("{}, Z to A")}
THEIRS = _("{} set this to “{}” meanwhile. Save again to keep yours; Escape keeps theirs.")


def list_page(spec: ListSpec, template: str = "ui/list.html", **more: Any) -> View:
    """Make the page of a list; `more` are words for its template, a callable among them gets the actor."""

    @door(spec.permission)
    def view(request: Request) -> HttpResponse:
        asked = _asked(request, spec, request.GET)
        context = _context(request, asked)
        context |= {key: word(asked.actor) if callable(word) else word for key, word in more.items()}
        named = "ui/list.html" if asked_part(request) in PARTS else template
        return page(request, named, context, parts=PARTS)

    return view


def _context(request: Request, asked: Asked) -> dict[str, Any]:
    spec, actor = asked.spec, asked.actor
    found = asked.shown()
    cursor = request.GET.get("cursor", "")
    rows = paginate(found, cursor, order=asked.order, count_to=spec.counted)
    here = asked.address()
    suffix = f"?from={sign('list', spec.key + here)}" if spec.one else ""
    drawn = list(draw(asked, rows, suffix))
    return {
        "spec": spec,
        "asked": asked,
        "here": here,
        "rows": rows,
        "drawn": drawn,
        "heads": [_head(asked, column) for column in asked.columns],
        "total": roughly(found, rows.counted, spec.counted),
        "worth": _worth(asked) if 0 < rows.counted <= spec.counted else "",
        "tabs": asked.views[:TABS],
        "more_tabs": asked.views[TABS:],
        "chips": [_chip(asked, clause) for clause in asked.clauses],
        "addable": _addable(asked),
        "sorts": [(f"{way}{one.key}", word.format(one.label)) for one in asked.offered if one.sort
                  for way, word in (A_TO_Z if one.sort.endswith("name") else BY_SIZE).items()],
        "is_narrowed": bool(asked.words or asked.clauses),
        "buttons": [one for one in spec.buttons if actor.can(one[0])],
        "bulk": spec.bulk(actor, spec.key) if spec.bulk and drawn else (),
        "may_export": bool(spec.export and actor.can(spec.export)),
    }  # fmt: skip


def _worth(asked: Asked) -> str:
    """What all rows together are worth, in words; of more rows than are counted nobody asks it at every look."""
    return " + ".join(short_money(one) for one in asked.worth())


def _head(asked: Asked, column: Column) -> dict[str, str | Promise]:
    """A heading; the link turns the order round, and starts with the highest."""
    if not column.sort:
        return {"key": column.key, "label": column.label, "css": column.css}
    current = asked.sort or next(
        (f"{'-' * name.startswith('-')}{one.key}" for name in asked.order[:1] for one in asked.offered
         if one.sort and one.sort == name.removeprefix("-")), ""
    )  # fmt: skip
    falls = current == f"-{column.key}"
    order = ("descending" if falls else "ascending") if current.removeprefix("-") == column.key else ""
    rises = falls or (not order and column.sort.endswith("name"))  # names start with A
    to = column.key if rises else f"-{column.key}"
    return {"key": column.key, "label": column.label, "css": column.css, "sort": asked.address(sort=to), "order": order}


def _chip(asked: Asked, clause: Clause) -> dict[str, Any]:
    """A filter in words, each part a control of its own."""
    others = [one for one in asked.clauses if one is not clause]
    return {
        "key": clause.filter.key,
        "label": clause.filter.label,
        "operator": clause.operator,
        "operators": [(name, WORDS[name]) for name in OPERATORS[clause.filter.kind]],
        "control": clause.control,
        "pairs": clause.filter.pairs() if clause.control == "choice" else (),
        "values": clause.values or ("",),
        "without": asked.address(clauses=others),
        "is_days": clause.control == "number" and clause.filter.kind in ("date", "time"),
    }


def _addable(asked: Asked) -> list[tuple[str | Promise, str]]:
    """The filters that are not asked yet, each with the address that adds it."""
    taken = {clause.filter.key for clause in asked.clauses}
    return [
        (one.label, asked.address(clauses=[*asked.clauses, Clause(one, OPERATORS[one.kind][0])]))
        for one in asked.filters
        if one.offered and one.key not in taken
    ]


def export_page(spec: ListSpec) -> View:
    """Make the file of a list: the rows and columns that it shows, or everything for importing it again."""

    @door(spec.export, ("GET", "HEAD", "POST"))
    def view(request: Request) -> HttpResponse:
        return file_of(request, spec, most=AT_ONCE)

    return view


def file_of(request: Request, spec: ListSpec, most: int = 0) -> HttpResponse:
    """Return the file of a list that an address asks for; raises Invalid for what it does not know.

    Of more than `most` rows a page says that the worker writes it, and has it written when that is wanted.
    """
    export_of(spec.key, request.actor)
    ticked, query = request.GET.getlist("pk")[:1_000], request.GET.get("filters")
    asked = _asked(request, spec, request.GET if query is None else QueryDict(query))
    found, form = asked.shown(), request.GET.get("format", "csv")
    if ticked and "all" not in request.GET:
        found = found.filter(pk__in=[int(pk) for pk in ticked if is_number(pk)])
    if asked.notes:
        raise Invalid({"filters": asked.notes})
    if form not in FORMS and not (form == "all" and spec.everything):
        raise Invalid({"format": [f"Choose one of {', '.join(FORMS)}."]})
    if most and form != "pdf" and found.order_by().values("pk")[: most + 1].count() > most:
        return _later(request, asked, form)
    name, suffix = f"{spec.key}-{localdate(now()):%Y-%m-%d}", "csv" if form == "all" else form
    return cast(HttpResponse, exported(suffix, name, *content_of(asked, found, form), title=str(spec.label)))


@signed_in()
def export_file(request: Request, pk: int) -> HttpResponse:
    """The file of one's own export, once it is written and while one may still export that list."""
    actor = request.actor
    row = Export.objects.filter(user_id=actor.user_id or 0, pk=pk).exclude(path="").first()
    if row is None:
        raise NotFound(gettext("This file is not there any more."))
    export_of(row.list, actor)
    name = f"{row}.{'csv' if row.format == 'all' else row.format}"
    return cast(HttpResponse, attachment(open_kept(row.path), name, TYPES[row.format]))


def _later(request: Request, asked: Asked, form: str) -> HttpResponse:
    spec, back = asked.spec, reverse(asked.spec.url_name) + asked.address()
    if request.method == "POST":
        request_export(actor=asked.actor, noun=spec.key, query=asked.address()[1:], form=form)
        return done(request, back, gettext("We are writing the file. You will be told when it is ready."))
    intro = gettext("These are more than %(most)s rows. We write the file in the background and tell you when it is"
                    " ready; it is kept for %(days)s days.")  # fmt: skip
    context = {
        "form": forms.Form(), "back": back, "title": gettext("Export %(list)s") % {"list": spec.label},
        "intro": intro % {"most": f"{AT_ONCE:,}", "days": KEPT.days}, "submit": gettext("Write the file"),
    }  # fmt: skip
    return page(request, "accounts/form.html", context)


def _asked(request: Request, spec: ListSpec, query: QueryDict) -> Asked:
    user = request.user
    layout = user.lists.get(spec.key, {}) if isinstance(user, User) else {}
    return read(spec, request.actor, query, layout)


def cell_page(spec: ListSpec) -> View:
    """Make the form of one cell: the field of the action that the column names, saved with the version that was seen.

    Without scripts it is a page; else the cell turns into it and back.
    """
    editable = [column.edit for column in spec.columns if column.edit]

    @door(CATALOGUE[editable[0]].permission or "", ("GET", "HEAD", "POST"))
    def view(request: Request, pk: int, field: str) -> HttpResponse:
        actor = request.actor
        row = spec.one(actor, pk) if spec.one else None
        columns = [*spec.columns, *(spec.more()[0] if spec.more else ())]
        column = next((one for one in columns if one.field == field and one.edit), None)
        if row is None or column is None:
            raise NotFound(gettext("This is not edited in a list."))
        action = CATALOGUE[column.edit]
        actor.require(action.permission, row)
        form = _cell_form(column, row, request.POST if request.method == "POST" else None)
        version, was = form["version"].value() if "version" in form.fields else "", base_of(form)
        status = 200
        if form.is_bound:
            try:
                row, _ = run_merged(column.edit, row, actor=actor, data=form.data)
            except HouseError as error:
                if error.status not in (409, 422):
                    raise
                text = error.message
                if isinstance(error, Conflict) and error.fields:
                    text = THEIRS.format(error.who, error.fields[0].theirs_shown)
                    version, was = error.version, json.dumps({field: error.fields[0].theirs})
                form.errors[field] = form.error_class([text])
                status = 422 if request.htmx else error.status
            else:
                if not request.htmx:
                    return done(request, row, gettext("Saved."))
                return HttpResponse(_cell(spec, column, row, actor))
        context = {"form": form, "bound": form[field], "row": row, "column": column}
        context |= {"version": version, "was": was or request.POST.get("was", "")}
        template = "ui/cell.html#cell-form" if request.htmx else "ui/cell.html"
        return page(request, template, context, status=status)

    return view


def _cell(spec: ListSpec, column: Column, row: Any, actor: Any) -> str:
    """The cell as the list shows it now."""
    fresh = column.needs(spec.find(actor), actor).filter(pk=row.pk).first()
    may = partial(actor.can, obj=fresh)
    return shown(column, fresh, may, fresh.get_absolute_url()) if fresh else ""


def _cell_form(column: Column, row: Any, typed: QueryDict | None) -> forms.Form:
    """The action's form with what the row holds, and over it what was typed for the one field."""
    form_class: Any = CATALOGUE[column.edit].form
    held = form_class.values(row) if hasattr(form_class, "values") else {}
    name = column.field
    held.setdefault(name, getattr(row, f"{name}_id", getattr(row, name, None)))
    if typed is None:
        return form_class(initial=held)  # type: ignore[no-any-return]
    sent = {name: typed.get(name, ""), "was": typed.get("was", "")}
    sent["version"] = typed.get("version") or held.get("version", "")
    return form_class({**held, **sent})  # type: ignore[no-any-return]


def near(request: Request, spec: ListSpec, row: Any) -> dict[str, str]:
    """Return a record's place in the list that it was opened from, and the way to its neighbours; {} when it was not.

    One statement within the first thousand rows of that list, four beyond them.
    """
    token = request.GET.get("from", "")[:4_000]
    try:
        key, _, query = read_token("list", token).partition("?")
    except NotFound:
        return {}
    if key != spec.key:
        return {}
    given = QueryDict(query)
    if "custom" not in query and not given.get("view", "").isdigit():
        spec = replace(spec, more=None)  # spares a look at the custom fields
    asked = read(spec, request.actor, given)
    found, around = (asked.rows(), {"back": f"{reverse(spec.url_name)}?{query}", "label": str(spec.label)})
    keys = keys_in_order(found, asked.order, COUNTED + 1)
    if row.pk in keys:
        at = keys.index(row.pk)
        total = f"{len(keys):,}" if len(keys) <= COUNTED else f"{COUNTED:,}+"
        around["place"] = gettext("%(at)s of %(total)s") % {"at": f"{at + 1:,}", "total": total}
        beside: Sequence[int | None] = (
            keys[at - 1] if at else None, keys[at + 1] if at + 1 < len(keys) else None
        )  # fmt: skip
    else:
        beside = [_neighbour(found, asked.order, row, back) for back in (True, False)]
    own = row.get_absolute_url()
    for name, pk in zip(("previous", "next"), beside, strict=True):
        if pk is not None:
            around[name] = f"{own.replace(f'/{row.pk}/', f'/{pk}/')}?from={token}"
    return around


def _neighbour(found: Any, order: Sequence[str], row: Any, backwards: bool) -> int | None:
    names = [name.lstrip("-") for name in order]
    beside = paginate(found, make_cursor(row, names, backwards=backwards), per_page=1, order=order)
    return beside.rows[0].pk if beside.rows else None
