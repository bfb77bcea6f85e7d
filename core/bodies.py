"""JSON bodies: objects of text and numbers that can be stored, of the kinds that the form's fields expect."""

import json
import re
from hashlib import file_digest
from typing import Any

from django import forms
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, RawPostDataException
from ninja.errors import HttpError

from core.crypto import sha256
from core.errors import Invalid

_ZERO = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
FORM = "multipart/form-data"
_LISTS = (forms.JSONField, forms.MultipleChoiceField, forms.ModelMultipleChoiceField)
_DATES = (forms.DateField, forms.DateTimeField, forms.TimeField)
_TEXTS = (forms.CharField, forms.ChoiceField, forms.ModelChoiceField, forms.IntegerField, forms.BooleanField)


def body_of(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object of a request, {} for no body; refuses what is none or cannot be stored as text."""
    try:
        body = request.body
    except RequestDataTooBig as error:
        raise HttpError(413, "The body is larger than 2.5 MB. Send less at once.") from error
    except RawPostDataException as error:
        raise HttpError(415, "Send JSON, with Content-Type: application/json.") from error
    if not body:
        return {}
    try:
        data = json.loads(body)
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        text.encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise HttpError(400, 'The body is not JSON. Send an object like {"name": "value"}.') from error
    if not isinstance(data, dict):
        raise HttpError(400, 'The body must be a JSON object like {"name": "value"}.')
    if _ZERO.search(text):
        raise HttpError(400, "The body holds a zero byte. Leave it out.")
    return data


def check_kind(request: HttpRequest, kind: str) -> None:
    """Raise 415 for a body of another kind."""
    if request.content_type != kind:
        raise HttpError(415, f"Send the body with Content-Type: {kind}.")


def fingerprint(request: HttpRequest) -> str:
    """Return what tells two bodies apart; of an upload, each field and the bytes of its file."""
    if request.content_type != FORM:
        return sha256(request.body)
    told = [f"{name}={value}" for name, value in sorted(request.POST.items())]
    files: list[tuple[str, Any]] = sorted(request.FILES.items())
    for name, file in files:
        told.append(f"{name}={file_digest(file, 'sha256').hexdigest()}")
        file.seek(0)
    return sha256(*told)


def check_types(form_class: type[forms.Form] | None, data: dict[str, Any]) -> None:
    """Raise Invalid for values that an HTML form could not have sent: Django's fields expect text."""
    errors = {}
    for name, field in (form_class.base_fields if form_class else {}).items():  # type: ignore[attr-defined]
        if complaint := _complaint(field, data.get(name)):
            errors[name] = [complaint]
    if errors:
        raise Invalid(errors)


def _complaint(field: forms.Field, value: Any) -> str:
    if value is None or isinstance(field, _LISTS):
        return ""
    if isinstance(field, _DATES):
        return "" if isinstance(value, str) else "Send a date as text, such as 2026-11-21."
    if isinstance(field, (*_TEXTS, forms.DecimalField)) and isinstance(value, list):
        return "Send one value, not a list."
    if isinstance(field, _TEXTS) and not isinstance(field, forms.DecimalField) and isinstance(value, dict):
        return "Send one value, not an object."
    if isinstance(field, forms.CharField) and isinstance(value, bool):
        return "Send text."
    return ""
