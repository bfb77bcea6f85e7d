"""Drafts that wait, and what they are about."""

from datetime import timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.clock import now
from core.errors import NotFound
from core.models import Event
from crm.models import Contact, Lead
from outreach.models import Message, Suggestion
from outreach.queries.outgoing import may_leave

DRAFTING_SECONDS = 8
FLOOD = 10  # messages of one person in an hour


def suggestion_for(actor: Actor, pk: int) -> Suggestion:
    """Return a draft that the actor may see; NotFound otherwise."""
    found = actor.visible("conversation:read", Suggestion.objects.select_related("contact", "lead", "conversation"))
    suggestion = found.filter(pk=pk).first()
    if suggestion is None:
        raise NotFound(_("This draft is not there. It may have been deleted with its lead."))
    return suggestion


def waiting_suggestions(actor: Actor) -> QuerySet[Suggestion]:
    """Return the drafts that wait for somebody and that the actor may decide, oldest first."""
    pending = Suggestion.objects.filter(state="pending").select_related("contact", "lead", "conversation")
    return actor.visible("suggestion:approve", pending).order_by("created_at", "pk")


def current_suggestion(contact: Contact) -> Suggestion | None:
    """Return the contact's draft that waits, else the latest one."""
    pending = contact.suggestions.filter(state="pending").first()
    return pending or contact.suggestions.order_by("-pk").first()


def is_drafting(contact: Contact) -> bool:
    """Whether a draft for this contact was asked for within the last seconds and is not there yet."""
    asked = Event.objects.filter(
        contact_id=contact.pk,
        name__in=("lead.created", "suggestion.requested", "message.received"),
        at__gte=now() - timedelta(seconds=DRAFTING_SECONDS),
    )
    last = asked.order_by("-pk").first()
    return last is not None and not contact.suggestions.filter(created_at__gte=last.at).exists()


def is_flooding(contact_id: int) -> bool:
    """Whether a contact writes faster than a person; then rules read and nobody drafts."""
    lately = Message.objects.incoming().filter(created_at__gte=now() - timedelta(hours=1))
    return lately.filter(contact_id=contact_id).count() > FLOOD


def may_draft(lead: Lead) -> bool:
    """Whether asking for a draft leads to one: a reply waits, or the next outreach is allowed."""
    contact = lead.contact
    if contact.do_not_ai:
        return False
    if waiting_message(contact.pk) is not None:
        return True
    purpose = "first_message" if lead.stage == "NEW" else "follow_up"
    return not may_leave(contact=contact, lead=lead, to_address=contact.email, purpose=purpose)


def waiting_message(contact_id: int) -> Message | None:
    """Return the reply of a contact that nobody answered yet, if there is one."""
    last = (
        Message.objects.select_related("contact", "lead", "conversation")
        .filter(contact_id=contact_id)
        .exclude(state="failed")
        .exclude(kind__in=("auto_reply", "out_of_office"))
        .order_by("-pk")
        .first()
    )
    return last if last is not None and last.direction == "in" and last.answerable else None
