"""REST, set up once: sign-in, one problem shape, bodies judged by the action's form, keys, cursors.

django-ninja routes and documents; a body is never validated twice: its JSON schema is derived from the form for the
OpenAPI page, and the form alone judges the values.
"""

import functools
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError as FieldError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI, Router
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import APIKeyCookie, HttpBearer

from core import clock, registry
from core.bodies import FORM, body_of, check_kind, check_types, fingerprint
from core.clauses import Search, found_by
from core.conflicts import Conflict
from core.crypto import sha256
from core.doors import Request
from core.errors import Denied, HouseError, Invalid, Moved
from core.models import IdempotencyKey
from core.money import Money
from core.openapi import MAX_LIMIT, MAX_VALUE, Api, documented, form_schema
from core.pages import paginate

SIGNED_IN: Final = "signed-in"
NEWEST: Final = {"-created_at": ("-created_at", "-pk")}


class KeyAuth(HttpBearer):
    """`Authorization: Bearer <key>`; the key was looked up by accounts' middleware."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Return the actor of a valid key."""
        actor = cast(Request, request).actor
        return actor if actor.kind == "key" else None


class SessionAuth(APIKeyCookie):
    """The browser's session, with the CSRF token on every unsafe call."""

    param_name = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        """Return the actor of a signed-in person."""
        return cast(Request, request).actor if request.user.is_authenticated else None


def build() -> NinjaAPI:
    """Return the API with its sign-in and problem answers; routers are added by config.api."""
    api = Api(
        title="CRM AutoPilot",
        version="1",
        auth=[KeyAuth(), SessionAuth()],
        openapi_url="/openapi.json",
        docs_url="/docs",
    )
    answer: Any = api.add_exception_handler
    answer(HouseError, _house_error)
    answer(AuthenticationError, lambda request, _: problem(401, "unauthenticated", _SIGN_IN))
    answer(Http404, lambda request, _: problem(404, "not_found", "There is nothing here."))
    answer(ValidationError, lambda request, error: _invalid_parameters(error))
    answer(HttpError, lambda request, error: problem(error.status_code, "bad_request", str(error)))
    return api


def rest(
    router: Router,
    method: str,
    path: str,
    *,
    permission: str,
    form: type[forms.Form] | None = None,
    partial: bool = False,
    **said: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register an operation: it needs `permission` at all, takes a body shaped by `form`, honours Idempotency-Key.

    The function gets (request, **path parameters) and returns JSON, (status, JSON), or a whole answer. `said` is for
    the document (core.openapi.documented); with `is_file` the body is a form with a file, else JSON.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def operate(request: Request, *args: Any, **kwargs: Any) -> Any:
            if permission != SIGNED_IN:
                request.actor.require(permission)
            if said.get("is_file"):
                check_kind(request, FORM)
            elif method in {"POST", "PUT", "PATCH"}:
                # a verb that needs no values refuses a broken body, too
                check_types(form, body_of(request))
            return _once(request, lambda: _answer(function(request, *args, **kwargs)))

        body = None if form is None else form_schema(form, partial=partial)
        extra = documented(method, path, permission, body=body, **said)
        summary = (function.__doc__ or function.__name__).strip().splitlines()[0]
        router.api_operation(
            [method],
            path,
            summary=summary,
            response=dict.fromkeys(extra["responses"]),
            operation_id="_".join(re.findall(r"[a-z]+", f"{router.tags} {method}{path}".lower())),
            openapi_extra=extra,
            url_name=None,
        )(operate)
        return operate

    return decorate


def listing(
    request: Request,
    queryset: QuerySet[Any],
    represent: Callable[[Any], dict[str, Any]],
    *,
    filters: Mapping[str, str] | None = None,
    search: Search = (),
    orderings: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Return {"results", "next"}; the query may filter, search, order, limit and page, nothing else.

    `search` are the lookups of which one must hold for each word, or a function that keeps what the words find.
    """
    filters, orderings = filters or {}, orderings or NEWEST
    known = {"limit", "cursor", "ordering", *filters, *(("search",) if search else ())}
    check_query(request, known)
    for name, lookup in filters.items():
        if request.GET.get(name, "") != "":
            queryset = _filtered(queryset, name, lookup, request.GET[name])
    words = request.GET.get("search", "").strip()
    if len(words) > MAX_VALUE or "\x00" in words:
        raise Invalid({"search": ["This value cannot be searched for."]})
    queryset = found_by(search, queryset, words) if words else queryset
    ordering = request.GET.get("ordering") or next(iter(orderings))
    if ordering not in orderings:
        raise Invalid({"ordering": [f"Unknown ordering. Known ones: {', '.join(orderings)}."]})
    order = orderings[ordering]
    cursor, limit = request.GET.get("cursor", ""), _limit(request)
    try:
        page = paginate(queryset, cursor, per_page=limit, order=order, strict=True)
    except OverflowError as error:
        raise Invalid("A filter's value is out of range.") from error
    return {"results": [represent(row) for row in page.rows], "next": page.next or None}


def check_query(request: Request, known: Collection[str]) -> None:
    """Raise Invalid for what an address asks and nobody offers."""
    offered = f"Unknown filter. Known ones: {', '.join(sorted(known))}."
    if unknown := [name for name in request.GET if name not in known]:
        raise Invalid({name: [offered] for name in unknown})


def problem(status: int, code: str, detail: str, errors: dict[str, list[str]] | None = None) -> HttpResponse:
    """Return application/problem+json (RFC 9457) with a stable code, and the errors by field."""
    body: dict[str, Any] = {"type": "about:blank", "status": status, "code": code, "detail": detail}
    if errors:
        body["errors"] = errors
    return HttpResponse(
        json.dumps(body, default=str, ensure_ascii=False), status=status, content_type="application/problem+json"
    )


_SIGN_IN = "Send an API key as 'Authorization: Bearer <key>', or sign in."


def _answer(result: Any) -> HttpResponseBase:
    if isinstance(result, HttpResponseBase):
        return result
    return _json(*result) if isinstance(result, tuple) else _json(200, result)


def _once(request: Request, work: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Do it once for a key: what it changes and its answer are one transaction, and a double waits for that to end."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if request.method != "POST" or not key:
        return work()
    if len(key) > 160 or not key.isprintable():
        raise Invalid({"Idempotency-Key": ["Use at most 160 printable characters."]})
    scope = f"rest:{request.actor.user_id}"
    mark = sha256(request.method, request.get_full_path(), fingerprint(request))
    with transaction.atomic():
        IdempotencyKey.objects.filter(scope=scope, created_at__lt=clock.now() - _DAY).delete()
        try:
            with transaction.atomic():
                row = IdempotencyKey.objects.create(scope=scope, key=key, fingerprint=mark, created_at=clock.now())
        except IntegrityError:
            return _earlier_answer(scope, key, mark)
        answer = work()
        if isinstance(answer, HttpResponse):
            row.status, row.body = answer.status_code, answer.content.decode()
            row.save(update_fields=["status", "body"])
    return answer


def _earlier_answer(scope: str, key: str, fingerprint: str) -> HttpResponse:
    earlier = IdempotencyKey.objects.get(scope=scope, key=key)
    if earlier.fingerprint != fingerprint:
        text = "This key was used for another request. Use a new key for a new request."
        return problem(422, "idempotency_key_reused", text, {"Idempotency-Key": [text]})
    return HttpResponse(earlier.body, status=earlier.status, content_type="application/json")


def _json(status: int, body: Any) -> HttpResponse:
    if status == 204:
        return HttpResponse(status=204)
    text = json.dumps(body, default=_plain, ensure_ascii=False)
    return HttpResponse(text, status=status, content_type="application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, Money):
        return value.as_json()
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form.")


def _limit(request: Request) -> int:
    value = request.GET.get("limit", "50")
    if not re.fullmatch(r"[0-9]{1,3}", value) or not 1 <= int(value) <= MAX_LIMIT:
        raise Invalid({"limit": [f"Use a number from 1 to {MAX_LIMIT}."]})
    return int(value)


def _filtered(queryset: QuerySet[Any], name: str, lookup: str, value: str) -> QuerySet[Any]:
    if len(value) > MAX_VALUE or "\x00" in value:
        raise Invalid({name: ["This value cannot be searched for."]})
    try:
        return queryset.filter(**{lookup: value})
    except (ValueError, TypeError, FieldError) as error:
        raise Invalid({name: [f"{value!r} does not fit this filter."]}) from error


def _house_error(request: Request, error: HouseError) -> HttpResponse:
    if isinstance(error, Denied):
        registry.refusal_recorder(request, error)
    if isinstance(error, Moved) and request.method == "GET":
        answer = problem(301, error.code, error.message)
        answer["Location"] = error.address(request.get_full_path())
        answer["Cache-Control"] = "no-store"  # a merge can be undone
        return answer
    answer = problem(error.status, error.code, error.message, getattr(error, "errors", None))
    if isinstance(error, Conflict):
        body = {**json.loads(answer.content), "version": error.version, "fields": error.as_json()}
        answer.content = json.dumps(body, ensure_ascii=False).encode()
    return answer


def _invalid_parameters(error: ValidationError) -> HttpResponse:
    errors = {str(entry["loc"][-1]): [str(entry["msg"])] for entry in error.errors}
    if any(entry["loc"][0] == "path" for entry in error.errors):
        return problem(404, "not_found", "There is nothing at this address.")
    return problem(422, "invalid", "Some values are wrong.", errors)


_DAY = timedelta(days=1)
__all__ = ["SIGNED_IN", "body_of", "build", "check_query", "form_schema", "listing", "problem", "rest"]
