"""A list's cell on another page."""

from functools import partial
from typing import Any

from django import template

from core.cells import shown
from core.lists import SPECS

register = template.Library()


@register.simple_tag(takes_context=True)
def cell(context: template.Context, key: str, row: Any, field: str) -> str:
    """The cell of a row as its list shows it: edited in place by those who may; the page loads js/list.js."""
    column = next(one for one in SPECS[key].columns if one.key == field)
    may = partial(context["request"].actor.can, obj=row)
    return shown(column, row, may, row.get_absolute_url())
