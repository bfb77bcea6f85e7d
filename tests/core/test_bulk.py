"""The fast writer writes what `save()` would, on both databases."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from core import bulk
from core.models import Event

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 21, 9, 30, 15, 123456, tzinfo=UTC)
SAME = {**bulk.defaults(Event), "subject_type": "test", "at": AT, "via": "page"}


def write(*rows: tuple) -> list[int]:
    names = ("id", "name", "subject_id", "data", "at")
    with transaction.atomic():
        bulk.lazy_commit()
        ids = bulk.reserve(Event, len(rows))
        same = {name: value for name, value in SAME.items() if name not in names}
        bulk.insert(Event, names, [(pk, *row) for pk, row in zip(ids, rows, strict=True)], same)
    return ids


def test_rows_arrive_as_they_were_given():
    odd = "a\tb\\n\nc'\"é\U0001f600"
    first, second = write((odd, None, {"k": [odd, None, 1.5]}, AT), ("x", 7, {}, AT))
    row = Event.objects.get(pk=first)
    assert (row.name, row.subject_id, row.data, row.at) == (odd, None, {"k": [odd, None, 1.5]}, AT)
    assert (row.subject_type, row.via, row.request_id) == ("test", "page", "")
    assert Event.objects.get(pk=second).subject_id == 7
    assert Event.objects.filter(at=AT, data={}).count() == 1


def test_ids_are_given_once():
    first = write(("a", 1, {}, AT), ("b", 2, {}, AT))
    saved = Event.objects.create(name="c", subject_type="test", actor_kind="user", at=AT)
    later = write(("d", 3, {}, AT))
    with transaction.atomic():
        reserved = bulk.reserve(Event, 3) + bulk.reserve(Event, 2)
    assert len({*first, saved.pk, *later, *reserved}) == 9
    assert [*first, saved.pk, *later, *reserved] == sorted({*first, saved.pk, *later, *reserved})


def test_columns_of_many_rows_change_at_once():
    one, two = write(("a", 1, {}, AT), ("b", 2, {"x": 1}, AT))
    later = AT.replace(year=2027)
    bulk.update(
        Event, ("name", "subject_id", "data", "at"), [(one, "A,{}\\", None, {"y": "é"}, later), (two, "B", 3, {}, AT)]
    )
    bulk.update(Event, ("name",), [])
    rows = Event.objects.order_by("pk").values_list("name", "subject_id", "data", "at")
    assert list(rows) == [("A,{}\\", None, {"y": "é"}, later), ("B", 3, {}, AT)]
