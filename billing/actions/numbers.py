"""Numbers without gaps: a counter row that moves with the document that uses the number."""

from django.db.models import F

from billing.models import Counter


def next_number(series: str) -> int:
    """Return the next number of a series; call it inside the transaction that stores it.

    The counter row stays locked until that transaction ends, so a rolled-back document gives its
    number back and nobody waits in between with a later one.
    """
    Counter.objects.get_or_create(series=series)
    Counter.objects.filter(series=series).update(last=F("last") + 1)
    return Counter.objects.values_list("last", flat=True).get(series=series)
