"""What the queries share: words that are searched for, and the one row that was asked for."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Exists, Model, OuterRef, QuerySet

from core.errors import NotFound
from crm.models import ContactMerge
from crm.models.search import Searchable
from crm.queries.search import matching

Row = TypeVar("Row", bound=Model)
Found = TypeVar("Found", bound=Searchable)
MOST_SEARCHED = 100


def narrow(rows: QuerySet[Found], filters: Mapping[str, Any] | None) -> QuerySet[Found]:
    """Keep the rows that the words `q` find; no words keep all."""
    typed = str((filters or {}).get("q") or "").replace("\0", "")[:MOST_SEARCHED].strip()
    return matching(rows, typed) if typed else rows


def one(rows: QuerySet[Row], pk: int, missing: str) -> Row:
    """Return the row of this key; raises NotFound, saying what is missing."""
    row = rows.filter(pk=pk).first()
    if row is None:
        raise NotFound(missing)
    return row


def one_about_contact(rows: QuerySet[Any], pk: int, missing: str) -> Any:
    """Return the row of this key; its contact knows whether others became part of it. Raises NotFound."""
    merges = ContactMerge.objects.filter(contact=OuterRef("contact"))
    row = one(rows.annotate(contact_is_survivor=Exists(merges)), pk, missing)
    row.contact.is_survivor = row.contact_is_survivor
    return row
