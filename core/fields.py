"""The renderer of texts that people and machines write: flat `{{ name }}` fields, no logic, no objects.

Django's own engine must never see such a text: it would call methods and read any attribute (QUALITY.md §2).
"""

import re
from dataclasses import dataclass

_FIELD = re.compile(r"\{\{\s*([a-z][a-z0-9_]{0,39})\s*(?:\|([^{}]{0,200}))?\}\}")


@dataclass(frozen=True, slots=True)
class Filled:
    """The text with its fields filled, and the names that had neither a value nor a fallback."""

    text: str
    missing: list[str]


def fill(template: str, values: dict[str, str]) -> Filled:
    """Fill `{{ name }}` and `{{ name|fallback }}` from strings; linear time; values are never filled again."""
    missing: list[str] = []

    def value_of(match: re.Match[str]) -> str:
        name, fallback = match.group(1), match.group(2)
        value = str(values.get(name) or "").strip()
        if value:
            return value
        if fallback is not None:
            return fallback.strip()
        missing.append(name)
        return ""

    return Filled(_FIELD.sub(value_of, template), missing)


def field_names(template: str) -> list[str]:
    """Return the names of the fields that a text uses, in order, once each."""
    return list(dict.fromkeys(match.group(1) for match in _FIELD.finditer(template)))
