"""What the pages of documents say about sizes."""

from django import template
from django.conf import settings

from core import files

register = template.Library()
register.filter("told_size", files.told_size)


@register.simple_tag
def upload_limit() -> int:
    """Return how many bytes a file may have."""
    return int(settings.UPLOAD_MAX_BYTES)
