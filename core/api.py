"""REST, set up once: sign-in, one problem shape, bodies judged by the action's form, keys, cursors.

django-ninja routes, documents and throttles; a body is never validated twice: its JSON schema is derived from the
form for the OpenAPI page, and the form alone judges the values.
"""

import functools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError as FieldError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Router
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError
from ninja.parser import Parser
from ninja.renderers import BaseRenderer
from ninja.security import APIKeyCookie, HttpBearer
from ninja.throttling import AnonRateThrottle, AuthRateThrottle

from core import clock, registry
from core.bodies import body_of, check_types
from core.clauses import Search, found_by
from core.conflicts import Conflict
from core.crypto import sha256
from core.errors import Denied, HouseError, Invalid, Moved
from core.models import IdempotencyKey
from core.money import Money
from core.pages import paginate

MAX_LIMIT = 200
MAX_VALUE = 200


class KeyAuth(HttpBearer):
    """`Authorization: Bearer <key>`; the key was looked up by accounts' middleware."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Return the actor of a valid key."""
        actor = request.actor  # type: ignore[attr-defined]
        return actor if actor.kind == "key" else None


class SessionAuth(APIKeyCookie):
    """The browser's session, with the CSRF token on every unsafe call."""

    param_name = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        """Return the actor of a signed-in person."""
        return request.actor if request.user.is_authenticated else None  # type: ignore[attr-defined]


class JsonRenderer(BaseRenderer):
    """JSON with money as {"amount", "currency"}, dates in ISO 8601, decimals as text."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> str:
        """Return the body."""
        return json.dumps(data, default=_plain, ensure_ascii=False)


class JsonParser(Parser):
    """Bodies are JSON objects; anything else is answered 400 with what would be right."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return the decoded body."""
        return body_of(request)


def build() -> NinjaAPI:
    """Return the API with its sign-in, throttles and problem answers; routers are added by config.api."""
    api = NinjaAPI(
        title="CRM AutoPilot",
        version="1",
        auth=[KeyAuth(), SessionAuth()],
        renderer=JsonRenderer(),
        parser=JsonParser(),
        throttle=[AuthRateThrottle("1200/m"), AnonRateThrottle("60/m")]
        if settings.CRM_PROFILE != "test"
        else [],
        openapi_url="/openapi.json",
        docs_url="/docs",
    )
    answer: Any = api.add_exception_handler
    answer(HouseError, _house_error)
    answer(AuthenticationError, lambda request, _: problem(401, "unauthenticated", _SIGN_IN))
    answer(Http404, lambda request, _: problem(404, "not_found", "There is nothing here."))
    answer(Throttled, _throttled)
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
    query: Mapping[str, str] | None = None,
    partial: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register an operation: it needs `permission` at all, takes a body shaped by `form`, honours Idempotency-Key.

    The function gets (request, **path parameters) and returns JSON, or (status, JSON). `query` documents the filters.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def operate(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            request.actor.require(permission)  # type: ignore[attr-defined]
            if request.method in {"POST", "PUT", "PATCH"}:
                check_types(
                    form, body_of(request)
                )  # a verb that needs no values refuses a broken body, too
            return _once(request, lambda: _answer(function(request, *args, **kwargs)))

        extra: dict[str, Any] = {"x-permission": permission}
        if form is not None:
            extra["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": form_schema(form, partial=partial)}},
            }
        if query:
            extra["parameters"] = [
                {
                    "name": name,
                    "in": "query",
                    "required": False,
                    "description": text,
                    "schema": {"type": "string"},
                }
                for name, text in query.items()
            ]
        summary = (function.__doc__ or function.__name__).strip().splitlines()[0]
        router.api_operation([method], path, summary=summary, openapi_extra=extra, url_name=None)(
            operate
        )
        return operate

    return decorate


def form_schema(form_class: type[forms.Form], *, partial: bool = False) -> dict[str, Any]:
    """Return the JSON schema of a form: types, required, choices, lengths and help texts of its fields."""
    fields = form_class.base_fields  # type: ignore[attr-defined]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: _field_schema(field) for name, field in fields.items()},
    }
    required = [name for name, field in fields.items() if field.required]
    if required and not partial:
        schema["required"] = required
    return schema


def listing(
    request: HttpRequest,
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
    filters, orderings = filters or {}, orderings or {"-created_at": ("-created_at", "-pk")}
    known = {"limit", "cursor", "ordering", "search", *filters}
    unknown = [name for name in request.GET if name not in known]
    if unknown:
        raise Invalid(
            {name: [f"Unknown filter. Known ones: {', '.join(sorted(known))}."] for name in unknown}
        )
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


def problem(
    status: int, code: str, detail: str, errors: dict[str, list[str]] | None = None
) -> HttpResponse:
    """Return application/problem+json (RFC 9457) with a stable code, and the errors by field."""
    body: dict[str, Any] = {"type": "about:blank", "status": status, "code": code, "detail": detail}
    if errors:
        body["errors"] = errors
    return HttpResponse(
        json.dumps(body, ensure_ascii=False), status=status, content_type="application/problem+json"
    )


_SIGN_IN = "Send an API key as 'Authorization: Bearer <key>', or sign in."


def _answer(result: Any) -> tuple[int, Any]:
    if isinstance(result, tuple):
        return int(result[0]), result[1]
    return 200, result


def _once(request: HttpRequest, work: Callable[[], tuple[int, Any]]) -> HttpResponse:
    key = request.headers.get("Idempotency-Key", "").strip()
    if request.method != "POST" or not key:
        return _json(*work())
    if len(key) > 160:
        raise Invalid({"Idempotency-Key": ["Use at most 160 characters."]})
    actor = request.actor  # type: ignore[attr-defined]
    scope = f"rest:{actor.user_id}"
    mark = sha256(request.method, request.get_full_path(), request.body)
    IdempotencyKey.objects.filter(scope=scope, created_at__lt=clock.now() - _DAY).delete()
    try:
        with transaction.atomic():
            reserved = IdempotencyKey.objects.create(
                scope=scope, key=key, fingerprint=mark, created_at=clock.now()
            )
    except IntegrityError:
        return _earlier_answer(scope, key, mark)
    try:
        status, body = work()
    except BaseException:
        reserved.delete()
        raise
    answer = _json(status, body)
    IdempotencyKey.objects.filter(pk=reserved.pk).update(
        status=status, body=answer.content.decode()
    )
    return answer


def _earlier_answer(scope: str, key: str, fingerprint: str) -> HttpResponse:
    earlier = IdempotencyKey.objects.filter(scope=scope, key=key).first()
    if earlier is None or (earlier.fingerprint == fingerprint and not earlier.status):
        return problem(
            409, "in_progress", "The same request is being carried out. Try again in a moment."
        )
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


def _limit(request: HttpRequest) -> int:
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


def _house_error(request: HttpRequest, error: HouseError) -> HttpResponse:
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


def _throttled(request: HttpRequest, error: Throttled) -> HttpResponse:
    wait = max(int(error.wait or 1), 1)
    answer = problem(429, "throttled", f"Too many calls. Wait {wait} s.")
    answer["Retry-After"] = str(wait)
    return answer


def _invalid_parameters(error: ValidationError) -> HttpResponse:
    errors = {str(entry["loc"][-1]): [str(entry["msg"])] for entry in error.errors}
    if any(entry["loc"][0] == "path" for entry in error.errors):
        return problem(404, "not_found", "There is nothing at this address.")
    return problem(422, "invalid", "Some values are wrong.", errors)


def _field_schema(field: forms.Field) -> dict[str, Any]:
    schema: dict[str, Any] = dict(
        next((s for cls, s in _SCHEMAS if isinstance(field, cls)), {"type": "string"})
    )
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        offered: Any = field.choices
        choices = [value for value, _label in offered if value != ""]
        if choices and all(isinstance(value, str) for value in choices):
            target = schema["items"] if schema.get("type") == "array" else schema
            target["enum"] = choices if field.required else [*choices, ""]
    if getattr(field, "max_length", None):
        schema["maxLength"] = field.max_length  # type: ignore[attr-defined]
    if field.help_text:
        schema["description"] = str(field.help_text)
    if not field.required and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


_DAY = timedelta(days=1)
_SCHEMAS: tuple[tuple[type[forms.Field], dict[str, Any]], ...] = (
    (forms.BooleanField, {"type": "boolean"}),
    (forms.ModelMultipleChoiceField, {"type": "array", "items": {"type": "integer"}}),
    (forms.ModelChoiceField, {"type": "integer"}),
    (forms.MultipleChoiceField, {"type": "array", "items": {"type": "string"}}),
    (forms.DecimalField, {"type": "string", "description": "A decimal number as text."}),
    (forms.IntegerField, {"type": "integer"}),
    (forms.DateTimeField, {"type": "string", "format": "date-time"}),
    (forms.DateField, {"type": "string", "format": "date"}),
    (forms.EmailField, {"type": "string", "format": "email"}),
    (forms.JSONField, {}),
)

__all__ = ["body_of", "build", "form_schema", "listing", "problem", "rest"]
