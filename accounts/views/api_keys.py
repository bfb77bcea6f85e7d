"""API keys: list, make (the text is shown once), revoke."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actions.api_keys import create_api_key, revoke_api_key
from accounts.forms.api_keys import CreateApiKeyForm
from accounts.queries.people import key_for, keys_for
from accounts.views.asking import sent
from core.doors import Request, door
from core.pages import done, page, paginate

LIST = "accounts:key-list"


@door("key:manage")
def list_(request: Request) -> HttpResponse:
    """One's own keys; everybody's for administrators."""
    rows = paginate(keys_for(request.actor), request.GET.get("cursor", ""), order=("-pk",))
    return page(request, "accounts/api_keys/list.html", {"rows": rows})


@door("key:manage", ("GET", "HEAD", "POST"))
def new(request: Request) -> HttpResponse:
    """Make a key and show its text, this once."""
    form = CreateApiKeyForm(sent(request), initial={"days": "365"})
    if not request.actor.can("settings:manage"):
        del form.fields["tier"]
    if form.is_bound and form.is_valid():
        key = create_api_key(actor=request.actor, **form.cleaned_data)
        return page(request, "accounts/api_keys/created.html", {"key": key})
    context = {"form": form, "title": _("New API key"), "submit": _("Create"), "back": reverse(LIST)}
    return page(request, "accounts/form.html", context, status=422 if form.errors else 200)


@door("key:manage", ("POST",))
def revoke(request: Request, pk: int) -> HttpResponse:
    """Close a key for good."""
    actor = request.actor
    revoke_api_key(key_for(actor, pk), actor=actor)
    return done(request, reverse(LIST), _("Key revoked. The next request with it is refused."))
