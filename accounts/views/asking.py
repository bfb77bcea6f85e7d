"""One way to ask and act: a form on a page, its action, and an answer."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import Model
from django.http import HttpResponse
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.doors import Request
from core.errors import Invalid
from core.pages import done, form_errors, page


def ask(
    request: Request,
    action: Callable[..., Any],
    form: type[forms.Form],
    *subject: Model,
    title: str,
    message: str,
    back: str,
    submit: str = "",
    to: str | Callable[[Any], str] = "",
    initial: dict[str, Any] | None = None,
    actor: Actor | None = None,
    template: str = "accounts/form.html",
    parts: tuple[str, ...] = (),
    **context: Any,
) -> HttpResponse:
    """Show an action's form; when it was sent and is right, act, and go on to the result (or `to`).

    Without `initial` the form starts with the subject's own columns.
    """
    if initial is None and subject:
        initial = {name: getattr(subject[0], name) for name in form.base_fields}
    bound = form(sent(request), initial=initial)
    if bound.is_bound and bound.is_valid():
        try:
            result = action(*subject, actor=actor or request.actor, **bound.cleaned_data)
        except Invalid as error:
            form_errors(bound, error)
        else:
            return done(request, to(result) if callable(to) else to or result, message)
    context |= {"form": bound, "title": title, "submit": submit or _("Save"), "back": back}
    status = 422 if bound.errors else 200
    return page(request, template, context, parts=parts, status=status)


def sent(request: Request) -> Any:
    """Answer what the form was sent with; None for a first look."""
    return request.POST if request.method == "POST" else None
