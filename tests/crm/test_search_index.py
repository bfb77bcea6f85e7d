"""The search index on the database at hand: what is found, kept in step with the records, and for whom."""

import pytest
from django.core.management import call_command
from django.db import connection

from core.registry import INVARIANTS
from crm.actions.addresses import add_address
from crm.actions.contacts import delete_contact, update_contact
from crm.actions.leads import create_lead
from crm.models import Contact, Deal, Lead, SearchForm
from crm.models.search import index_rows, prepare
from crm.queries.contacts import contacts_for
from crm.queries.deals import deals_for
from crm.queries.leads import leads_for
from crm.queries.search import best, matching
from tests.factories.crm import SYSTEM, make_contact, make_deal, make_lead
from tests.people import as_actor

pytestmark = pytest.mark.django_db


def found(typed, rows=None):
    rows = Contact.objects.all() if rows is None else rows
    return {row.name for row in matching(rows, typed)}


@pytest.fixture
def crowd():
    """Some people, and a company."""
    for first, last, company, email, phone in (
        ("Asha", "Rao", "Blue Lotus Textiles", "asha.rao@bluelotus.in", "+919876543210"),
        ("Ashok", "Raoul", "", "ashok@gmail.com", ""),
        ("Łukasz", "Müller", "Élan Vital", "lm@elan.fr", "+4915112345678"),
        ("प्रिया", "शर्मा", "", "priya@example.in", "+918012345678"),
        ("Meera", "Krishnamurthy", "Rao & Sons", "meera@rao.example.com", "+442079460958"),
    ):  # fmt: skip
        make_contact(first_name=first, last_name=last, company_name=company, email=email, phone=phone)
    make_contact(kind="company", first_name="", last_name="", company_name="24 Seven Motors", email="")


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("asha rao", {"Asha Rao"}),
        ("rao asha", {"Asha Rao"}),
        ("ash ra", {"Asha Rao", "Ashok Raoul"}),
        ("asah rao", {"Asha Rao"}),
        ("lukasz", {"Łukasz Müller"}),
        ("MULLER", {"Łukasz Müller"}),
        ("mueller", {"Łukasz Müller"}),
        ("elan vital", {"Łukasz Müller"}),
        ("प्रिया", {"प्रिया शर्मा"}),
        ("शर्म", {"प्रिया शर्मा"}),
        ("krishnamoorthy", {"Meera Krishnamurthy"}),
        ("krishnamurti meera", {"Meera Krishnamurthy"}),
        ('"lotus textiles"', {"Asha Rao"}),
        ('"textiles lotus"', set()),
        ('"rao sons" meera', {"Meera Krishnamurthy"}),
        ("asha.rao@bluelotus.in", {"Asha Rao"}),
        ("98765 43210", {"Asha Rao"}),
        ("+91 98765-43210", {"Asha Rao"}),
        ("098765", {"Asha Rao"}),
        ("43210", {"Asha Rao"}),
        ("5432", {"Asha Rao"}),
        ("210", {"Asha Rao"}),
        ("12345678", {"Łukasz Müller", "प्रिया शर्मा"}),
        ("+44 (0)20 7946", {"Meera Krishnamurthy"}),
        ("24 seven", {"24 Seven Motors"}),
        ("asha zzzzz", {"Asha Rao"}),
        ("meera k", {"Meera Krishnamurthy"}),
        ("zzzzz", set()),
        ("?!", set()),
        ("'; -- \" OR * NEAR(", set()),
        ("%", set()),
    ],
)
def test_the_search_forgives_what_people_type(crowd, typed, names):
    assert found(typed) == names


def test_the_nearest_comes_first(crowd):
    make_contact(first_name="Rao", last_name="Asha Devi", email="d@example.in")
    names = [Contact.objects.get(pk=pk).name for pk in best(Contact.objects.all(), "asha rao", 5)]
    assert names[:2] == ["Asha Rao", "Rao Asha Devi"]


def test_enough_hits_of_what_was_typed_leave_other_spellings_out():
    for _ in range(5):
        make_contact(first_name="Meera", last_name="Nair")
    make_contact(first_name="Meena", last_name="Nair")
    assert found("meera nair") == {"Meera Nair"}
    Contact.objects.filter(first_name="Meera").first().delete()
    assert found("meera nair") == {"Meera Nair", "Meena Nair"}


def test_a_change_is_found_at_once_with_the_leads_and_deals_of_the_contact(rita):
    contact = make_contact(first_name="Asha", last_name="Rao", owner=rita)
    lead = make_lead(contact=contact, owner=rita, title="Website")
    deal = make_deal(contact=contact, owner=rita, title="Website care")
    update_contact(contact, actor=as_actor(rita), last_name="Wijesinghe", phone="+91 98765 43210")
    assert found("rao") == set()
    for typed in ("wijesinghe", "wijesingha", "543210", "website wijesinghe"):
        assert set(matching(Lead.objects.all(), typed)) == {lead}, typed
        assert set(matching(Deal.objects.all(), typed)) == {deal}, typed
    deal.store(title="Motorcycle")
    assert set(matching(Deal.objects.all(), "motorcicle asha")) == {deal}


def test_every_address_is_found_the_old_ones_too(rita):
    contact = make_contact(first_name="Asha", last_name="Rao", owner=rita, email="one@acme.in")
    add_address(contact, actor=as_actor(rita), channel="phone", value="+91 80123 45678")
    add_address(contact, actor=as_actor(rita), channel="email", value="two@lotus.in")
    contact.refresh_from_db()
    update_contact(contact, actor=as_actor(rita), email="three@banyan.in")
    assert all(found(typed) == {"Asha Rao"} for typed in ("one@acme", "8012345", "lotus", "banyan"))


def test_a_lead_that_comes_in_is_found_misspelt(rita):
    create_lead(actor=SYSTEM, email="v@example.in", first_name="Venkataraman", business_name="Kaveri Silks")
    for typed in ("venkatraman", "kavery silks", "v@example.in"):
        assert matching(Lead.objects.all(), typed).count() == 1, typed
        assert matching(Contact.objects.all(), typed).count() == 1, typed


def test_what_is_deleted_is_found_no_more(ada):
    contact = make_contact(first_name="Asha", last_name="Rao")
    make_lead(contact=contact)
    delete_contact(contact, actor=as_actor(ada))
    assert found("asha") == set()
    assert not matching(Lead.objects.all(), "asha").exists()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO crm_contact_words (crm_contact_words) VALUES ('integrity-check')")


def test_rows_written_around_the_records_are_indexed_by_number(rita):
    make_contact(first_name="Asha", last_name="Rao", email="a@example.in")
    lead = make_lead(contact=Contact.objects.get())
    Contact.objects.update(last_name="Wijesinghe")
    assert found("wijesinghe") == set()
    assert index_rows(Contact, [Contact.objects.get().pk, 0]) == 2
    assert index_rows(Contact, [Contact.objects.get().pk]) == 0
    assert found("wijesingha") == {"Asha Wijesinghe"}
    assert set(matching(Lead.objects.all(), "wijesinghe")) == {lead}


def test_reindex_mends_everything_and_the_invariant_sees_what_is_broken(capsys):
    contact = make_contact(first_name="Asha", last_name="Rao")
    lead = make_lead(contact=contact)
    check = INVARIANTS["C2"].check
    assert check() == []
    Contact.objects.update(search_words="nonsense")
    Lead.objects.update(search_words="")
    SearchForm.objects.all().delete()
    learned = SearchForm(form="zzz", word="zzz")
    learned.save(force_insert=True)
    assert len(check()) >= 2
    call_command("reindex")
    assert "2 rows" in capsys.readouterr().out
    assert check() == [] and found("asah rao") == {"Asha Rao"}
    assert set(matching(Lead.objects.all(), "asah")) == {lead}
    assert not SearchForm.objects.filter(word="zzz").exists()


def test_making_the_index_again_changes_nothing(crowd):
    prepare()
    assert found("asha") == {"Asha Rao"}
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER crm_contact_words_in")
        make_contact(first_name="Late", last_name="Comer")
        assert found("late") == set()
        prepare()
        assert found("late") == {"Late Comer"}


def test_lists_show_what_the_search_finds_and_both_only_what_the_reader_may_see(people):
    mine = make_contact(first_name="Asha", last_name="Rao", owner=people.rita)
    theirs = make_contact(first_name="Asha", last_name="Rao", owner=people.ron)
    for contact in (mine, theirs):
        make_lead(contact=contact, owner=contact.owner, title="Website")
        make_deal(contact=contact, owner=contact.owner, title="Website care")
    for user in people.everybody().values():
        actor = as_actor(user)
        for find, permission in ((contacts_for, "contact:read"), (leads_for, "lead:read"), (deals_for, "deal:read")):
            seen = set(find(actor)) if actor.can(permission) else set()
            for typed in ("asha", "asah rao", "rao asha"):
                assert set(find(actor, {"q": typed})) == seen, (user, find)
                assert set(best(find(actor), typed, 10)) == {row.pk for row in seen}
    assert [lead.contact for lead in leads_for(as_actor(people.rita), {"q": "asah"})] == [mine]
