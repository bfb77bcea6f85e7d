"""What is held about a person: shown, handed out, erased."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from core.actions import run
from core.doors import WRITE, door
from core.files import attachment
from core.pages import page
from crm.queries.contacts import contact_for
from crm.queries.privacy import copy_of, counts_of, is_pseudonym, person_of
from crm.sheets import sheet


@door("contact:erase")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How much is held about a contact, of which kind."""
    contact = contact_for(request.actor, pk)
    counts = [] if is_pseudonym(contact) else counts_of(person_of(contact))
    return page(request, "crm/contacts/privacy.html", {"contact": contact, "counts": counts})


@door("contact:erase", WRITE)
def copy(request: HttpRequest, pk: int) -> HttpResponse:
    """All of it as one file, which is noted in the audit."""
    contact = contact_for(request.actor, pk)
    run("contact.hand_out", contact, actor=request.actor, data={})
    return attachment(copy_of(person_of(contact)), f"contact-{pk}.zip", "application/zip")


erase = sheet(
    "contact.erase",
    contact_for,
    title=_("Erase {.name}?"),
    submit=_("Erase"),
    intro=_("Everything about this person goes, files too. Invoices stay as they were issued. It cannot be undone."),
    message=_("Erased."),
    goes="crm:contact-list",
    danger=True,
)
