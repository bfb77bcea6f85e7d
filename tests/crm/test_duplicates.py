"""The queue of suspected pairs: filled as contacts come and change, emptied by merging or by a person's no."""

from io import BytesIO
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import Delivery
from crm.actions.addresses import add_address
from crm.actions.contacts import create_contact, update_contact
from crm.actions.duplicates import scan_part, scan_some
from crm.actions.imports import start_import, upload_import
from crm.actions.merging import merge_contact, unmerge_contact
from crm.jobs import find_duplicates
from crm.models import ContactMerge, DuplicateKey, DuplicatePair
from crm.queries.duplicates import known_names, lookalikes, unkeyed
from tests.factories.crm import SYSTEM, make_contact
from tests.people import api_client, as_actor, browser

pytestmark = pytest.mark.django_db
API = "/api/v1/crm"
HOME = "/contacts/duplicates/"


@pytest.fixture(autouse=True)
def no_memory_of_other_tests():
    known_names.cache_clear()


@pytest.fixture
def twins(run_events):
    """One dentist, entered twice."""
    one = create_contact(actor=SYSTEM, first_name="Meera", last_name="Sharma", company_name="Sharma Dental",
                         email="meera@sharmadental.example")  # fmt: skip
    other = create_contact(actor=SYSTEM, first_name="मीरा", last_name="शर्मा", company_name="Sharma Dental Pvt Ltd",
                           email="ms@mail.example")  # fmt: skip
    run_events()
    return one, other


def pairs():
    return [(row.contact_id, row.other_id, row.state) for row in DuplicatePair.objects.order_by("pk")]


def test_a_newcomer_is_compared_at_once(twins):
    one, other = twins
    assert pairs() == [(one.pk, other.pk, "open")]
    row = DuplicatePair.objects.get()
    assert row.percent >= 75
    assert "Same name in another spelling or script" in [text for text, _ in row.reasons]


def test_a_correction_takes_the_pair_away_or_brings_it(twins, run_events):
    one, other = twins
    update_contact(other, actor=SYSTEM, first_name="Anita", last_name="Rao", company_name="Rao Foods")
    run_events()
    assert pairs() == []
    add_address(other, actor=SYSTEM, channel="phone", value="+91 98765 43210")
    update_contact(one, actor=SYSTEM, first_name="Anita", last_name="Rao", phone="+1 98765 43210")
    run_events()
    assert pairs() == [(one.pk, other.pk, "open")]


def test_not_the_same_stays_so_when_scanned_again(twins, people):
    one, other = twins
    pair = DuplicatePair.objects.get()
    client = browser(people.max)
    assert "Sharma Dental Pvt Ltd" in client.get(HOME).content.decode()
    assert client.post(f"{HOME}{pair.pk}/dismiss/").status_code == 303
    assert "No duplicates found" in client.get(HOME).content.decode()
    scan_part(SYSTEM)
    assert pairs() == [(one.pk, other.pk, "different")]
    page = client.get(HOME, {"view": "different"}).content.decode()
    assert "Max Manager said so." in page
    assert client.post(f"{HOME}{pair.pk}/reopen/").status_code == 303
    assert pairs() == [(one.pk, other.pk, "open")]


def test_a_whole_scan_finds_what_each_newcomer_found(twins):
    names = product(("Anil", "Ravi", "Uma", "Kiran", "Zoya"), ("Rao", "Patil", "Khan", "Bose", "Gill", "Das"))
    for first, last in names:
        make_contact(first_name=first, last_name=last, company_name="Sharma Dental")
    before = pairs()
    DuplicatePair.objects.all().delete()
    DuplicateKey.objects.all().delete()
    assert len(unkeyed(100)) == 32
    left = (0, "keys")
    for _ in range(10):
        if left is None:
            break
        left = scan_part(SYSTEM, *left, seconds=0.0001)
    scan_part(SYSTEM, *(left or (0, "keys")))
    assert pairs() == before
    assert unkeyed(100) == []
    make_contact(first_name="Meera", last_name="Sharma", company_name="Sharma Dental")
    assert scan_some(SYSTEM, seconds=0) is True
    assert scan_some(SYSTEM) is False
    assert len(pairs()) == 3


def test_the_nightly_scan_is_cut_into_slices(twins, run_events):
    DuplicatePair.objects.all().delete()
    find_duplicates()
    run_events()
    assert len(pairs()) == 1
    assert not Delivery.objects.filter(done_at=None).exists()


def test_merging_empties_the_queue_and_unmerging_fills_it(twins, max_, run_events):
    one, other = twins
    actor = as_actor(max_)
    third = create_contact(actor=SYSTEM, first_name="Mira", last_name="Sharma", company_name="Sharma Dental",
                           email="mira@sharmadental.example")  # fmt: skip
    run_events()
    DuplicatePair.objects.filter(contact=other, other=third).update(state="different")
    merge_contact(one, actor=actor, other=other)
    run_events()
    assert pairs() == [(one.pk, third.pk, "different")]
    unmerge_contact(ContactMerge.objects.get(), actor=actor)
    run_events()
    assert set(pairs()) == {
        (one.pk, other.pk, "open"), (one.pk, third.pk, "open"), (other.pk, third.pk, "different"),
    }  # fmt: skip


def test_the_pages_merge_by_choice_and_back(twins, people):
    one, other = twins
    client = browser(people.max)
    page = client.get(f"/contacts/{one.pk}/").content.decode()
    assert f"/contacts/{one.pk}/merge/?with={other.pk}" in page
    assert client.get(f"/contacts/{one.pk}/merge/").status_code == 200
    assert other.get_absolute_url() or client.get(f"/contacts/{one.pk}/merge/", {"q": "mail.example"})
    preview = client.get(f"/contacts/{one.pk}/merge/", {"with": other.pk}).content.decode()
    assert 'name="pick_email" value="other"' in preview
    assert "2 addresses" in preview or "1 address" in preview
    sent = {"other": other.pk, "pick_email": "other", "pick_first_name": "this", "pick_company_name": "this"}
    answer = client.post(f"/contacts/{one.pk}/merge/", sent, follow=True)
    assert "became part of Meera Sharma" in answer.content.decode()
    one.refresh_from_db()
    assert (one.email, one.first_name) == ("ms@mail.example", "Meera")
    assert client.get(f"/contacts/{other.pk}/edit/")["Location"] == f"/contacts/{one.pk}/edit/"
    assert client.post(f"/contacts/{other.pk}/edit/").status_code == 410
    assert client.post(f"/contacts/{other.pk}/unmerge/").status_code == 303
    assert client.get(f"/contacts/{other.pk}/").status_code == 200


@pytest.mark.parametrize("short", ["rita", "mia", "sam", "vic", "fin"])
def test_others_neither_see_the_queue_nor_merge(twins, people, short):
    one, other = twins
    client = browser(getattr(people, short))
    assert client.get(HOME).status_code == 403
    assert client.get(f"/contacts/{one.pk}/merge/").status_code == 403
    assert client.post(f"/contacts/{one.pk}/merge/", {"other": other.pk}).status_code == 403
    assert client.post(f"{HOME}{DuplicatePair.objects.get().pk}/dismiss/").status_code == 403
    assert pairs() == [(one.pk, other.pk, "open")]


def test_programs_do_all_of_it(twins, people):
    one, other = twins
    api = api_client(people.max)
    row = api.get(f"{API}/duplicates", {"state": "open"}).json()["results"][0]
    assert (row["contact_id"], row["other_id"], row["score"] >= 0.75) == (one.pk, other.pk, True)
    assert (
        api.post(f"{API}/duplicates/{row['id']}/dismiss", {}, content_type="application/json").json()["state"]
        == "different"
    )
    merge = f"{API}/contacts/{one.pk}/merge"
    for wrong in (
        {},
        {"other": one.pk},
        {"other": 10**9},
        {"other": other.pk, "take": ["score"]},
        {"other": other.pk, "take": 1},
    ):
        assert api.post(merge, wrong, content_type="application/json").status_code == 422
    answer = api.post(merge, {"other": other.pk, "take": ["email"]}, content_type="application/json")
    assert (answer.status_code, answer.json()["email"]) == (200, "ms@mail.example")
    moved = api.get(f"{API}/contacts/{other.pk}")
    assert (moved.status_code, moved["Location"], moved.json()["code"]) == (301, f"{API}/contacts/{one.pk}", "merged")
    assert api.patch(f"{API}/contacts/{other.pk}", {"city": "Pune"}, content_type="application/json").status_code == 410
    answer = api.post(f"{API}/contacts/{other.pk}/unmerge", {}, content_type="application/json")
    assert answer.json()["state"] == "undone", answer.content
    assert api.get(f"{API}/contacts/{other.pk}").json()["email"] == "ms@mail.example"
    assert api.post(f"{API}/contacts/{other.pk}/unmerge", {}, content_type="application/json").status_code == 404


def test_while_typing_the_form_says_who_it_looks_like(twins, rita):
    one, _ = twins
    client = browser(rita)
    assert 'hx-get="/contacts/hints/"' in client.get("/contacts/new/").content.decode()
    assert 'hx-get="/contacts/hints/"' in client.get("/leads/new/").content.decode()
    hint = client.get(
        "/contacts/hints/", {"first_name": "Sharma", "last_name": "Meera", "business_name": "Sharma Dental"}
    )
    assert "Looks like <b>Meera Sharma</b>" in hint.content.decode()
    assert one.get_absolute_url() in hint.content.decode()
    for typed in ({}, {"first_name": "M"}, {"email": "new@x.example"}, {"first_name": "x" * 10_000, "phone": "☎"}):
        assert client.get("/contacts/hints/", typed).content.strip() == b""


def test_what_a_file_brought_is_compared_once_it_is_in(max_, run_events):
    make_contact(first_name="Meera", last_name="Sharma", company_name="Sharma Dental")
    file = BytesIO(b"First Name,Last Name,Company,Email\nSharma,Meera,Sharma Dental Ltd,ms@mail.example\n")
    run = upload_import(actor=as_actor(max_), file=file, file_name="contacts.csv", kind="contacts")
    start_import(run, actor=as_actor(max_))
    run_events()
    assert [state for *_, state in pairs()] == ["open"]


def test_what_nobody_scanned_is_found_without_a_list_of_all_that_were():
    seen, other, new = make_contact(), make_contact(), make_contact()
    DuplicateKey.objects.create(contact=seen, key=1)
    with CaptureQueriesContext(connection) as asked:
        assert unkeyed(10) == [other.pk, new.pk]
    assert "NOT EXISTS" in asked[0]["sql"].replace("NOT (EXISTS", "NOT EXISTS")
    assert unkeyed(10, after=other.pk) == [new.pk]
    assert scan_some(SYSTEM) is False
    assert not unkeyed(10)


def test_the_hint_while_typing_counts_no_names(twins, people):
    known_names.cache_clear()
    with CaptureQueriesContext(connection) as asked:
        found = lookalikes(as_actor(people.ada), {"first_name": "Meera", "last_name": "Sharma", "email": "m@x.example"})
    assert set(found) == set(twins)
    assert not [one["sql"] for one in asked if "GROUP BY" in one["sql"] and "crm_contact" in one["sql"]]
