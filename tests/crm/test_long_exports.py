"""Long lists leave the request: written with the rights of who asked, theirs alone, and gone after a few days."""

import csv
import io
import os
from datetime import timedelta

import pytest

from accounts import jobs, listing
from accounts.actions.exports import KEPT
from accounts.models import Export
from accounts.permissions import forget
from core import clock
from core.models import JobRun
from crm.models import Contact
from tests.factories.crm import make_contact
from tests.people import browser

pytestmark = pytest.mark.django_db
ASK = "/contacts/export/?view=&edited=1&city=Pune&sort=name&format="


@pytest.fixture
def many(people, monkeypatch, settings, tmp_path):
    """Four contacts of Pune and one of Goa, where three are too many to wait for."""
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(listing, "AT_ONCE", 3)
    for number in range(4):
        make_contact(first_name="Ann", last_name=f"Abel {number}", city="Pune")
    make_contact(last_name="Zorn", city="Goa")


def asked_by(user, form: str = "csv") -> Export:
    client = browser(user)
    assert b"in the background" in client.get(ASK + form).content and not Export.objects.exists()
    answer = client.post(ASK + form)
    assert answer.status_code == 303 and answer["Location"].startswith("/contacts/?")
    assert JobRun.objects.filter(job="accounts.jobs.write_exports", tries=0).exists()
    return Export.objects.get()


@pytest.mark.parametrize("form", ["csv", "xlsx", "all"])
def test_a_long_list_is_written_by_the_worker_for_who_asked(people, many, form):
    row, client = asked_by(people.max, form), browser(people.max)
    assert client.get(f"/exports/{row.pk}/").status_code == 404
    Contact.objects.filter(last_name="Abel 3").delete()
    jobs.write_exports()
    told = people.max.notifications.get(kind="export.ended")
    assert told.url == f"/exports/{row.pk}/"
    answer = client.get(told.url)
    assert answer.status_code == 200 and answer["Content-Disposition"].startswith("attachment; filename=")
    content = b"".join(answer.streaming_content)
    if form == "csv":
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        assert [line[0] for line in rows[1:]] == ["Ann Abel 0", "Ann Abel 1", "Ann Abel 2"]
    elif form == "xlsx":
        assert content[:2] == b"PK"
    else:
        assert content.decode("utf-8-sig").count("Pune") == 3 and b"Goa" not in content
    for other in (people.ada, people.rita):
        assert browser(other).get(told.url).status_code == 404


def test_a_short_list_and_paper_answer_at_once(people, many):
    client = browser(people.max)
    assert client.get("/contacts/export/?city=Goa&format=csv")["Content-Type"].startswith("text/csv")
    assert client.get(ASK + "pdf").status_code in (200, 409)
    assert client.get(ASK + "doc").status_code == 422
    assert not Export.objects.exists()


def test_whoever_lost_the_right_gets_no_file(people, many):
    row = asked_by(people.max)
    jobs.write_exports()
    people.max.groups.clear()
    forget(people.max)
    assert browser(people.max).get(f"/exports/{row.pk}/").status_code == 403
    Export.objects.update(path="", ended_at=None)
    jobs.write_exports()
    row.refresh_from_db()
    assert row.path == "" and row.ended_at
    assert "could not be written" in people.max.notifications.latest("pk").text


def test_files_go_after_some_days_and_nobody_has_many_written_at_once(people, many, settings):
    row = asked_by(people.max)
    client = browser(people.max)
    assert [client.post(ASK + "csv").status_code for _ in range(5)] == [303] * 4 + [409]
    jobs.write_exports()
    row.refresh_from_db()
    path = settings.MEDIA_ROOT / row.path
    before = (clock.now() - KEPT - timedelta(hours=1)).timestamp()
    os.utime(path, (before, before))
    Export.objects.filter(pk=row.pk).update(created_at=clock.now() - KEPT - timedelta(hours=1))
    jobs.tidy_accounts()
    assert not path.exists() and Export.objects.count() == 4
    assert client.get(f"/exports/{row.pk}/").status_code == 404
