"""A person is found in every corner, handed out whole, and erased so that nothing but the books is left."""

import io
import json
import re
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as conf
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import models
from django.test import Client

from accounts.actions.notify import notify
from accounts.actions.saved_views import save_view
from accounts.actions.shares import share_record
from accounts.models import Export
from billing.actions.payments import start_checkout
from billing.models import Invoice, Payment, Proposal
from core import audit, clock, erasures, files
from core.effects import plan
from core.errors import Denied, NotFound, Refused
from core.events import decode
from core.models import Delivery, Effect, Event
from core.registry import INVARIANTS
from crm.actions.activities import create_activity
from crm.actions.addresses import add_address
from crm.actions.bookings import book, create_booking_page
from crm.actions.consent import give_consent
from crm.actions.contacts import create_contact, delete_contact, update_contact
from crm.actions.merging import merge_contact
from crm.actions.privacy import erase_again, erase_contact
from crm.actions.tickets import create_ticket, note_ticket
from crm.models import (
    BookingPage,
    Contact,
    Deal,
    DuplicatePair,
    ImportRun,
    Lead,
    Operation,
    OperationPart,
    SearchForm,
    Suppression,
)
from crm.models.search import known_words
from crm.queries.bookings import times_of
from crm.queries.consent import is_suppressed
from crm.queries.privacy import copy_of, person_called, person_of
from outreach.models import AgentRun, Message, Receipt
from tests.billing import selling
from tests.crm.documents import PDF, uploaded
from tests.crm.test_import_actions import bring
from tests.factories.crm import SYSTEM, make_activity, make_contact, make_deal, make_public_form
from tests.outreach.scene import arrive, draft_for, mail_from, message_to
from tests.people import api_client, as_actor, browser

EMAIL = "kanaria@kanarienhof.example"
SECOND = "kanaribe@kanarienhof.example"
PHONE = "+91 98765 43210"
NAMES = "abcdefghijklmnopqrstuvwxyz"
WORDS = [f"kanari{a}{b}x" for a in "pq" for b in NAMES]
LAWFUL = {("billing.invoice", "buyer"), ("billing.invoice", "lines")}


@pytest.fixture(autouse=True)
def own_ledger(settings, tmp_path):
    """The ledger of one test lies below its tmp_path."""
    settings.BACKUP_DIR = tmp_path / "backups"


class World:
    """One person with a word of their own in each of forty places, planted through the doors."""

    def __init__(self, people: Any, run_events: Any, email: str = EMAIL, words: list[str] | None = None) -> None:
        self.people, self.email, self.run = people, email, run_events
        self.words = words or WORDS
        self._left = iter(self.words)
        self.client = Client()

    def word(self) -> str:
        """Return the next word."""
        return next(self._left)

    def plant(self) -> Contact:
        """Plant them all."""
        rita, ada, word = self.people.rita, self.people.ada, self.word
        earlier = create_contact(actor=SYSTEM, first_name="Earlier", email=self.email, job_title=word())
        delete_contact(earlier, actor=as_actor(ada))
        self.first, self.last = word(), word()
        form = make_public_form()
        self.client.post(f"/f/{form.slug}/", {
            "first_name": self.first, "last_name": self.last, "email": self.email, "business_name": word(),
            "note": word(), "consent": "on",
        }, REMOTE_ADDR="203.0.113.9")  # fmt: skip
        self.run()
        contact = Contact.objects.get(email=self.email)
        lead = Lead.objects.get(contact=contact)
        Lead.objects.filter(pk=lead.pk).update(owner=rita)
        phone = PHONE if self.email == EMAIL else "+91 98765 43219"
        update_contact(contact, actor=SYSTEM, phone=phone, custom={"hobby": word()}, job_title=word())
        bring(f"email,Industry\n{self.email},{word()}\nother@x{self.email[:4]}.example,Plain\n", mode="good")
        contact.refresh_from_db()
        other = create_contact(actor=SYSTEM, first_name=word(), last_name=word(), email=f"b{self.email}")
        merge_contact(contact, actor=as_actor(ada), other=other)
        contact.refresh_from_db()
        add_address(contact, actor=SYSTEM, channel="postal", value=f"{word()} street", label=word())
        add_address(contact, actor=SYSTEM, channel="email", value=f"c{self.email}", label=word())
        Lead.objects.filter(pk=lead.pk).update(next_step=word(), facts={"site": word()})
        give_consent(contact, actor=SYSTEM, channel="email", source="call", proof=word())
        lead = Lead.objects.get(pk=lead.pk)
        message = message_to(lead, subject=word(), body_text=word())
        self.run()
        answered = str(Message.objects.get(pk=message.pk).message_id)
        arrive(mail_from(self.email, word(), Subject=word(), In_Reply_To=answered))
        self.run()
        draft_for(lead, subject=word(), body=word())
        AgentRun.objects.create(agent="intent", via="rules", lead=lead, result={"quote": word()}, input_hash="h")
        cache.set("llm:answer:h", "x")
        ticket = create_ticket(actor=as_actor(self.people.sam), contact=contact, subject=word(), body=word())
        note_ticket(ticket, actor=as_actor(self.people.sam), body=word())
        document = uploaded(rita, name=f"{word()}.pdf", content=PDF + word().encode(), contact=contact)
        document.store(description=word())
        create_activity(actor=as_actor(rita), type="task", contact=contact, subject=word(), body=word(), place=word())
        self.meet(word())
        notify(rita, actor=SYSTEM, kind="test", text=f"Told of {word()}", url=contact.get_absolute_url())
        share_record(contact, actor=as_actor(ada), noun="contact", shared_with=self.people.ron, note=word())
        asked = f"q={self.email.replace('@', '%40')}"
        save_view(actor=as_actor(rita), page="contacts", name=f"View {contact.pk}", query=asked)
        self.pay(lead, word)
        self.loose(contact, word)
        self.run()
        self.used = self.words[: len(self.words) - len(list(self._left))]
        return Contact.objects.get(pk=contact.pk)

    def loose(self, contact: Contact, word: Any) -> None:
        """Plant what no row of theirs leads to."""
        ada = self.people.ada
        self.guest = make_activity(subject="Fair", guests=[self.email, "guest@else.example"])
        path = files.store(self.email.encode(), "exports", ".bin")
        Export.objects.create(user=ada, list="contacts", format="csv", path=path)
        plan(f"odd:{contact.pk}", kind="odd", repeatable=True)
        Effect.objects.filter(key=f"odd:{contact.pk}").update(error=f"550 {self.email} is full", state="failed")
        late = {"due_at": clock.now(), "done_at": clock.now(), "error": self.email}
        Event.objects.first().deliveries.create(subscriber=f"odd {contact.pk}", **late)
        api_client(ada).post(
            "/api/v1/crm/activities",
            json.dumps({"type": "note", "subject": word(), "contact": contact.pk}),
            content_type="application/json", headers={"Idempotency-Key": f"k{contact.pk}"},
        )  # fmt: skip

    def meet(self, word: str) -> None:
        """Book a meeting."""
        rita = self.people.rita
        page = BookingPage.objects.filter(user=rita).first() or create_booking_page(
            actor=as_actor(rita), slug="rita", title="Meet", intro="", place="", consent_text="", lengths=[30],
            buffer_minutes=0, notice_hours=0, horizon_days=14, is_active=True,
        )  # fmt: skip
        at = next(iter(times_of(page, 30)))
        book(page, actor=SYSTEM, at=at, zone="UTC", length=30, name=f"Booked {word}", email=self.email)

    def pay(self, lead: Lead, word: Any) -> None:
        """Have a proposal accepted and paid in the sandbox."""
        from billing.actions.proposals import draft_for_lead
        from billing.actions.sending import record_sent, send_proposal
        from crm.actions.leads import mark_interested

        lead = Lead.objects.get(pk=lead.pk)
        if lead.stage != "INTERESTED":
            lead = mark_interested(lead, actor=SYSTEM, intent="asking_price", confidence=0.95)
        proposal = Proposal.objects.filter(lead=lead).first() or draft_for_lead(
            lead, actor=as_actor(self.people.rita), lines=selling.LINES, title=word()
        )
        Proposal.objects.filter(pk=proposal.pk).update(summary=word())
        Deal.objects.filter(pk=proposal.deal_id).update(snooze_reason=word(), title=word())
        proposal = Proposal.objects.get(pk=proposal.pk)
        send_proposal(proposal, actor=as_actor(self.people.ada))
        self.run()
        proposal = Proposal.objects.get(pk=proposal.pk)
        if proposal.state not in ("sent", "viewed"):
            proposal = record_sent(proposal, actor=SYSTEM)
        self.client.post(selling.public(proposal, "accept/"), {"name": f"Signed {word()}", "agree": "on"})
        way = self.client.get(selling.public(proposal, "pay/"), follow=True).content.decode()
        sandbox = re.search(r"/pay/sandbox/[^/\"]+/", way)[0]
        self.client.post(sandbox, {"outcome": "paid"})
        self.run()


@pytest.fixture
def world(people, run_events) -> World:
    cache.clear()
    people.north  # noqa: B018 - Max leads Rita
    return World(people, run_events)


def traces(words: list[str]) -> dict[tuple[str, str], list[str]]:
    """Return where words stand: every text and JSON column of every table, the vocabulary, and every file."""
    found: dict[tuple[str, str], list[str]] = {}
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            if isinstance(field, (models.CharField, models.TextField, models.JSONField, models.BinaryField)):
                for value in model._base_manager.values_list(field.attname, flat=True):
                    text = json.dumps(value, default=str, ensure_ascii=False).casefold()
                    if hits := [word for word in words if word.casefold() in text]:
                        found.setdefault((model._meta.label_lower, field.name), []).extend(hits)
    for path in conf.MEDIA_ROOT.parent.rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("latin-1").casefold()
            if hits := [word for word in words if word.casefold() in text]:
                found.setdefault(("file", str(path)), []).extend(hits)
    return found


def told(file: Any) -> str:
    """Return everything that a copy holds."""
    with zipfile.ZipFile(file) as copy:
        return "\n".join(copy.read(name).decode("latin-1") for name in copy.namelist()).casefold()


def erased(contact: Contact, django_capture_on_commit_callbacks: Any, actor: Any = SYSTEM) -> Any:
    with django_capture_on_commit_callbacks(execute=True):
        return erase_contact(contact, actor=actor, reason="They asked.")


@pytest.mark.django_db
def test_everything_is_found_handed_out_and_erased(world, people, run_events, django_capture_on_commit_callbacks):
    contact = world.plant()
    strange = [f"fremd{a}{b}y" for a in "pq" for b in NAMES]
    stranger = World(people, run_events, "else@stranger.example", strange).plant()
    assert len(world.used) >= 40
    copy = told(copy_of(person_of(contact)))
    assert [word for word in world.used if word not in copy] == []
    assert [word for word in ("else@stranger.example", "fremd") if word in copy] == []
    broken = {key for key, one in INVARIANTS.items() if one.check()}
    before = told(copy_of(person_of(stranger)))
    done = erased(contact, django_capture_on_commit_callbacks, as_actor(people.ada))
    assert done.kept and done.events
    left = traces([*world.used, EMAIL, f"b{EMAIL}", PHONE, "+919876543210", f"{world.first} {world.last}"])
    invoice = Invoice.objects.get(contact=contact)
    assert {place: hits for place, hits in left.items() if place not in LAWFUL and place[0] != "file"} == {}
    assert {place[1] for place in left if place[0] == "file"} <= {str(files.path_of(invoice.pdf_path))}
    assert known_words({world.last, world.first}) == set()
    assert audit.verify().ok
    assert {key: one.check() for key, one in INVARIANTS.items() if one.check() and key not in broken} == {}
    pseudonym = Contact.objects.get(pk=contact.pk)
    assert pseudonym.name == f"Erased person {contact.pk}" and pseudonym.do_not_contact and pseudonym.do_not_ai
    assert Payment.objects.get(contact=contact).amount_minor == Proposal.objects.get(contact=contact).total_minor > 0
    assert Deal.objects.get(contact=contact).value_minor > 0
    assert world.guest.__class__.objects.get(pk=world.guest.pk).guests == ["guest@else.example"]
    for event in Event.objects.exclude(seal=""):
        decode(event.name, event.data)
    ada = browser(people.ada)
    for row in (pseudonym, Deal.objects.get(contact=contact), Proposal.objects.get(contact=contact), invoice):
        assert ada.get(row.get_absolute_url()).status_code == 200
    assert "This person was erased" in ada.get(f"/contacts/{contact.pk}/privacy/").content.decode()
    assert ada.get("/audit/").status_code == 200
    assert Receipt.objects.get(body="").state == "done"
    assert cache.get("llm:answer:h") is None
    run_events()
    assert not Delivery.objects.exclude(buried_at=None).exists()
    after = told(copy_of(person_of(stranger)))
    assert [word for word in re.findall(r"fremd\w+y", before) if word not in after] == []


def person(**facts: Any) -> Contact:
    """Write a person by the action."""
    return create_contact(actor=SYSTEM, **{"first_name": "Meera", "last_name": "Zephyrquill", "email": EMAIL} | facts)


@pytest.mark.django_db
def test_without_books_nothing_of_the_contact_is_left(django_capture_on_commit_callbacks):
    contact = person(phone=PHONE)
    erased(contact, django_capture_on_commit_callbacks)
    assert not Contact.objects.exists()
    assert traces([EMAIL, "zephyrquill", "9876543210"]) == {}
    assert {row.channel for row in Suppression.objects.filter(reason="erased")} == {"email", "phone", "sms", "whatsapp"}
    assert is_suppressed("email", EMAIL) and is_suppressed("whatsapp", PHONE)
    with pytest.raises(NotFound, match="Nothing is held"):
        person_called(EMAIL)


@pytest.mark.django_db
def test_a_word_that_another_has_too_stays_in_the_vocabulary(django_capture_on_commit_callbacks):
    make_contact(last_name="Zephyrquill")
    erased(person(first_name="Quixotriel"), django_capture_on_commit_callbacks)
    assert known_words({"zephyrquill", "quixotriel"}) == {"zephyrquill"}
    assert SearchForm.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["contacts", "leads"])
def test_the_address_is_taken_in_by_no_import_neither_checked_nor_done(kind, django_capture_on_commit_callbacks):
    contact = person(phone=PHONE)
    erased(contact, django_capture_on_commit_callbacks)
    text = f"email,phone,first_name\n{EMAIL.upper()},,Meera\n,{PHONE},Meera\nnew@else.example,,New\n"
    run = bring(text, mode="good", kind=kind)
    assert run.counts == {"created": 1, "updated": 0, "skipped": 0, "error": 2}
    assert Contact.objects.get().email == "new@else.example"
    from crm.queries.imports import endings_of

    words = {ending.message for ending, _ in endings_of(run, "error", 0, 9)}
    assert words == {"This person asked to be erased; their address is not taken in again."}


@pytest.mark.django_db
def test_an_import_asks_nothing_more_where_nobody_was_erased(django_assert_num_queries):
    from crm.actions.import_people import PeopleImporter

    importer = PeopleImporter(ImportRun(kind="contacts", mapping={}), SYSTEM, is_dry=True)
    with django_assert_num_queries(0):
        importer.screen([object()])  # type: ignore[list-item] - it does not look


@pytest.mark.django_db
def test_who_comes_back_by_themselves_is_taken_in_and_stays_suppressed(client, django_capture_on_commit_callbacks):
    erased(person(), django_capture_on_commit_callbacks)
    client.post(f"/f/{make_public_form().slug}/", {"first_name": "Meera", "email": EMAIL, "consent": "on"})
    assert Contact.objects.get().email == EMAIL
    assert is_suppressed("email", EMAIL)


@pytest.mark.django_db
def test_a_redacted_row_is_sealed_and_every_change_of_it_is_found(django_capture_on_commit_callbacks):
    update_contact(person(), actor=SYSTEM, city="Pune")
    make_contact()
    update_contact(make_contact(), actor=SYSTEM, city="Agra")
    erased(Contact.objects.get(email=EMAIL), django_capture_on_commit_callbacks)
    assert audit.verify().ok
    sealed, plain = Event.objects.exclude(seal=""), Event.objects.filter(seal="")
    assert sealed.count() >= 2 and "Pune" not in json.dumps(list(sealed.values_list("data", flat=True)))
    row, other = sealed.last(), plain.first()
    changes = (
        {"data": {"contact_id": 5}}, {"seal": ""}, {"seal": "0" * 64}, {"mac": other.mac}, {"actor_name": "Nobody"},
        {"contact_id": 77}, {"at": row.at + timedelta(seconds=1)},
    )  # fmt: skip
    for change in changes:
        Event.objects.filter(pk=row.pk).update(**change)
        verdict = audit.verify()
        assert not verdict.ok and verdict.first_bad_id >= row.pk, change
        row.save()
    assert audit.verify().ok
    Event.objects.filter(pk=other.pk).update(seal=row.seal, data={})
    assert audit.verify().first_bad_id == other.pk
    other.save()
    Event.objects.filter(pk=row.pk).delete()
    assert not audit.verify().ok


@pytest.mark.django_db
def test_erasing_hides_no_tampering_that_was_there_before(django_capture_on_commit_callbacks):
    contact = person()
    event = Event.objects.get(name="contact.created", contact_id=contact.pk)
    Event.objects.filter(pk=event.pk).update(data=event.data | {"source": "forged"})
    erased(contact, django_capture_on_commit_callbacks)
    assert audit.verify().first_bad_id == event.pk


@pytest.mark.django_db
def test_what_a_backup_brings_back_is_erased_again_but_not_who_came_back(django_capture_on_commit_callbacks):
    contact = person(phone=PHONE)
    columns = {f.attname: getattr(contact, f.attname) for f in contact._meta.concrete_fields}
    erased(contact, django_capture_on_commit_callbacks)
    assert EMAIL not in erasures.ledger().read_text()
    Suppression.objects.all().delete()
    Contact(**columns).insert()
    stays = make_contact()
    with erasures.ledger().open("a") as file:
        file.write('{"at": "2026-')  # a crash
    assert erase_again() == "1 erased person was erased again."
    assert list(Contact.objects.all()) == [stays]
    assert is_suppressed("email", EMAIL) and is_suppressed("sms", PHONE)
    assert len(list(erasures.noted())) == 2
    back = person()
    assert erase_again() == "0 erased persons were erased again."
    assert Contact.objects.filter(pk=back.pk).exists()


@pytest.mark.django_db
def test_nobody_is_erased_while_they_pay(rita, run_events, django_capture_on_commit_callbacks):
    proposal = selling.accepted(rita)
    start_checkout(proposal, actor=selling.VISITOR)
    with pytest.raises(Refused, match="A payment of this person is under way"):
        erase_contact(proposal.contact, actor=SYSTEM)
    assert Proposal.objects.get(pk=proposal.pk).accepted_name == "Meera Sharma"


@pytest.mark.django_db
def test_an_open_deal_and_its_unpaid_proposal_go(rita, django_capture_on_commit_callbacks):
    proposal = selling.sent(rita)
    erased(proposal.contact, django_capture_on_commit_callbacks)
    assert not (Proposal.objects.exists() or Deal.objects.exists() or Contact.objects.exists())


@pytest.mark.django_db
def test_a_document_that_hangs_on_somebody_else_stays_theirs(rita, django_capture_on_commit_callbacks):
    contact, other = person(), make_contact()
    shared, own = uploaded(rita, contact=contact), uploaded(rita, contact=contact)
    shared.links.create(contact=other)
    paths = [files.path_of(document.files.get().path) for document in (shared, own)]
    erased(contact, django_capture_on_commit_callbacks)
    assert [path.exists() for path in paths] == [True, False]


@pytest.mark.django_db
def test_only_administrators_see_what_is_held_and_erase(people, django_capture_on_commit_callbacks):
    contact = person()
    for client in (browser(people.max), browser(people.rita)):
        assert "Privacy" not in client.get(contact.get_absolute_url()).content.decode()
        assert client.get(f"/contacts/{contact.pk}/privacy/").status_code == 403
        assert client.post(f"/contacts/{contact.pk}/privacy/copy/").status_code == 403
        assert client.post(f"/contacts/{contact.pk}/erase/", {"confirm": "erase"}).status_code == 403
    with pytest.raises(Denied):
        erase_contact(contact, actor=as_actor(people.max))
    client = browser(people.ada)
    assert "Privacy" in client.get(contact.get_absolute_url()).content.decode()
    assert "Addresses" in client.get(f"/contacts/{contact.pk}/privacy/").content.decode()
    answer = client.post(f"/contacts/{contact.pk}/privacy/copy/")
    assert EMAIL in told(io.BytesIO(b"".join(answer.streaming_content)))
    assert Event.objects.filter(name="contact.handed_out", contact_id=contact.pk).count() == 1
    assert client.post(f"/contacts/{contact.pk}/erase/", {"confirm": "yes"}).status_code == 422
    assert client.post(f"/contacts/{contact.pk}/erase/", {"confirm": "Erase"}).status_code == 303
    assert not Contact.objects.exists()


@pytest.mark.django_db
def test_the_commands_find_by_id_address_and_phone(tmp_path, django_capture_on_commit_callbacks):
    contact = person(phone=PHONE)
    for number, who in enumerate((str(contact.pk), EMAIL.upper(), "098765 43210")):
        out, path = io.StringIO(), tmp_path / f"{number}.zip"
        call_command("export_contact", who, to=path, json=True, stdout=out)
        assert json.loads(out.getvalue())["contact"] == contact.pk
        assert EMAIL in told(path) and path.stat().st_mode & 0o777 == 0o600
    out = io.StringIO()
    with django_capture_on_commit_callbacks(execute=True):
        call_command("erase_contact", EMAIL, yes=True, reason=f"{EMAIL} asked", json=True, stdout=out)
    assert json.loads(out.getvalue())["contact"] == contact.pk
    assert Event.objects.get(name="contact.erased").data["reason"] == ""
    for who in (EMAIL, str(contact.pk)):
        with pytest.raises(CommandError, match="Nothing is held about this person"):
            call_command("erase_contact", who, yes=True)


@pytest.mark.django_db
def test_a_large_deletion_keeps_what_is_about_others(ada, django_capture_on_commit_callbacks):
    from crm.actions.operations import undo_operation
    from crm.actions.recording import recording

    contact, other = person(), make_contact(email="left@else.example")
    with recording("bulk_delete", "Deleted 2 contacts", actor=as_actor(ada), permission="contact:delete") as record:
        record.deleting(Contact.objects.filter(pk__in=(contact.pk, other.pk)))
        Contact.objects.filter(pk__in=(contact.pk, other.pk)).delete()
    again = person()
    erased(again, django_capture_on_commit_callbacks)
    assert EMAIL not in json.dumps(list(OperationPart.objects.values_list("rows", flat=True)))
    undo_operation(Operation.objects.get(), actor=as_actor(ada))
    assert list(Contact.objects.all()) == [other]


@pytest.mark.django_db
def test_a_number_that_another_person_has_too_stays_theirs(django_capture_on_commit_callbacks):
    contact, other = person(phone=PHONE), make_contact()
    add_address(other, actor=SYSTEM, channel="phone", value=PHONE)
    erased(contact, django_capture_on_commit_callbacks)
    assert not is_suppressed("phone", PHONE) and is_suppressed("email", EMAIL)
    assert PHONE in json.dumps(list(Event.objects.filter(contact_id=other.pk).values_list("data", flat=True)))


@pytest.mark.django_db
def test_erased_persons_do_not_look_alike(rita, run_events, django_capture_on_commit_callbacks):
    for number in range(2):
        deal = make_deal("won", contact=make_contact(stage="customer"), value_minor=number)
        erased(deal.contact, django_capture_on_commit_callbacks)
    call_command("find_duplicates", stdout=io.StringIO())
    assert Contact.objects.filter(external_ref__startswith="erased:").count() == 2
    assert not DuplicatePair.objects.exists()
