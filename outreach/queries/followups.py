"""Leads that were written to and stay silent."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import CharField, Count, Exists, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat

from core.clock import now
from core.models import IdempotencyKey
from crm.models import Lead
from outreach.models import Message, Suggestion

WAITS = (3, 5, 10)  # days before the first, second and third follow-up; then no more
LIMIT = 200


def silent_leads() -> Iterator[tuple[Lead, str]]:
    """Yield contacted leads without an answer whose next follow-up is due, each with the key of that step.

    Left out is who has a waiting draft, and whose step was asked for already, whatever became of it.
    """
    answers = Message.objects.incoming().filter(contact=OuterRef("contact"), kind="reply")
    drafts = Suggestion.objects.filter(contact=OuterRef("contact"), state="pending")
    asked = IdempotencyKey.objects.filter(scope="action:suggestion.request", key=OuterRef("step"))
    ours = Message.objects.outgoing().filter(lead=OuterRef("pk"), state__in=("sent", "settled"), sent_at__isnull=False)
    follow_ups = ours.filter(purpose="follow_up").order_by().values("lead").annotate(number=Count("pk"))
    due = Q()
    for attempts, days in enumerate(WAITS):
        due |= Q(attempts=attempts, last_sent_at__lte=now() - timedelta(days=days))
    leads = (
        Lead.objects.filter(status="contacted", stage="CONTACTED")
        .exclude(Exists(answers))
        .exclude(Exists(drafts))
        .annotate(
            last_sent_at=Subquery(ours.order_by("-sent_at").values("sent_at")[:1]),
            attempts=Coalesce(Subquery(follow_ups.values("number")), 0),
            step=Concat(Value("follow-up:"), Cast("pk", CharField()), Value(":"), Cast("attempts", CharField())),
        )
        .filter(due)
        .exclude(Exists(asked))
        .order_by("last_sent_at")
    )
    for lead in leads[:LIMIT]:
        yield lead, lead.step
