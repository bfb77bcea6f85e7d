"""The document of the REST interface: bodies from forms, rows from models, filters from lists, refusals as they are."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from django import forms
from django.db import models
from ninja import NinjaAPI

from core.bodies import FORM
from core.money import Money

Schema = dict[str, Any]
Shape = Callable[[Any], dict[str, Any]]

MAX_LIMIT: Final = 200
MAX_VALUE: Final = 200
TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "integer"}
TEXTS: Final[Schema] = {"type": "array", "items": TEXT}
OBJECT: Final[Schema] = {"type": "object"}
PERSON: Final[Schema] = {
    "type": ["object", "null"],
    "properties": {"id": NUMBER, "name": TEXT},
    "required": ["id", "name"],
}
MONEY: Final[Schema] = {
    "type": ["object", "null"],
    "properties": dict.fromkeys(Money(0, "INR").as_json(), TEXT),
    "required": list(Money(0, "INR").as_json()),
}
FILE: Final[Schema] = {"type": "string", "format": "binary"}
_PROBLEM: Final[Schema] = {
    "type": "object",
    "properties": {
        "type": TEXT,
        "status": NUMBER,
        "code": TEXT,
        "detail": TEXT,
        "errors": {"type": "object", "additionalProperties": TEXTS},
    },
    "required": ["status", "code", "detail"],
}
_REFUSALS: Final = {
    301: "The record became part of another one: read that.",
    400: "The body or the address cannot be read.",
    401: "No key, or one that is not valid.",
    403: "The role, the key's scopes or the record's owner do not allow it.",
    404: "There is nothing here, or nothing that you may read.",
    409: "A rule says no at present; `detail` says what would help.",
    410: "The record became part of another one.",
    413: "The body is too large.",
    415: "The body is of another kind than expected.",
    422: "Values are wrong; `errors` says which and why.",
    429: "Too many calls; `Retry-After` says how many seconds to wait.",
}


class Api(NinjaAPI):
    """The API with the shape of its problems among the components of its document."""

    def get_openapi_schema(self, **given: Any) -> Any:
        """Return the document."""
        document = super().get_openapi_schema(**given)
        document["components"]["schemas"]["Problem"] = _PROBLEM
        return document


def rows_of(schema: Schema) -> Schema:
    """Return the schema of a list's answer."""
    return {
        "type": "object",
        "properties": {
            "results": {"type": "array", "items": schema},
            "next": {"type": ["string", "null"], "description": "The cursor of the next page."},
        },
        "required": ["results", "next"],
    }


def shows(model: type[models.Model], names: str, /, **more: Schema) -> Callable[[Any], Shape]:
    """Let a shape answer these columns of a row and what its function adds; `more` are the schemas of that."""

    def decorate(function: Callable[[Any], dict[str, Any]]) -> Shape:
        def shape(row: Any) -> dict[str, Any]:
            return {name: getattr(row, name) for name in names.split()} | function(row)

        fields = {field.attname: field for field in model._meta.concrete_fields}
        columns = {name: _column_schema(fields.get(name)) for name in names.split()}
        shape.__doc__, shape.__module__, shape.__name__ = (
            function.__doc__, function.__module__, function.__name__,
        )  # fmt: skip
        properties = columns | more
        shape.schema = {  # type: ignore[attr-defined]
            "type": "object", "properties": properties, "required": list(properties),
        }  # fmt: skip
        return shape

    return decorate


def schema_of(shape: Any) -> Schema:
    """Return what a shape answers, as far as it says so."""
    return getattr(shape, "schema", OBJECT)


def documented(
    method: str,
    path: str,
    permission: str,
    *,
    body: Schema | None = None,
    is_file: bool = False,
    query: Mapping[str, Schema] | None = None,
    answers: Mapping[int, Schema | None] | None = None,
    media: Sequence[str] = ("application/json",),
) -> Schema:
    """Return what the document says about an operation beside its summary."""
    refusals = {400, 401, 403, 422, 429}
    refusals |= {404, 409, 410} if "{" in path else set()
    refusals |= {301} if "{" in path and method == "GET" else set()
    refusals |= {409, 413, 415} if method in {"POST", "PUT", "PATCH"} else set()
    answers = {200: OBJECT} if answers is None else answers
    responses = {status: _told(status, schema, media) for status, schema in answers.items()}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses |= {
        status: {"description": _REFUSALS[status], "content": problem} for status in sorted(refusals - answers.keys())
    }
    parameters = [
        {"name": name, "in": "query", "required": False, "schema": schema} for name, schema in (query or {}).items()
    ]
    if method == "POST":
        text = "A repetition with the same key and body gets the first answer, for 24 hours."
        parameters.append(
            {"name": "Idempotency-Key", "in": "header", "required": False, "description": text,
             "schema": {"type": "string", "maxLength": 160}}
        )  # fmt: skip
    said: Schema = {"x-permission": permission, "responses": responses, "parameters": parameters}
    if body is not None:
        kind = FORM if is_file else "application/json"
        said["requestBody"] = {"required": bool(body.get("required")), "content": {kind: {"schema": body}}}
    return said


def query_of(filters: Mapping[str, str], orderings: Mapping[str, Any], *, searched: bool) -> dict[str, Schema]:
    """Return the parameters of a list: its filters, its orderings, words, and pages."""
    text = {"type": "string", "maxLength": MAX_VALUE}
    words = {"search": {**text, "description": "Words that each must be found."}}
    return {
        **{name: {**text, "description": lookup} for name, lookup in filters.items()},
        **(words if searched else {}),
        "ordering": {"type": "string", "enum": list(orderings), "default": next(iter(orderings))},
        "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50},
        "cursor": {"type": "string", "description": "`next` of the answer before."},
    }


def form_schema(form_class: type[forms.Form], *, partial: bool = False) -> Schema:
    """Return the JSON schema of a form: types, required, choices, lengths and help texts of its fields."""
    fields = form_class.base_fields  # type: ignore[attr-defined]
    schema: Schema = {"type": "object", "properties": {name: _field_schema(field) for name, field in fields.items()}}
    required = [name for name, field in fields.items() if field.required]
    if required and not partial:
        schema["required"] = required
    return schema


def _told(status: int, schema: Schema | None, media: Sequence[str]) -> Schema:
    said: Schema = {"description": HTTPStatus(status).phrase}
    return said if schema is None else said | {"content": {kind: {"schema": schema} for kind in media}}


def _field_schema(field: forms.Field) -> Schema:
    schema = dict(next((s for cls, s in _FIELDS if isinstance(field, cls)), TEXT))
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        offered: Any = field.choices
        choices = [value for value, _label in offered if value != ""]
        if choices and all(isinstance(value, str) for value in choices):
            target = {**schema["items"]} if schema.get("type") == "array" else schema
            target["enum"] = choices if field.required else [*choices, ""]
            schema = {**schema, "items": target} if schema.get("type") == "array" else schema
    if getattr(field, "max_length", None) and schema.get("type") == "string":
        schema["maxLength"] = field.max_length  # type: ignore[attr-defined]
    if field.help_text:
        schema["description"] = str(field.help_text)
    if not field.required and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


def _column_schema(field: Any) -> Schema:
    if field is None:  # the model computes it
        return {}
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    schema = dict(next((s for cls, s in _COLUMNS if isinstance(target, cls)), TEXT))
    if field.null and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    return schema


_DAY: Final[Schema] = {"type": "string", "format": "date"}
_MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
_FIELDS: tuple[tuple[type[forms.Field], Schema], ...] = (
    (forms.FileField, FILE),
    (forms.BooleanField, {"type": "boolean"}),
    (forms.ModelMultipleChoiceField, {"type": "array", "items": NUMBER}),
    (forms.ModelChoiceField, NUMBER),
    (forms.MultipleChoiceField, TEXTS),
    (forms.DecimalField, {"type": "string", "description": "A decimal number as text."}),
    (forms.IntegerField, NUMBER),
    (forms.DateTimeField, _MOMENT),
    (forms.DateField, _DAY),
    (forms.EmailField, {"type": "string", "format": "email"}),
    (forms.JSONField, {}),
)
_COLUMNS: tuple[tuple[type[models.Field], Schema], ...] = (
    (models.IntegerField, NUMBER),
    (models.BooleanField, {"type": "boolean"}),
    (models.FloatField, {"type": "number"}),
    (models.DateTimeField, _MOMENT),
    (models.DateField, _DAY),
    (models.JSONField, {}),
)
