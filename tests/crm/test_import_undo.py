"""What an import did is taken back, its updates too; wrong rows are mended in place; large files take the worker."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from core import clock
from core.errors import Refused
from core.models import Event
from crm.actions import imports
from crm.actions.imports import carry_on, map_import, mend_rows, start_import, upload_import
from crm.actions.operations import carry_on_undoing, undo_operation
from crm.actions.starter import make_starter_set
from crm.jobs import forget_imported_files
from crm.models import Contact, CustomField, Deal, ImportRun, Lead
from crm.queries.imports import endings_of, progress_of
from crm.queries.timeline import timeline
from crm.staging import Ending
from tests.crm.digests import differing, state
from tests.factories.crm import make_contact, make_lead
from tests.people import SYSTEM, as_actor, browser

pytestmark = pytest.mark.django_db
HEADERS = "First name,Last name,Email,Phone,Company,City,Tags,Do not email,Converted,Note"


def upload(text: str, kind: str = "", actor=SYSTEM) -> ImportRun:
    return upload_import(actor=actor, file=BytesIO(text.encode()), file_name="a.csv", kind=kind)


def bring(text: str, kind: str = "", mode: str = "all", known: str = "fill") -> ImportRun:
    run = upload(text, kind)
    run = map_import(run, actor=SYSTEM, kind=run.kind, mode=mode, mapping=run.mapping, known=known)
    return finish(run)


def finish(run: ImportRun) -> ImportRun:
    while not carry_on(start_import(run, actor=SYSTEM), actor=SYSTEM, seconds=300):
        pass
    run.refresh_from_db()
    return run


def records() -> dict:
    return {key: row for key, row in state().items() if not key.startswith("crm.ImportRun")}


def undo(run: ImportRun) -> None:
    operation = undo_operation(run.operation, actor=SYSTEM)
    assert carry_on_undoing(operation, actor=SYSTEM, seconds=60)
    run.operation.refresh_from_db()


def test_all_that_an_import_did_is_taken_back(people, monkeypatch):
    make_starter_set(actor=SYSTEM)
    monkeypatch.setitem(imports.CHUNK, connection.vendor, 2)
    asha = make_contact(first_name="Asha", email="asha@acme.in", city="", phone="", score=50)
    make_lead(contact=asha, facts={"visits": 1}, score=50)
    before = records()
    rows = (
        "A,R,asha@acme.in,+919876543210,,Pune,vip,yes,,Call her",
        "Bo,Li,bo@acme.in,,Acme,Goa,vip|new,,1,",
        "Cy,Od,cy@acme.in,,,,,yes,0,",
        "B,L,bo@acme.in,+14155550123,,,more,,,",
        "Di,Ng,di@acme.in,,,,,,,",
    )
    run = bring("\n".join((HEADERS, *rows)))
    assert run.counts == {"created": 3, "updated": 2, "skipped": 0, "error": 0}
    assert Deal.objects.get().status == "won"
    assert differing(before, records()) != []
    undo(run)
    assert run.operation.state == "undone"
    assert differing(before, records()) == []


def test_what_somebody_changed_since_stays_and_is_told(people):
    asha = make_contact(email="asha@acme.in", city="", job_title="")
    run = bring("Email,City,Job title\nasha@acme.in,Pune,CEO\nbo@acme.in,Goa,\ncy@acme.in,,\n", "contacts")
    asha.refresh_from_db()
    asha.store(city="Delhi")
    Contact.objects.get(email="bo@acme.in").store(city="Rome")
    undo(run)
    asha.refresh_from_db()
    assert (run.operation.state, asha.city, asha.job_title) == ("partly", "Delhi", "")
    assert set(Contact.objects.values_list("email", flat=True)) == {"asha@acme.in", "bo@acme.in"}
    assert run.operation.conflict_count == 2


def test_every_chunk_names_what_it_touched(people, monkeypatch):
    monkeypatch.setitem(imports.CHUNK, connection.vendor, 2)
    old = make_contact(email="a3@acme.in", city="")
    run = bring("Email,City\n" + "\n".join(f"a{n}@acme.in,Pune" for n in range(4)), "contacts")
    told = [event.data["contact_ids"] for event in Event.objects.filter(name="importrun.wrote").order_by("pk")]
    ids = sorted({pk for ranges in told for first, last in ranges for pk in range(first, last + 1)})
    assert ids == sorted(Contact.objects.values_list("pk", flat=True))
    assert old.pk in ids
    entry = timeline(as_actor(people.ada), Contact.objects.get(email="a0@acme.in"))[0]
    assert entry.title == f"Imported from {run.file_name}"


def test_wrong_rows_are_mended_before_the_import(rita):
    client = browser(rita)
    file = SimpleUploadedFile("leads.csv", b"Email,City\nasha@acme.in,Pune\nno address,Goa\nworse,\n")
    client.post(reverse("crm:import-new"), {"file": file})
    run = ImportRun.objects.get()
    page = client.get(run.get_absolute_url()).content.decode()
    assert 'name="r3-0" value="no address"' in page
    assert 'name="r3-1"' not in page  # only the cell at fault
    mended = {"r3-0": "bo@acme.in", "r4-0": "still worse", "r2-0": "x", "r99-0": "x", "r3-9": "x"}
    client.post(reverse("crm:import-mend", args=[run.pk]), mended)
    run.refresh_from_db()
    assert run.rehearsal["counts"] == {"created": 2, "updated": 0, "skipped": 0, "error": 1}
    client.post(reverse("crm:import-mend", args=[run.pk]), {"r4-0": "cy@acme.in"})
    finish(run)
    emails = Lead.objects.order_by("pk").values_list("contact__email", flat=True)
    assert list(emails) == ["asha@acme.in", "bo@acme.in", "cy@acme.in"]


def test_wrong_rows_are_mended_after_the_import_and_undone_with_it():
    run = bring("Email,City\nasha@acme.in,Pune\nwrong,Goa\nworse,\n", mode="good")
    run = mend_rows(run, actor=SYSTEM, cells={3: {0: "asha@acme.in"}, 4: {0: "cy@acme.in"}})
    assert run.counts == {"created": 2, "updated": 1, "skipped": 0, "error": 0}
    assert [ending.outcome for ending, _ in endings_of(run, "", 0, 9)] == ["created", "updated", "created"]
    assert Lead.objects.count() == 2
    undo(run)
    assert not Contact.objects.exists()
    with imports.stage_of(run) as stage:
        stage.keep([Ending(3, "error")])
    with pytest.raises(Refused, match="was undone"):
        mend_rows(run, actor=SYSTEM, cells={3: {0: "x@acme.in"}})


def test_a_large_file_is_checked_and_imported_by_the_worker(rita, run_events, monkeypatch):
    monkeypatch.setattr(imports, "AT_ONCE", 0)
    monkeypatch.setattr("crm.actions.import_check.PART", 3)
    text = "Email,City\n" + "\n".join(f"a{n % 8}@acme.in,{'Pune' * (n > 8)}" for n in range(10))
    run = upload(text, actor=as_actor(rita))
    assert (run.state, run.rehearsal["sample"][0]) == ("checking", ["a0@acme.in", ""])
    page = browser(rita).get(run.get_absolute_url()).content.decode()
    assert "Waiting to start" in page
    seen = set()
    while not carry_on(run, actor=as_actor(rita), seconds=0):
        run.refresh_from_db()
        seen.add(progress_of(run).doing)
    assert seen == {"Reading", "Checking", "Counting"}
    run.refresh_from_db()
    assert (run.state, run.total) == ("draft", 10)
    assert run.rehearsal["counts"] == {"created": 8, "updated": 1, "skipped": 1, "error": 0}
    start_import(run, actor=as_actor(rita))
    run_events()
    run.refresh_from_db()
    assert (run.state, run.counts) == ("finished", run.rehearsal["counts"])


def test_columns_are_read_as_the_last_time(rita, ron):
    text = "Mail,Where\nasha@acme.in,Pune\n"
    run = upload(text, actor=as_actor(rita))
    run = map_import(run, actor=as_actor(rita), kind="contacts", mode="good", mapping={}, known="replace")
    run = map_import(
        run, actor=as_actor(rita), kind="contacts", mode="good", known="replace",
        mapping={"Mail": "email", "Where": "city"},
    )  # fmt: skip
    assert upload(text, actor=as_actor(rita)).kind == "leads"  # nothing was imported yet
    carry_on(start_import(run, actor=as_actor(rita)), actor=as_actor(rita))
    for person in (rita, ron):
        again = upload(text, actor=as_actor(person))
        assert (again.kind, again.mode, again.known) == ("contacts", "good", "replace")
        assert again.mapping == {"Mail": "email", "Where": "city"}
        assert again.rehearsal["remembered"] == "a.csv"
    assert upload(text, "leads", actor=as_actor(rita)).kind == "leads"


def test_the_file_counts_when_it_is_told_to(people):
    asha = make_contact(first_name="Asha", email="asha@acme.in", city="Goa", custom={"size": 1})
    CustomField.objects.create(noun="contact", key="size", label="Size", type="number")
    text = "Email,First name,City,Size\nasha@acme.in,Ash,,12.5\n"
    assert bring(text, "contacts").counts["skipped"] == 1
    run = bring(text, "contacts", known="replace")
    asha.refresh_from_db()
    assert (asha.first_name, asha.city, asha.custom) == ("Ash", "Goa", {"size": 12.5})
    undo(run)
    asha.refresh_from_db()
    assert (asha.first_name, asha.custom) == ("Asha", {"size": 1})


def test_custom_fields_are_read_by_their_type():
    CustomField.objects.create(noun="contact", key="size", label="Team size", type="number")
    CustomField.objects.create(noun="contact", key="vip", label="VIP", type="yes-no")
    run = upload("Email,Team size,VIP\nasha@acme.in,many,yes\nbo@acme.in,7,no\n", "contacts")
    assert run.mapping == {"Email": "email", "Team size": "custom:size", "VIP": "custom:vip"}
    wrong = endings_of(run, "error", 0, 9)
    assert [(e.number, e.message, e.columns) for e, _ in wrong] == [(2, "Team size: Enter a number.", (1,))]
    bring("Email,Team size,VIP\nbo@acme.in,7,no\n", "contacts")
    assert Contact.objects.get().custom == {"size": 7, "vip": False}


def test_uploaded_rows_are_deleted_when_nobody_needs_them(settings, people):
    run = bring("Email\nasha@acme.in\n")
    forget_imported_files()
    assert endings_of(run, "", 0, 9)
    ImportRun.objects.update(updated_at=clock.now() - timedelta(days=31))
    forget_imported_files()
    run.refresh_from_db()
    assert (run.file_path, endings_of(run, "", 0, 9)) == ("", [])
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
    page = browser(people.ada).get(run.get_absolute_url()).content.decode()
    assert "The rows are gone" in page


def test_a_file_that_went_away_ends_the_import_in_words(settings):
    run = start_import(upload("Email\nasha@acme.in\n"), actor=SYSTEM)
    for path in settings.MEDIA_ROOT.rglob("*"):
        if path.is_file():
            path.unlink()
    assert carry_on(run, actor=SYSTEM)
    run.refresh_from_db()
    assert (run.state, run.message[:46]) == ("failed", "The uploaded file is not there any more. Uploa")
