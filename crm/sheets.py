"""What the pages share: the form of a verb (a sheet or a page of its own, one address)."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.actions import CATALOGUE, run
from core.conflicts import Conflict, base_of, run_merged
from core.doors import View, door
from core.errors import Invalid, Refused
from core.pages import done, page
from core.tokens import opaque
from crm.queries.operations import offer_after

Where = str | Model | Callable[[Any], Any]
Find = Callable[[Any, int], Any]
BOTH = ("GET", "HEAD", "POST")

KEPT = _("What others changed is kept: {}.")


def ask(
    request: HttpRequest,
    name: str,
    subject: Model | None = None,
    *,
    to: Where,
    message: str = "",
    event: str = "",
    initial: dict[str, Any] | None = None,
    template: str = "crm/form.html",
    hide: tuple[str, ...] = (),
    choices: dict[str, Any] | None = None,
    **context: Any,
) -> HttpResponse:
    """Show the form of the action `name`, or carry it out and go on `to` where it leads.

    `hide` fields come from the address and are not shown; `choices` narrow what a field offers.
    Wrong values come back with 422 and a rule's no with 409, both with everything that was typed. When somebody
    changed the same fields first, a page asks for each of them; what only they changed is kept.
    """
    spec, actor = CATALOGUE[name], request.actor
    if spec.permission:
        actor.require(spec.permission, subject)
    form_class = spec.form or forms.Form
    status = 200
    if request.method == "POST":
        form, data = form_class(request.POST), request.POST if spec.form else {}
        try:
            result, kept = run_merged(name, subject, actor=actor, data=data, key=key_of(request))
        except Conflict as conflict:
            context = {"back": _back(subject, to), **context, "conflict": conflict}
            return page(request, "crm/conflict.html", context, parts=("sheet-form",), status=409)
        except (Invalid, Refused) as error:
            status = error.status
            add_errors(form, getattr(error, "errors", {"__all__": [error.message]}))
        else:
            message = f"{message} {KEPT.format(', '.join(kept))}" if kept else message
            undo = offer_after(name, actor)
            return done(request, to(result) if callable(to) else to, message, event, undo=undo)
    else:
        held = form_class.values(subject) if subject and hasattr(form_class, "values") else {}
        form = form_class(initial=held | (initial or {}))
    for field in hide:
        form.fields[field].widget = forms.HiddenInput()
    for field, rows in (choices or {}).items():
        form.fields[field].queryset = rows
    context = {"back": _back(subject, to), **context, "form": form, "subject": subject}
    context["was"] = request.POST.get("was") or base_of(form)
    context["key"] = request.POST.get("key") or ("" if subject else opaque())
    return page(request, template, context, parts=("sheet-form",), status=status)


def sheet(name: str, find: Find | None, *, title: str, goes: str = "", back: str = "", **words: Any) -> View:
    """Make the view of an action's form, about the row that `find` finds, or about none yet.

    `title` may name the row ("Edit {.title}"); `goes` and `back` name the addresses where it ends and where
    Cancel leads, else both are the row's own page. A callable among the words gets the row.
    """

    @door(CATALOGUE[name].permission or "", BOTH)
    def view(request: HttpRequest, pk: int = 0) -> HttpResponse:
        row = find(request.actor, pk) if find else None
        said = {key: word(row) if callable(word) else word for key, word in words.items()}
        if back:
            said["back"] = reverse(back)
        to = reverse(goes) if goes else row or (lambda made: made)
        return ask(request, name, row, to=to, title=title.format(row), **said)

    return view


def press(name: str, find: Find, message: str, event: str = "") -> View:
    """Make the view of an action that needs no more than being asked, or what its small form on the page sends."""

    @door(CATALOGUE[name].permission or "", ("POST",))
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        row = find(request.actor, pk)
        run(name, row, actor=request.actor, data=request.POST if CATALOGUE[name].form else {})
        return done(request, row, message, event)

    return view


def add_errors(form: forms.Form, errors: dict[str, list[str]]) -> None:
    """Put an action's complaints beside the fields they are about, each once."""
    for field, texts in errors.items():
        known = field if field in form.fields else None
        for text in texts:
            if text not in form.errors.get(known or "__all__", []):
                form.add_error(known, text)


def key_of(request: HttpRequest) -> str | None:
    """A creation is done once, however often its button is pressed."""
    typed = request.POST.get("key", "")[:60]
    return f"page:{request.actor.user_id}:{typed}" if typed and typed.isprintable() else None


def _back(subject: Model | None, to: Where) -> str:
    """Where Cancel leads: the record, else the list."""
    if subject is not None and hasattr(subject, "get_absolute_url"):
        return str(subject.get_absolute_url())
    return to if isinstance(to, str) else "/"
