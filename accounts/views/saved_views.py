"""Saved views of lists: save, change, delete; and which columns a view shows."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actions.saved_views import delete_view, save_view, update_view
from accounts.forms.saved_views import SaveViewForm, UpdateViewForm
from accounts.models import SavedView, User
from accounts.queries.saved_views import view_for
from accounts.views.asking import ask
from core.actions import run
from core.doors import Request, door
from core.errors import NotFound
from core.lists import SPECS, Asked, read
from core.pages import done
from core.pages import page as answer

BOTH = ("GET", "HEAD", "POST")
FORM: dict[str, Any] = {"template": "crm/form.html", "parts": ("sheet-form",)}


@door("profile:update", BOTH)
def new(request: Request, page: str) -> HttpResponse:
    """Keep what the list shows under a name; the name of one's own view replaces that."""
    asked = _asked(request, page)
    own = view_for(request.actor, int(asked.view.key)) if asked.view.mine else SavedView()
    return ask(
        request,
        save_view,
        SaveViewForm,
        title=_("Save this view"),
        submit=_("Save view"),
        message=_("View saved."),
        back=_address(page),
        to=lambda view: _address(page, view),
        initial={
            **{name: getattr(own, name) for name in SaveViewForm.base_fields},
            "page": page,
            "query": asked.query(),
        },
        **FORM,
        intro=_("The same name replaces the view that has it. People see in it what they may see."),
    )


@door("profile:update", BOTH)
def edit(request: Request, pk: int) -> HttpResponse:
    """Rename, share, pin or move a view of one's own."""
    view = view_for(request.actor, pk)
    return ask(
        request,
        update_view,
        UpdateViewForm,
        view,
        title=_("The view %(view)s") % {"view": view.name},
        message=_("View changed."),
        back=_address(view.page, view),
        to=lambda row: _address(row.page, row),
        **FORM,
        remove=(reverse("accounts:view-delete", args=[pk]), _("Delete view")),
    )


@door("profile:update", ("POST",))
def delete(request: Request, pk: int) -> HttpResponse:
    """Forget a view."""
    view = view_for(request.actor, pk)
    delete_view(view, actor=request.actor)
    return done(request, _address(view.page), _("The view %(view)s is gone.") % {"view": view.name})


@door("profile:update", BOTH)
def columns(request: Request, page: str) -> HttpResponse:
    """Choose what a view shows to oneself: a tick shows a column, the arrows move it."""
    asked, sent = _asked(request, page), request.POST
    labels = {column.key: column.label for column in asked.offered if not column.fixed}
    shown = [column.key for column in asked.columns if not column.fixed]
    order = [*shown, *(key for key in labels if key not in shown)]
    is_dense = _layout(request, page).get(asked.view.key, {}).get("dense", False)
    back = _address(page) + asked.address()
    if request.method == "POST":
        order = [key for key in dict.fromkeys([*sent.getlist("order"), *order]) if key in labels]
        shown, is_dense = [key for key in order if key in sent.getlist("column")], "dense" in sent
        moved = sent.get("up") or sent.get("down")
        if moved not in labels:
            own = {"page": page, "view": asked.view.key, "columns": shown, "is_dense": is_dense}
            run("list.arrange", request.user, actor=request.actor, data=own)
            return done(request, back, _("Columns saved."))
        at = order.index(moved) + (-1 if "up" in sent else 1)
        order.remove(moved)
        order.insert(max(at, 0), moved)
    rows = [(key, labels[key], key in shown) for key in order]
    context = {"rows": rows, "is_dense": is_dense, "view": asked.view, "back": back}
    return answer(request, "ui/columns.html", context, parts=("sheet-form",))


def _asked(request: Request, key: str) -> Asked:
    """The list that the address names, as it is being looked at."""
    spec, actor = SPECS.get(key), request.actor
    if spec is None:
        raise NotFound(_("There is no such list."))
    actor.require(spec.permission)
    return read(spec, actor, request.GET, _layout(request, key))


def _layout(request: Request, key: str) -> dict[str, Any]:
    user = request.user
    return user.lists.get(key, {}) if isinstance(user, User) else {}


def _address(key: str, view: SavedView | None = None) -> str:
    """The page of a list, opened at a view."""
    url = reverse(SPECS[key].url_name) if key in SPECS else "/"
    return f"{url}?view={view.pk}" if view else url
