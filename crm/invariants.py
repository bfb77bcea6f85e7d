"""What must hold about leads and deals (`manage.py check_invariants`)."""

from django.db.models import Count, Q

from core.registry import register_invariant
from crm.models import LEGAL_PAIRS, Activity, Deal, Lead, Playbook
from crm.models.search import known_words, searchables, told
from crm.queries.documents import broken_files
from crm.queries.imports import broken_imports
from crm.search import Query, names_in

SAMPLE = 100


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
    return [f"deal {pk} is won, its contact is no customer" for pk in wrong.values_list("pk", flat=True)]


def processes_start_once() -> list[str]:
    """Return the deals with more tasks of a playbook than its process has, and those without a process."""
    wrong = []
    for playbook in Playbook.objects.all():
        tasks = Activity.objects.filter(source_key__startswith=f"{playbook.slug}:")
        steps = dict(playbook.processes.values_list("deal_id", "steps"))
        for row in tasks.values("deal_id").annotate(n=Count("pk")).order_by("deal_id"):
            most = sum(len(step["tasks"]) for step in steps.get(row["deal_id"], []))
            if row["n"] > most:
                wrong.append(f"deal {row['deal_id']} has {row['n']} tasks of “{playbook}”, not {most}")
    return wrong


def reasons_add_up() -> list[str]:
    """Return the leads whose reasons do not add up to their score."""
    rows = Lead.objects.exclude(scored_at=None).only("score", "score_reasons", "status", "stage")
    return [
        f"lead {row.pk} has {row.score}, its reasons make {row.reason_points()}"
        for row in rows.iterator(chunk_size=2000)
        if row.reason_points() != row.score
    ]


def index_is_right() -> list[str]:
    """Return which of some records, the newest and some of all ages, the search would not find by their words."""
    wrong, names = [], set[str]()
    for model in searchables():
        newest = list(model._base_manager.order_by("-pk").values_list("pk", flat=True)[:SAMPLE])
        last, noun = max(newest, default=0), model.__name__.lower()
        ids = sorted({*newest, *range(1, last, 1 + last // SAMPLE)})
        for pk, now, written, called in told(model, ids):
            names |= names_in(called)
            asked = Query((tuple(((word,),) for word in now[0].split()),))
            if now != written:
                wrong.append(f"the search words or the sort name of {noun} {pk} are not its own")
            elif not model._base_manager.filter(pk=pk, search_words__matches=asked).exists():
                wrong.append(f"the index does not hold {noun} {pk}")
    return wrong + [f"the vocabulary lacks {word}" for word in sorted(names - known_words(names))]


register_invariant("I6", "Every lead is in one of the 12 legal pairs.", pairs_are_legal)
register_invariant("I7", "Every converted lead has exactly one deal.", converted_leads_have_one_deal)
register_invariant("I7-customer", "The contact of a won deal is a customer.", won_deals_have_customers)
register_invariant("I7a", "A playbook's tasks are given out once.", processes_start_once)
register_invariant("L4", "The reasons of every score add up to it.", reasons_add_up)
register_invariant("C2", "The search knows every record by its words.", index_is_right)
register_invariant("I10", "Every imported row ends in exactly one outcome.", broken_imports)
register_invariant("C7", "Every file of a document holds what was uploaded.", broken_files)
