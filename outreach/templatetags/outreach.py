"""Small filters for messages and drafts."""

from django import template

from outreach.forms.messages import INTENT_LABELS

register = template.Library()


@register.filter
def intent(value: str) -> str:
    """The words for an intent, as they stand in a sentence."""
    return INTENT_LABELS.get(value, value).lower()


@register.filter
def source_label(value: str) -> str:
    """The words for what a draft was made from."""
    return value.replace("_", " ").capitalize()


@register.filter
def percent(value: float | None) -> str:
    """How sure, as a whole percent."""
    return f"{round((value or 0) * 100)}%"
