"""Answers of the page doors: a page or its fragment, done, refused; keyset paging."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.contrib import messages
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.db import DataError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from core.errors import HouseError, Invalid, Moved
from core.keyset import CountOf, beyond, sections
from core.registry import refusal_recorder


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    parts: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    """Render the part of `template` that htmx targets when it is one of `parts`, else the whole page.

    A trailing row number of the target is dropped ("deal-card-42" asks for "deal-card"); boosted and history
    requests get the page.
    """
    target = asked_part(request)
    name = f"{template}#{target}" if target in parts else template
    response = render(request, name, context or {}, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def asked_part(request: HttpRequest) -> str:
    """Return the name of the part that an htmx request targets, "" for a page request."""
    htmx = getattr(request, "htmx", None)
    if not htmx or htmx.boosted or htmx.history_restore_request:
        return ""
    target = str(htmx.target or "")
    head, _dash, tail = target.rpartition("-")
    return head if head and tail.isdigit() else target


def done(
    request: HttpRequest,
    to: Any,
    message: str | Promise = "",
    event: str = "",
    undo: tuple[str, Mapping[str, Any]] | None = None,
    **details: Any,
) -> HttpResponse:
    """Answer a change that happened: 303 to `to` (a URL or a row with a page); htmx gets a redirect or an event.

    With `event` an htmx request stays on its page: 204, and the event tells the fragments to fetch themselves anew.
    `undo` is the address, and what to post there, of the Undo that the message offers.
    """
    url = to if isinstance(to, str) else to.get_absolute_url()
    is_htmx = bool(getattr(request, "htmx", None))
    if message and not (is_htmx and event):
        messages.success(request, str(message), extra_tags=json.dumps(undo) if undo else "")
    if not is_htmx:
        response: HttpResponse = HttpResponseRedirect(url)
        response.status_code = 303
        return response
    response = HttpResponse(status=204)
    if not event:
        response["HX-Redirect"] = url
        return response
    toast = {"text": str(message), "undo": undo}
    response["HX-Trigger"] = json.dumps({event: details, "toast": toast} if message else {event: details})
    return response


def refused(request: HttpRequest, error: HouseError) -> HttpResponse:
    """Answer a refusal with its status: a small fragment for htmx, a page otherwise; what moved is found again."""
    moved = error.address(request.get_full_path()) if isinstance(error, Moved) else ""
    if moved and request.method in ("GET", "HEAD"):
        return HttpResponseRedirect(moved)
    context = {"error": error, "status": error.status, "title": _TITLES.get(error.status, _TITLES[500])()}
    if getattr(request, "htmx", None):
        response = render(request, "errors/_fragment.html", context, status=error.status)
        response["HX-Retarget"] = "#toasts"
        response["HX-Reswap"] = "beforeend"
        return response
    return render(request, "errors/page.html", context, status=error.status)


class HouseErrorMiddleware:
    """Turns the four errors of core.errors, raised in a page's view, into answers; the API has its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "%00" in request.META.get("QUERY_STRING", ""):  # PostgreSQL holds no such text
            return _failed(request, 400, _("The address holds a zero byte. Leave it out."))
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a HouseError; a refusal by role is recorded first, in its own transaction."""
        if not isinstance(exception, HouseError):
            return None
        if exception.status == 403:
            refusal_recorder(request, exception)
        return refused(request, exception)


def form_errors(form: Any, error: Invalid) -> Any:
    """Put an action's Invalid onto a bound form, so that the page shows it beside the fields; returns the form."""
    for field, texts in error.errors.items():
        for text in texts:
            form.add_error(field if field in form.fields else None, text)
    return form


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token does not fit (signed out, or the page is old)."""
    message = _("This page was open too long. Go back, load it again and repeat; nothing was changed.")
    return _failed(request, 403, message)


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, the cursors to their neighbours ("" where there are none), and the count if asked for."""

    rows: list[Any]
    next: str
    previous: str
    counted: int = 0

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def paginate(
    queryset: QuerySet[Any],
    cursor: str = "",
    *,
    per_page: int = 50,
    order: Sequence[str] = ("-created_at", "-pk"),
    strict: bool = False,
    count_to: int = 0,
) -> Page:
    """Return one page by keyset: as fast for the last page as for the first.

    `order` ends with a unique column; "-" means descending; the first column may be null: such rows come last. With
    `count_to` the same statement counts the rows up to one more than that. A cursor that is not ours starts at the
    top, with `strict` it raises Invalid.
    """
    if count_to:
        counted = queryset.order_by().values("pk")[: count_to + 1]
        queryset = queryset.annotate(counted=CountOf(counted))
    try:
        return _paginate(queryset, cursor, per_page, order)
    except (ValueError, TypeError, ArithmeticError, RecursionError, ValidationError, DataError):
        if not cursor:
            raise
    if strict:
        raise Invalid({"cursor": [_("Use the cursor of the last answer, or none.")]})
    return _paginate(queryset, "", per_page, order)


def _paginate(queryset: QuerySet[Any], cursor: str, per_page: int, order: Sequence[str]) -> Page:
    backwards, values = read_cursor(cursor, len(order))
    names = [name.lstrip("-") for name in order]
    ascending = [name.startswith("-") == backwards for name in order]
    _refuse_moments_off_the_calendar(values)
    found: list[Any] = []
    for condition, skip in sections(queryset, names[0], values, backwards=backwards):
        columns, ups = names[skip:], ascending[skip:]
        rows = queryset.filter(condition).order_by(
            *(name if up else f"-{name}" for name, up in zip(columns, ups, strict=True))
        )
        if values and (values[0] is None) == bool(skip):
            rows = rows.filter(beyond(queryset.model, columns, ups, values[skip:]))
        found += rows[: per_page + 1 - len(found)]
        if len(found) > per_page:
            break
    more = len(found) > per_page
    found = found[:per_page]
    if backwards:
        found.reverse()
    after = more or backwards
    before = bool(values) if not backwards else more
    return Page(
        found,
        make_cursor(found[-1], names, backwards=False) if found and after else "",
        make_cursor(found[0], names, backwards=True) if found and before else "",
        found[0].counted if found and hasattr(found[0], "counted") else 0,
    )


def keys_in_order(queryset: QuerySet[Any], order: Sequence[str], most: int) -> list[int]:
    """Return the keys of the first `most` rows, in the order that paginate() shows them in."""
    keys: list[int] = []
    for condition, skip in sections(queryset, order[0].lstrip("-"), (), backwards=False):
        rows = queryset.filter(condition).order_by(*order[skip:])
        keys += rows.values_list("pk", flat=True)[: most - len(keys)]
        if len(keys) >= most:
            break
    return keys


def _refuse_moments_off_the_calendar(values: Sequence[Any]) -> None:
    for value in values:
        moment = parse_datetime(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None:
            moment.astimezone(UTC)  # OverflowError, on every database alike


def make_cursor(row: Any, names: Sequence[str], *, backwards: bool) -> str:
    """Return an opaque cursor for the place before or after a row."""
    values = [_column(row, name) for name in names]
    text = json.dumps(["<" if backwards else ">", *values], default=str)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, length: int) -> tuple[bool, list[Any]]:
    """Return (backwards, values) of a cursor, none for ""; raises ValueError for what is not one of ours."""
    if not cursor:
        return False, []
    padded = cursor + "=" * (-len(cursor) % 4)
    values = json.loads(base64.urlsafe_b64decode(padded.encode()))
    fits = isinstance(values, list) and len(values) == length + 1 and values[0] in ("<", ">")
    plain = fits and all(isinstance(value, (str, int)) for value in values[2:])
    if not plain or not isinstance(values[1], (str, int, type(None))):
        raise ValueError("This is no cursor.")
    return values[0] == "<", values[1:]


def _column(row: Any, name: str) -> Any:
    for part in name.split("__"):
        row = getattr(row, part)
    return row


def render_text(template: str, context: dict[str, Any]) -> str:
    """Render one of our own templates outside a request (mail, PDF); never a user's text."""
    return render_to_string(template, context)


_TITLES: dict[int, Callable[[], str]] = {
    400: lambda: _("That link is not complete"),
    403: lambda: _("Not yours to open"),
    404: lambda: _("Nothing here"),
    409: lambda: _("Not possible right now"),
    413: lambda: _("Too large"),
    422: lambda: _("Something is missing"),
    429: lambda: _("Too many tries"),
    500: lambda: _("Something broke on our side"),
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer Django's 400, and 413 for a body that is larger than we take."""
    if isinstance(exception, RequestDataTooBig):
        return _failed(request, 413, str(exception) or _("This is too much at once. Send less."))
    return _failed(request, 400, _("Go back and try again; nothing was changed."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer Django's 403."""
    return _failed(request, 403, _("You cannot open this page with your role."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer Django's 404."""
    return _failed(request, 404, _("There is nothing here. It may have been merged or deleted."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an error of ours, without the database and without a trace."""
    if request.path.startswith("/api/"):
        return _failed(request, 500, _("Something broke on our side."))
    return HttpResponse(render_text("500.html", {}), status=500)


def _failed(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """Answer in the door's own form: problem+json below /api/, else a page."""
    if request.path.startswith("/api/"):
        problem = {"type": "about:blank", "status": status, "code": _CODES[status], "detail": message}
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    error = HouseError(message)
    error.status = status
    return refused(request, error)


_CODES = {400: "bad_request", 403: "denied", 404: "not_found", 413: "too_large", 500: "error"}
