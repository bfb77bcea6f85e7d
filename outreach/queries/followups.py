"""Leads that were written to and stay silent."""

from collections.abc import Iterator

from django.db.models import Count, Exists, Max, OuterRef, Q

from crm.models import Lead
from outreach.models import Message, Suggestion

LIMIT = 200


def silent_leads() -> Iterator[tuple[Lead, int]]:
    """Yield contacted leads without an answer and without a waiting draft, each with its follow-ups so far."""
    answers = Message.objects.incoming().filter(contact=OuterRef("contact"), kind="reply")
    drafts = Suggestion.objects.filter(contact=OuterRef("contact"), state="pending")
    ours = Q(messages__direction="out", messages__state__in=("sent", "settled"))
    leads = (
        Lead.objects.filter(status="contacted", stage="CONTACTED")
        .exclude(Exists(answers))
        .exclude(Exists(drafts))
        .annotate(
            last_sent_at=Max("messages__sent_at", filter=ours),
            attempts=Count("messages", filter=ours & Q(messages__purpose="follow_up")),
        )
        .filter(last_sent_at__isnull=False, attempts__lt=3)
        .order_by("last_sent_at")
    )
    for lead in leads[:LIMIT]:
        yield lead, lead.attempts
