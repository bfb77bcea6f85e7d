"""What to do next: the few records of a person's own that gain most from a touch now, each with the reason why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import clock
from core.templatetags.ui import day, elapsed
from crm.lead_rules import WORKING
from crm.models import Activity, Contact, Deal, Lead, Ticket
from crm.queries.rotting import today, touched_at
from crm.queries.tickets import tickets_for
from crm.scoring import SILENCE_FREE_DAYS, WARM

SHOWN = 8
QUIET_DAYS = 3  # after which a warm lead that was written to deserves another word
COLD_DAYS = 120  # contacts silent for longer belong to a campaign, not to a day's work
MINUTES = 5  # reckoned for each thing


@dataclass(frozen=True, slots=True)
class Step:
    """Something worth doing: the record, in which words, why, and how a new activity names it (`about`)."""

    rank: int
    record: Any
    title: str
    why: str
    about: str
    person: Contact

    @property
    def phone(self) -> str:
        """Where to call."""
        return self.person.phone


def next_steps(actor: Any) -> list[Step]:
    """Return what to do next, the most urgent first: new leads, late and stuck deals, quiet leads, silent customers.

    Whatever has something planned already is left to that plan. Three statements.
    """
    found: list[Step] = []
    if actor.can("lead:qualify"):
        found += _leads(actor)
    if actor.can("deal:create"):
        found += _deals(actor)
        found += _contacts(actor)
    return sorted(found, key=lambda step: step.rank)[:SHOWN]


def next_tickets(actor: Any) -> list[Step]:
    """Return the open tickets that are the actor's or nobody's, the nearest target first, each with the reason why."""
    if actor.user is None or not actor.can("ticket:resolve"):
        return []
    theirs = Q(assignee=actor.user) | Q(assignee=None)
    rows = tickets_for(actor).filter(theirs, status=Ticket.Status.OPEN).order_by(F("due_at").asc(nulls_last=True), "pk")
    return [Step(0, row, row.subject, _why_now(row), f"contact={row.contact_id}", row.contact) for row in rows[:SHOWN]]


def _why_now(ticket: Ticket) -> str:
    waits = ticket.first_answered_at is None
    if ticket.is_late:
        why = _("The first answer is late.") if waits else _("The solution is late.")
    elif ticket.due_at is None:
        why = _("Open, without a target.")
    else:
        why = _("The first answer is due.") if waits else _("The solution is due.")
    return why if ticket.assignee_id else f"{why} {_('Nobody has taken it yet.')}"


def silent_contacts() -> QuerySet[Contact]:
    """Return customers and qualified contacts to whom nobody has spoken for 30 days, with nothing planned."""
    now = clock.now()
    window = now - timedelta(days=COLD_DAYS), now - timedelta(days=SILENCE_FREE_DAYS)
    rows = Contact.objects.filter(stage__in=("qualified", "customer"), do_not_contact=False)
    return rows.filter(last_activity_at__range=window).exclude(_planned("contact"))


def _planned(field: str) -> Exists:
    open_ones = Activity.objects.filter(completed_at=None, due_at__isnull=False)
    return Exists(open_ones.filter(**{field: OuterRef("pk")}))


def _own(actor: Any, permission: str, rows: QuerySet[Any]) -> QuerySet[Any]:
    return actor.visible(permission, rows.filter(owner=actor.user))  # type: ignore[no-any-return]


def _leads(actor: Any) -> Iterator[Step]:
    rows = (
        _own(actor, "lead:read", Lead.objects.filter(status__in=WORKING))
        .exclude(_planned("lead"))
        .select_related("contact")
        .order_by("-score", "-pk")
    )
    for lead in rows[: 3 * SHOWN]:
        about, person = f"lead={lead.pk}", lead.contact
        if lead.stage == "NEW":
            why = _("Came in %(ago)s ago; nobody has written yet.") % {
                "ago": elapsed((clock.now() - lead.created_at).total_seconds())
            }
            yield Step(0 if lead.score >= WARM else 4, lead, person.name, why, about, person)
            continue
        days = _days(lead.contact.last_activity_at or lead.created_at)
        if lead.score >= WARM and days >= QUIET_DAYS:
            quiet = ngettext("Quiet for %(n)s day", "Quiet for %(n)s days", days) % {"n": days}
            why = _("%(quiet)s, and %(score)s points warm.") % {"quiet": quiet, "score": lead.score}
            yield Step(3, lead, person.name, why, about, person)


def _deals(actor: Any) -> Iterator[Step]:
    now = today()
    rows = _own(actor, "deal:read", Deal.objects.open()).exclude(_planned("deal"))
    for deal in rows.select_related("contact", "stage").order_by("-value_minor", "-pk")[:SHOWN]:
        rank, why = 5, _("No next step is planned.")
        if deal.expected_close_on and deal.expected_close_on < now:
            due = day(deal.expected_close_on, "j M")
            rank, why = 1, _("Should have closed on %(day)s.") % {"day": due}
        elif deal.rots_on and deal.rots_on <= now:
            days = _days(touched_at(deal))
            rank, why = (
                2,
                ngettext("Nothing happened for %(n)s day.", "Nothing happened for %(n)s days.", days) % {"n": days},
            )
        yield Step(rank, deal, deal.title, why, f"deal={deal.pk}", deal.contact)


def _contacts(actor: Any) -> Iterator[Step]:
    rows = _own(actor, "contact:read", silent_contacts())
    for contact in rows.order_by("-last_activity_at", "-pk")[:3]:
        days = _days(contact.last_activity_at)
        why = _("Not contacted for %(n)s days; %(stage)s.") % {"n": days, "stage": contact.get_stage_display().lower()}
        yield Step(6, contact, contact.name, why, f"contact={contact.pk}", contact)


def _days(since: datetime) -> int:
    return (clock.now() - since).days
