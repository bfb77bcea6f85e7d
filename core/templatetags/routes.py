"""Django's {% url %}, remembering what it found; a builtin of every template."""

from typing import Any

from django import template
from django.template import defaulttags
from django.urls import NoReverseMatch

from core.links import route

register = template.Library()


class RouteNode(defaulttags.URLNode):
    """Answers from memory where all arguments are whole numbers, else as Django does."""

    def render(self, context: template.Context) -> str:
        """Render the address, or set the variable of `as`."""
        keys = [key.resolve(context) for key in self.args]
        if self.kwargs or not all(type(key) is int for key in keys):
            return str(super().render(context))
        try:
            found = route(self.view_name.resolve(context), *keys)
        except NoReverseMatch:
            return str(super().render(context))
        if self.asvar:
            context[self.asvar] = found
            return ""
        return found


@register.tag
def url(parser: Any, token: Any) -> RouteNode:
    """The address of a route: {% url 'crm:deal-detail' deal.pk %}."""
    node = defaulttags.url(parser, token)
    return RouteNode(node.view_name, node.args, node.kwargs, node.asvar)
