"""Small filters for messages and drafts."""

from django import template
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from outreach.forms.messages import INTENT_LABELS

register = template.Library()
# What a draft can be made from.
SOURCES = (
    _("First name"), _("Business name"), _("Industry"), _("City"), _("Note"), _("Offer"), _("Tone"), _("Sender name"),
    _("Workspace name"), _("Language"), _("Reply"), _("Intent"), _("History"), _("Wishes"),
    _("Catalog"), _("Proposal"), _("Task"), _("Reason"),
)  # fmt: skip


@register.filter
def intent(value: str) -> str:
    """The words for an intent, as they stand in a sentence."""
    return INTENT_LABELS.get(value, value).lower()


@register.filter
def source_label(value: str) -> str:
    """The words for what a draft was made from."""
    return gettext(value.replace("_", " ").capitalize())


@register.filter
def percent(value: float | None) -> str:
    """How sure, as a whole percent."""
    return f"{round((value or 0) * 100)}%"
