"""Documents through every door: who may read them, versions, links, undo, damage, and what an upload refuses."""

import io
import random
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Notification, Workspace
from accounts.permissions import can, visible
from accounts.roles import REP, VIEWER
from core import clock
from core.errors import NotFound
from core.events import EVENTS
from core.files import Damaged
from core.models import Event
from crm.actions.documents import add_version, delete_document, link_document, open_file, unlink_document
from crm.actions.merging import merge_contact
from crm.actions.operations import forget_operations, undo_operation
from crm.actions.tickets import create_ticket
from crm.jobs import check_documents, forget_deleted_documents
from crm.models import Document, DocumentFile, DocumentLink, Operation
from crm.queries.timeline import timeline
from tests.crm.documents import PDF, PNG, docx, png, sent, uploaded
from tests.factories.crm import SYSTEM, make_contact, make_deal, make_lead
from tests.people import again, api_client, as_actor, browser, make_person

pytestmark = pytest.mark.django_db
API = "/api/v1/crm/documents"


def stored(settings) -> list[Path]:
    return [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]


def break_file(settings, document) -> None:
    row = document.files.get()
    path = settings.MEDIA_ROOT / row.path
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def test_the_list_and_each_row_agree_for_everybody_on_random_links(people):
    dice = random.Random(11)
    everybody = list(people.everybody().values())
    ends = []
    for owner in [*everybody, None, None]:
        contact = make_contact(owner=owner)
        lead, deal = (make_lead(owner=owner, contact=contact), make_deal(dice.choice(["open", "won"]), owner=owner))
        ticket = create_ticket(actor=SYSTEM, contact=contact, subject="Broken")
        ends += [{"contact": contact}, {"lead": lead}, {"deal": deal}, {"ticket": ticket}]
    for _ in range(40):
        document = Document.objects.create(name="x", kind="pdf", size=1, uploaded_by=dice.choice([*everybody, None]))
        for end in dice.sample(ends, dice.choice([0, 1, 1, 2])):
            DocumentLink.objects.create(document=document, **end)
    both, nobody = make_person("both", roles=(REP, VIEWER)), make_person("none")
    counts = {}
    for manager_scope in ("all", "team"):
        Workspace.current()
        Workspace.objects.update(manager_scope=manager_scope)
        for user in [*everybody, both, nobody]:
            for permission in ("document:read", "document:update", "document:delete"):
                asker = again(user)
                listed = visible(asker, permission, Document.objects.all())
                keys = list(listed.values_list("pk", flat=True))
                assert len(keys) == len(set(keys))
                assert set(keys) == {row.pk for row in Document.objects.all() if can(asker, permission, row)}, (
                    user,
                    permission,
                )
                counts[user.name, permission] = len(keys)
    assert counts["Ada Admin", "document:read"] == 40
    assert 0 < counts["Sam Support", "document:read"] < 40
    assert counts["None", "document:read"] == 0
    assert counts["Vic Viewer", "document:update"] == 0


def test_support_sees_what_hangs_on_a_ticket_and_not_what_hangs_on_a_deal_alone(people):
    deal = make_deal(owner=people.rita)
    secret = uploaded(people.rita, deal=deal)
    shared = uploaded(people.rita, contact=deal.contact)
    page, program = browser(people.sam), api_client(people.sam)
    assert page.get(f"/documents/{secret.pk}/").status_code == 404
    assert page.get(f"/documents/{secret.pk}/file/").status_code == 404
    assert program.get(f"{API}/{secret.pk}/file").status_code == 404
    assert page.get(f"/documents/{shared.pk}/file/").status_code == 200
    rows = program.get(API).json()["results"]
    assert [row["id"] for row in rows] == [shared.pk]
    assert page.get(f"/documents/of/deal/{deal.pk}/").content.count(b"Offer.pdf") == 0


def test_a_colleague_reads_but_does_not_change_and_nothing_hangs_on_what_is_not_seen(people):
    contact, theirs = make_contact(), make_deal(owner=people.ron)
    document = uploaded(people.rita, contact=contact)
    page = browser(people.ron)
    assert page.get(f"/documents/{document.pk}/").status_code == 200
    for verb in ("edit", "delete", "link", "unlink"):
        assert (
            page.post(f"/documents/{document.pk}/{verb}/", {"name": "x", "contact": contact.pk}).status_code == 403
        ), verb
    assert page.post(f"/documents/{document.pk}/files/", {"file": sent("a.pdf", PDF)}).status_code == 403
    with pytest.raises(NotFound):
        link_document(document, actor=as_actor(people.rita), deal=theirs)
    with pytest.raises(NotFound):
        uploaded(people.rita, deal=theirs)
    assert browser(people.vic).post("/documents/new/", {"file": sent("a.pdf", PDF)}).status_code == 403
    assert Document.objects.count() == 1


def test_an_upload_without_script_hangs_on_its_record_and_comes_back_as_an_attachment(people, settings):
    lead = make_lead(owner=people.rita)
    page = browser(people.rita)
    assert 'enctype="multipart/form-data"' in page.get(f"/documents/of/lead/{lead.pk}/").content.decode()
    answer = page.post(
        "/documents/new/", {"file": sent("../..\\Angebot\u202e fdp.pdf", PDF), "lead": lead.pk, "panel": "1"}
    )
    assert (answer.status_code, answer["Location"]) == (303, lead.get_absolute_url())
    document = Document.objects.get()
    assert (document.name, document.kind, document.size) == ("Angebot fdp.pdf", "pdf", len(PDF))
    assert document.links.get().lead == lead
    (path,) = stored(settings)
    assert path.suffix == ".bin" and "Angebot" not in str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    answer = page.get(f"/documents/{document.pk}/file/")
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Disposition"] == 'attachment; filename="Angebot fdp.pdf"'
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "Angebot fdp.pdf" in page.get(f"/documents/of/lead/{lead.pk}/").content.decode()
    assert "Angebot fdp.pdf" in page.get("/documents/?q=angebot").content.decode()
    (entry,) = [one for one in timeline(as_actor(people.rita), lead) if one.name == "document.uploaded"]
    assert (entry.title, entry.text) == ("Document added", "Angebot fdp.pdf")


def test_a_timeline_tells_of_documents_to_those_who_read_their_record(people):
    deal = make_deal(owner=people.rita)
    uploaded(people.rita, deal=deal)
    uploaded(people.rita, "Open.pdf", contact=deal.contact)

    def told(user):
        entries = timeline(as_actor(user), deal.contact)
        return {one.text for one in entries if one.name.startswith("document.")}

    assert told(people.rita) == {"Offer.pdf", "Open.pdf"}
    assert told(people.sam) == {"Open.pdf"}


REFUSED = {
    "a page": (b"<html><script>alert(1)</script></html>", "Web pages, drawings and programs"),
    "a drawing": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>x</script></svg>', "Web pages"),
    "two at once": (PDF + b"<script>alert(1)</script>", "a web page as well"),
    "a bomb": (docx(**{"word/x": b"\0" * 50_000_000}), "unpacks to far more"),
    "a huge picture": (png(50_000, 50_000), "50,000 × 50,000 pixels"),
    "nothing": (b"", "The file is empty"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_file_is_refused_in_words_at_every_door_and_leaves_nothing(people, settings, name):
    content, words = REFUSED[name]
    kept = uploaded(people.rita)
    page, program = browser(people.rita), api_client(people.rita)
    events = Event.objects.count()
    answer = page.post("/documents/new/", {"file": sent("offer.pdf", content)})
    assert answer.status_code == 422
    assert words in answer.content.decode().replace("&amp;", "&")
    assert "<script>alert" not in answer.content.decode()
    said = page.post(f"/documents/{kept.pk}/files/", {"file": sent("a.pdf", content)}, headers={"HX-Request": "true"})
    assert said.status_code == 422 and words in said.content.decode()
    answer = program.post(API, {"file": sent("offer.pdf", content)})
    assert answer.status_code == 422
    assert words in answer.json()["errors"]["file"][0]
    assert Document.objects.count() == 1 and len(stored(settings)) == 1
    assert Event.objects.count() == events


def test_a_file_over_the_limit_is_refused_with_both_sizes(people, settings):
    settings.UPLOAD_MAX_BYTES = 2_000_000
    page = browser(people.rita)
    answer = page.post("/documents/new/", {"file": sent("a.txt", b"x" * 2_500_000)})
    assert answer.status_code == 422
    assert "The file is 2.5 MB. The limit is 2.0 MB." in answer.content.decode()
    answer = page.post("/documents/new/", {"file": sent("a.txt", b"x" * 31_000_000)})
    assert answer.status_code == 413
    assert "The file is 32 MB. The limit is 2.0 MB." in answer.content.decode()
    assert not stored(settings)


def test_a_gigabyte_is_refused_before_it_is_read(people, settings, monkeypatch):
    page, read = browser(people.rita), []

    class Endless(io.RawIOBase):
        def read(self, size=-1):
            read.append(size)
            return b"x" * max(size, 0)

    def kept(*args):
        raise AssertionError("nothing may be kept")

    monkeypatch.setattr(MemoryFileUploadHandler, "receive_data_chunk", kept)
    token = {"HTTP_AUTHORIZATION": api_client(people.rita).defaults["HTTP_AUTHORIZATION"]}
    for path, more in (("/documents/new/", {}), (API, token)):
        asked = {
            "wsgi.input": Endless(),
            "CONTENT_LENGTH": str(10**9),
            "CONTENT_TYPE": "multipart/form-data; boundary=x",
        }
        answer = page.generic("POST", path, **asked, **more)
        assert answer.status_code == 413, path
        assert "The file is 1,000 MB. The limit is 20 MB." in answer.content.decode()
    assert sum(read) < 1_000_000
    assert not stored(settings)


def test_versions_are_kept_and_each_can_be_had(people):
    document = uploaded(people.rita)
    page, program = browser(people.rita), api_client(people.rita)
    assert page.post(f"/documents/{document.pk}/files/", {"file": sent("b.png", PNG)}).status_code == 303
    assert program.post(f"{API}/{document.pk}/versions", {"file": sent("c.txt", b"three")}).status_code == 201
    document.refresh_from_db()
    assert (document.kind, document.size, document.version) == ("text", 5, 3)
    rows = program.get(f"{API}/{document.pk}/versions").json()["results"]
    assert [(row["number"], row["file_name"]) for row in rows] == [(3, "c.txt"), (2, "b.png"), (1, "Offer.pdf")]

    def bytes_of(answer):
        assert answer.status_code == 200
        return b"".join(answer.streaming_content)

    assert bytes_of(page.get(f"/documents/{document.pk}/file/")) == b"three"
    assert bytes_of(page.get(f"/documents/{document.pk}/file/1/")) == PDF
    assert bytes_of(program.get(f"{API}/{document.pk}/file?number=2")) == PNG
    assert program.get(f"{API}/{document.pk}/file?number=9").status_code == 404
    assert program.get(f"{API}/{document.pk}/file?number=x").status_code == 422
    shown = page.get(f"/documents/{document.pk}/").content.decode()
    assert "Version 1" in shown and "Offer.pdf" in shown


def test_a_document_hangs_on_several_records_and_is_taken_off(people, run_events):
    contact, deal = make_contact(), make_deal(owner=people.rita)
    document = uploaded(people.rita, contact=contact)
    program = api_client(people.rita)
    body = {"data": {"deal": deal.pk}, "content_type": "application/json"}
    assert program.post(f"{API}/{document.pk}/link", **body).status_code == 200
    assert program.post(f"{API}/{document.pk}/link", **body).status_code == 200
    assert [(one["noun"], one["id"]) for one in program.get(f"{API}/{document.pk}/links").json()] == [
        ("contact", contact.pk),
        ("deal", deal.pk),
    ]
    assert [row["id"] for row in program.get(f"{API}?deal={deal.pk}").json()["results"]] == [document.pk]
    both = {"contact": contact.pk, "deal": deal.pk}
    assert program.post(f"{API}/{document.pk}/link", both, content_type="application/json").status_code == 422
    unlink_document(document, actor=as_actor(people.rita), contact=contact)
    assert [link.noun for link in document.links.all()] == ["deal"]
    page = browser(people.rita)
    answer = page.post(f"/documents/{document.pk}/unlink/", {"contact": contact.pk})
    assert answer.status_code == 409 and "does not hang on this record" in answer.content.decode()
    found = page.get(f"/documents/{document.pk}/", {"q": contact.first_name}).content.decode()
    assert f'name="contact" value="{contact.pk}"' in found
    run_events()


def test_two_contacts_that_merge_share_their_documents_and_unmerge_again(people):
    kept, gone = make_contact(), make_contact()
    both, theirs = uploaded(people.ada, contact=kept), uploaded(people.ada, contact=gone)
    link_document(both, actor=as_actor(people.ada), contact=gone)
    merge_contact(kept, actor=as_actor(people.ada), other=gone)
    assert set(kept.document_links.values_list("document", flat=True)) == {both.pk, theirs.pk}
    undo_operation(Operation.objects.latest("pk"), actor=as_actor(people.ada))
    assert set(kept.document_links.values_list("document", flat=True)) == {both.pk}
    links = DocumentLink.objects.filter(contact=gone.pk)
    assert set(links.values_list("document", flat=True)) == {both.pk, theirs.pk}


def test_a_deleted_document_comes_back_whole_and_its_file_goes_after_a_month(people, settings, time_machine):
    contact = make_contact()
    document = uploaded(people.rita, contact=contact)
    add = sent("b.png", PNG)
    from crm.forms.documents import FileForm

    form = FileForm({}, {"file": add})
    assert form.is_valid()
    add_version(document, actor=as_actor(people.rita), file=form.cleaned_data["file"])
    pk = document.pk
    answer = browser(people.rita).post(f"/documents/{pk}/delete/", {})
    assert (answer.status_code, answer["Location"]) == (303, "/documents/")
    assert not Document.objects.exists()
    time_machine.move_to(clock.now() + timedelta(days=20))
    forget_deleted_documents()
    assert len(stored(settings)) == 2
    undo_operation(Operation.objects.latest("pk"), actor=as_actor(people.rita))
    back = Document.objects.get(pk=pk)
    assert back.links.get().contact == contact
    rows = back.files.order_by("number")
    assert [open_file(row, actor=SYSTEM).read() for row in rows] == [PDF, PNG]
    delete_document(back, actor=as_actor(people.rita))
    time_machine.move_to(clock.now() + timedelta(days=31))
    forget_operations(actor=SYSTEM)
    forget_deleted_documents()
    assert not stored(settings)


def test_a_damaged_file_is_not_handed_out_and_administrators_are_told_once(people, settings):
    document = uploaded(people.rita, contact=make_contact())
    people.ada  # noqa: B018
    break_file(settings, document)
    page, program = browser(people.rita), api_client(people.rita)
    for _ in range(2):
        answer = page.get(f"/documents/{document.pk}/file/")
        assert answer.status_code == 409
        assert "This file is damaged" in answer.content.decode()
    answer = program.get(f"{API}/{document.pk}/file")
    assert (answer.status_code, answer.json()["code"]) == (409, "damaged")
    told = Notification.objects.filter(kind="document.damaged")
    assert [row.user for row in told] == [people.ada]
    assert "“Offer.pdf” is damaged" in told.get().text
    assert Event.objects.filter(name="document.damaged").count() == 1
    assert "Damaged" in page.get(f"/documents/{document.pk}/").content.decode()
    found = {key: wrong for key, wrong in invariants().items() if wrong}
    assert list(found) == ["C7"] and found["C7"] == [f"document {document.pk} version 1 is gone or damaged"]


def invariants() -> dict[str, list[str]]:
    from core.registry import INVARIANTS

    return {"C7": INVARIANTS["C7"].check()}


def test_the_nightly_check_finds_damage_and_notes_when_a_backup_brought_it_back(people, settings):
    document = uploaded(people.rita)
    people.ada  # noqa: B018
    check_documents()
    assert document.files.get().damaged_at is None and not Notification.objects.exists()
    row = document.files.get()
    (settings.MEDIA_ROOT / row.path).unlink()
    check_documents()
    assert document.files.get().damaged_at is not None
    with pytest.raises(Damaged):
        open_file(document.files.get(), actor=SYSTEM)
    (settings.MEDIA_ROOT / row.path).write_bytes(PDF)
    check_documents()
    assert document.files.get().damaged_at is None
    assert Notification.objects.filter(kind="document.damaged").count() == 1


def test_a_path_that_leads_elsewhere_opens_nothing(people, settings):
    document = uploaded(people.rita)
    secret = settings.MEDIA_ROOT.parent / "secret"
    secret.write_bytes(PDF)
    DocumentFile.objects.update(path="../secret")
    with pytest.raises(Damaged):
        open_file(document.files.get(), actor=SYSTEM)


def test_pages_ask_as_much_for_thirty_documents_as_for_one(people):
    contact = make_contact()
    page = browser(people.rita)

    def asked(path):
        with CaptureQueriesContext(connection) as found:
            assert page.get(path).status_code == 200
        return len(found)

    paths = ["/documents/", f"/documents/of/contact/{contact.pk}/"]
    first = uploaded(people.rita, contact=contact)
    paths.append(f"/documents/{first.pk}/")
    before = {path: [asked(path), asked(path)][1] for path in paths}
    for _ in range(29):
        uploaded(people.rita, contact=contact)
    assert {path: asked(path) for path in paths} == before


def test_every_event_of_documents_has_words(people):
    from crm.queries.timeline_words import words

    names = [name for name in EVENTS if name.startswith("document.")]
    assert len(names) == 7
    for name in names:
        assert words(name, {"name": "Offer"}).text == "Offer"
