"""What must hold about leads and deals (`manage.py check_invariants`)."""

from django.db.models import Count, Q

from core.registry import register_invariant
from crm.models import LEGAL_PAIRS, Deal, Lead
from crm.queries.imports import broken_imports


def pairs_are_legal() -> list[str]:
    """Return the leads outside the legal pairs of status and stage."""
    legal = Q()
    for status, stage in LEGAL_PAIRS:
        legal |= Q(status=status, stage=stage)
    rows = Lead.objects.exclude(legal).values_list("pk", "status", "stage")
    return [f"lead {pk} is {status}/{stage}" for pk, status, stage in rows]


def converted_leads_have_one_deal() -> list[str]:
    """Return the converted leads without exactly one deal, and open ones with one."""
    rows = Lead.objects.annotate(n=Count("deals"))
    wrong = rows.filter(Q(status="converted") & (~Q(n=1) | Q(converted_deal=None)))
    early = rows.exclude(status="converted").filter(n__gt=0)
    return [f"lead {row.pk} ({row.status}) has {row.n} deals" for row in [*wrong, *early]]


def won_deals_have_customers() -> list[str]:
    """Return the won deals whose contact is no customer."""
    wrong = Deal.objects.filter(status="won").exclude(contact__stage__in=("customer", "churned"))
    return [
        f"deal {pk} is won, its contact is no customer" for pk in wrong.values_list("pk", flat=True)
    ]


def reasons_add_up() -> list[str]:
    """Return the leads whose reasons do not add up to their score."""
    rows = Lead.objects.exclude(scored_at=None).only("score", "score_reasons", "status", "stage")
    return [
        f"lead {row.pk} has {row.score}, its reasons make {row.reason_points()}"
        for row in rows.iterator(chunk_size=2000)
        if row.reason_points() != row.score
    ]


register_invariant("I6", "Every lead is in one of the 12 legal pairs.", pairs_are_legal)
register_invariant(
    "I7", "Every converted lead has exactly one deal.", converted_leads_have_one_deal
)
register_invariant(
    "I7-customer", "The contact of a won deal is a customer.", won_deals_have_customers
)
register_invariant("L4", "The reasons of every score add up to it.", reasons_add_up)
register_invariant("I10", "Every imported row ends in exactly one outcome.", broken_imports)
