"""The pages of the duplicate radar: the queue of pairs, merging two contacts, and a hint while typing."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.actions import run
from core.doors import WRITE, door
from core.errors import Invalid, Refused
from core.numbers import is_number
from core.pages import done, page, paginate
from crm.models import Contact, DuplicatePair
from crm.queries.contacts import contact_for, contacts_for
from crm.queries.duplicates import lookalikes, pair_for, pairs_for, twins_of
from crm.queries.merging import choices_of, merge_of, moving, warnings
from crm.queries.operations import offer_after
from crm.sheets import BOTH, press

PAIRS = 10
VIEWS = {"": DuplicatePair.State.OPEN, "different": DuplicatePair.State.DIFFERENT}


@door("contact:merge")
def list_(request: HttpRequest) -> HttpResponse:
    """Pairs of contacts that look like one, side by side."""
    chosen = request.GET.get("view", "") if request.GET.get("view", "") in VIEWS else ""
    found = pairs_for(request.actor, (VIEWS[chosen],))
    cursor = request.GET.get("cursor", "")
    rows = paginate(found, cursor, per_page=PAIRS, order=("-score", "-pk"), count_to=1_000)
    context = {
        "rows": rows,
        "pairs": [(pair, choices_of(pair.contact, pair.other)) for pair in rows],
        "chosen": chosen,
        "total": f"{rows.counted:,}" if rows.counted <= 1_000 else "1,000+",
    }
    return page(request, "crm/contacts/duplicates.html", context)


@door("contact:merge", BOTH)
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the other contact, then field by field what stays; see what moves, and merge."""
    contact = contact_for(request.actor, pk)
    request.actor.require("contact:merge", contact)
    typed = request.POST.get("other") or request.GET.get("with", "")
    if not is_number(typed):
        words = request.GET.get("q", "").strip()
        found = contacts_for(request.actor, {"q": words}).exclude(pk=contact.pk)[:10] if words else []
        context = {"contact": contact, "found": found, "twins": twins_of(request.actor, contact)}
        return page(request, "crm/contacts/merge_with.html", context)
    other = contact_for(request.actor, int(typed))
    if other.pk == contact.pk:
        raise Refused(gettext("Choose two different contacts."))
    if request.method != "POST":
        return _preview(request, contact, other)
    try:
        kept = run("contact.merge", contact, actor=request.actor, data=request.POST)
    except Invalid as error:
        return _preview(request, contact, other, error)
    undo = offer_after("contact.merge", request.actor)
    return done(
        request, kept, gettext("%(other)s became part of %(kept)s.") % {"other": other, "kept": kept}, undo=undo
    )


@door("contact:read")
def hints(request: HttpRequest) -> HttpResponse:
    """Who somebody being typed in may be."""
    found = lookalikes(request.actor, request.GET)
    return page(request, "crm/contacts/_lookalikes.html", {"found": found})


@door("contact:merge", WRITE)
def unmerge(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a merge back."""
    merged = merge_of(request.actor, pk)
    operation = run("contact.unmerge", merged, actor=request.actor, data={})
    if Contact.objects.filter(pk=pk).exists():
        return done(
            request, reverse("crm:contact-detail", args=[pk]), gettext("%(merged)s is back.") % {"merged": merged.name}
        )
    return done(request, operation)


dismiss = press("duplicate.dismiss", pair_for, _("They stay two."))
reopen = press("duplicate.reopen", pair_for, _("Back in the queue."))


def _preview(request: HttpRequest, contact: Contact, other: Contact, error: Invalid | None = None) -> HttpResponse:
    context = {
        "contact": contact,
        "other": other,
        "choices": choices_of(contact, other),
        "moving": moving(other),
        "warnings": warnings(contact, other),
        "error": error,
    }
    return page(request, "crm/contacts/merge.html", context, status=error.status if error else 200)
