"""What an edit changes, and which fields it may."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models


def differences(row: models.Model, values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return {field: [before, after]} for the values that differ from the row's."""
    found = {}
    for name, after in values.items():
        before = getattr(row, name)
        if before != after:
            found[name] = [_shown(before), _shown(after)]
    return found


def only(values: Mapping[str, Any], allowed: Iterable[str]) -> None:
    """Raise TypeError for a field that an edit may not touch."""
    if unknown := values.keys() - set(allowed):
        raise TypeError(f"Cannot set {sorted(unknown)}. Accepted: {sorted(allowed)}.")


def answered(held: Mapping[str, Any], said: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return custom values with what was said now: keys not named stay, None clears."""
    return {key: value for key, value in {**held, **(said or {})}.items() if value is not None}


def _shown(value: Any) -> Any:
    return str(value) if isinstance(value, models.Model) else value
