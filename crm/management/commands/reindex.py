"""Write the search index again from the records: `manage.py reindex`; what is right already stays."""

import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from crm.models import SearchForm
from crm.models.search import PART, add_words, prepare, refresh, searchables


class Command(BaseCommand):
    """Repairs the words of every record, a part at a time, and the vocabulary; safe while people work."""

    help = "Write the search index again from the records; what is right already stays."

    def handle(self, *args: Any, **options: Any) -> None:
        started, changed, words = time.monotonic(), 0, set[str]()
        prepare()
        known = set(SearchForm.objects.values_list("word", flat=True).distinct().iterator())
        for model in searchables():
            last = 0
            while True:
                rows = model._base_manager.filter(pk__gt=last).order_by("pk")
                with transaction.atomic():
                    ids = list(rows.values_list("pk", flat=True)[:PART])
                    differ, names = refresh(model, ids)
                if not ids:
                    break
                changed, last = changed + len(differ), ids[-1]
                words |= names
        for part in parts(sorted(words - known)):
            with transaction.atomic():
                add_words(part)
        for part in parts(sorted(known - words)):
            SearchForm.objects.filter(word__in=part).delete()
        took = time.monotonic() - started
        self.stdout.write(f"{changed} rows and {len(words ^ known)} words were mended in {took:.0f} s.")


def parts(words: list[str]) -> list[list[str]]:
    """Cut a list into parts."""
    return [words[at : at + PART] for at in range(0, len(words), PART)]
