"""Who can see a record and why; sharing it, taking that back, asking for more."""

from django.http import HttpResponse
from django.utils.translation import gettext as _

from accounts.actions import shares
from accounts.forms.access import AskAccessForm, HolderForm, ShareForm
from accounts.queries.access import grouped, record_for, seers_of, shares_of
from accounts.views.asking import sent
from core.actions import clean
from core.doors import READ, WRITE, Request, signed_in
from core.errors import Invalid
from core.pages import done, form_errors, page

BOTH = (*READ, *WRITE)
CHANGED = "access-changed"


@signed_in()
def panel(request: Request, noun: str, pk: int) -> HttpResponse:
    """Who can see this record, by which rule, and what they may do; with the shares that were given."""
    record = record_for(request.actor, noun, pk)
    given = shares_of(record)
    verdict = request.actor.can(f"{noun}:update", record)
    context = {
        "record": record,
        "noun": noun,
        "lines": grouped(seers_of(record, noun, given)),
        "shares": given,
        "may_share": verdict and not (verdict.ground and not verdict.ground.role),
        "may_ask": not verdict,
    }
    return page(request, "accounts/access/panel.html", context, parts=("record-access",))


@signed_in(BOTH)
def share(request: Request, noun: str, pk: int) -> HttpResponse:
    """Share the record with a person or a team."""
    actor, record = request.actor, record_for(request.actor, noun, pk)
    shares.may_share(actor, noun, record)
    form = ShareForm(sent(request), noun=noun)
    if form.is_bound and form.is_valid():
        try:
            shares.share_record(record, actor=actor, noun=noun, **form.cleaned_data)
        except Invalid as error:
            form_errors(form, error)
        else:
            whom = form.cleaned_data["shared_with"]
            return done(request, _home(record), _("Shared with %(whom)s.") % {"whom": whom}, CHANGED)
    context = {
        "form": form,
        "title": _("Share %(record)s") % {"record": record},
        "submit": _("Share"),
        "back": _home(record),
    }
    status = 422 if form.errors else 200
    return page(request, "crm/form.html", context, parts=("sheet-form",), status=status)


@signed_in(WRITE)
def unshare(request: Request, noun: str, pk: int) -> HttpResponse:
    """Take a share back."""
    record = record_for(request.actor, noun, pk)
    values = clean(HolderForm, request.POST)
    shares.unshare_record(record, actor=request.actor, noun=noun, **values)
    return done(
        request, _home(record), _("%(shared_with)s has it no more.") % {"shared_with": values["shared_with"]}, CHANGED
    )


@signed_in(WRITE)
def ask(request: Request, noun: str, pk: int) -> HttpResponse:
    """Ask the owner of a record that one may only read."""
    record = record_for(request.actor, noun, pk)
    values = clean(AskAccessForm, request.POST)
    shares.ask_access(record, actor=request.actor, noun=noun, **values)
    return done(request, _home(record), _("Asked. The owner is told."), CHANGED)


def _home(record: object) -> str:
    url: str = record.get_absolute_url()  # type: ignore[attr-defined]
    return url
