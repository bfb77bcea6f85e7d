"""Large changes are taken back exactly; what somebody changed since is kept and reported."""

from datetime import timedelta

import pytest
from django.db import connection

from core import clock
from core.errors import Denied, Refused
from crm.actions.contacts import delete_contact, reassign_contact, update_contact
from crm.actions.leads import convert_lead
from crm.actions.operations import carry_on_undoing, undo_operation
from crm.actions.recording import recording
from crm.actions.scores import refresh_contact_score
from crm.jobs import forget_old_operations
from crm.models import Activity, Contact, Deal, Lead, Operation
from crm.queries.operations import entries
from tests.billing import selling
from tests.crm.digests import state
from tests.factories.crm import SYSTEM, make_activity, make_contact, make_deal, make_lead, make_pipeline
from tests.people import as_actor, browser

pytestmark = pytest.mark.django_db


def newest() -> Operation:
    return Operation.objects.latest("pk")


def edited(actor, contact: Contact, **facts) -> Operation:
    with recording("bulk_edit", "Edit", actor=actor, permission="contact:update") as record:
        record.watch([contact])
        Contact.objects.filter(pk=contact.pk).update(**facts)
    return newest()


def test_a_deleted_contact_comes_back_with_everything_about_it(ada):
    contact = make_contact(custom={"size": 4})
    update_contact(contact, actor=SYSTEM, tags=["vip", "pune"], phone="+91 98765 43210")
    contact.refresh_from_db()
    lead = make_lead(contact=contact, estimated_value_minor=10, currency="INR")
    make_activity(contact=contact, lead=lead, due_at=clock.now())
    refresh_contact_score(contact.pk)
    before = state()
    delete_contact(contact, actor=as_actor(ada))
    assert not Contact.objects.exists() and not Activity.objects.exists()
    undo_operation(newest(), actor=as_actor(ada))
    assert state() == before
    assert newest().state == "undone"


def test_a_conversion_is_taken_back_with_its_deal_its_note_and_its_tasks(rita, run_events):
    make_pipeline()
    lead = make_lead("qualified", "INTERESTED", owner=rita)
    refresh_contact_score(lead.contact_id)
    before = state()
    convert_lead(lead, actor=as_actor(rita))
    run_events()
    assert Deal.objects.count() == 1 and Activity.objects.count() > 1
    undo_operation(newest(), actor=as_actor(rita))
    run_events()
    assert state() == before


def test_a_conversion_that_was_built_upon_stays(rita):
    make_pipeline()
    lead = make_lead("qualified", "INTERESTED", owner=rita)
    convert_lead(lead, actor=as_actor(rita))
    make_activity(deal=Deal.objects.get(), subject="Demo")
    before = state()
    with pytest.raises(Refused, match="activity"):
        undo_operation(newest(), actor=as_actor(rita))
    assert state() == before
    assert newest().state == "done"


def test_a_field_that_somebody_changed_since_is_kept_and_reported(ada, max_):
    contact = make_contact(city="Goa", job_title="Clerk")
    operation = edited(as_actor(ada), contact, city="Pune", job_title="Manager")
    update_contact(contact, actor=as_actor(max_), city="Delhi")
    undo_operation(operation, actor=as_actor(ada))
    contact.refresh_from_db()
    assert (contact.city, contact.job_title) == ("Delhi", "Clerk")
    assert newest().state == "partly"
    [conflict] = entries(operation, "conflict")
    said = {name: conflict[name] for name in ("field", "ours", "theirs", "who")}
    assert said == {"field": "city", "ours": "Pune", "theirs": "Delhi", "who": "Max Manager"}


def test_custom_fields_go_back_one_by_one(ada):
    contact = make_contact(custom={"size": 4, "floor": 1})
    operation = edited(as_actor(ada), contact, custom={"size": 5, "floor": 2, "fax": "no"})
    edited(as_actor(ada), contact, custom={"size": 5, "floor": 3, "fax": "no", "new": True})
    undo_operation(operation, actor=as_actor(ada))
    contact.refresh_from_db()
    assert contact.custom == {"size": 4, "floor": 3, "new": True}


def test_columns_that_belong_together_go_back_together_or_not_at_all(ada):
    contact = make_contact(email="a@x.example")
    operation = edited(as_actor(ada), contact, email="b@x.example", email_folded="b@x.example")
    Contact.objects.filter(pk=contact.pk).update(email="B@x.example")
    undo_operation(operation, actor=as_actor(ada))
    contact.refresh_from_db()
    assert (contact.email, contact.email_folded) == ("B@x.example", "b@x.example")


def test_an_address_that_another_contact_has_by_now_is_a_conflict_and_the_rest_goes_back(ada):
    contact, other = make_contact(email="a@x.example"), make_contact(city="Goa")
    with recording("bulk_edit", "Edit", actor=as_actor(ada), permission="contact:update") as record:
        record.watch([contact, other])
        update_contact(contact, actor=SYSTEM, email="b@x.example")
        update_contact(other, actor=SYSTEM, city="Pune")
    make_contact(email="a@x.example")
    undo_operation(newest(), actor=as_actor(ada))
    contact.refresh_from_db()
    other.refresh_from_db()
    assert (contact.email, other.city) == ("b@x.example", "Goa")
    [conflict] = entries(newest(), "conflict")
    assert conflict["reason"] == "Another record says the same by now."


def test_a_contact_whose_address_was_taken_stays_away_with_all_that_was_its_own(ada):
    contact, other = make_contact(email="a@x.example"), make_contact()
    update_contact(contact, actor=SYSTEM, city="Pune")
    make_lead(contact=contact)
    with recording("bulk_delete", "Two", actor=as_actor(ada), permission="contact:delete"):
        delete_contact(contact, actor=as_actor(ada))
        delete_contact(other, actor=as_actor(ada))
    taken = make_contact(email="a@x.example")
    undo_operation(newest(), actor=as_actor(ada))
    assert newest().state == "partly"
    assert set(Contact.objects.all()) == {other, taken} and not Lead.objects.exists()
    assert {(row["noun"], row["reason"]) for row in entries(newest(), "conflict")} == {
        ("contact", "Another record says the same by now."),
        ("lead", "What it belonged to is gone."),
    }
    connection.check_constraints()


def test_a_merge_whose_other_half_cannot_return_is_undone_not_at_all(ada):
    kept = make_contact(kind="company", company_name="Acme", email="")
    gone = make_contact(email="a@x.example")
    lead = make_lead(contact=gone)
    with recording("merge", "Merge", actor=as_actor(ada), permission="contact:merge") as record:
        record.watch([lead])
        record.deleting([gone])
        Lead.objects.filter(pk=lead.pk).update(contact=kept)
        gone.delete()
    make_contact(email="a@x.example")
    before = state()
    with pytest.raises(Refused, match="Another record says the same by now"):
        undo_operation(newest(), actor=as_actor(ada))
    assert state() == before


def test_created_records_go_unless_somebody_edited_them_or_built_upon_them(ada):
    with recording("import", "Import", actor=as_actor(ada), permission="contact:import") as record:
        plain, edit, used, led = (make_contact(city="Goa") for _ in range(4))
        record.created(plain, edit, used, led, make_lead(contact=led))
    update_contact(edit, actor=SYSTEM, city="Pune")
    make_deal(contact=used)
    undo_operation(newest(), actor=as_actor(ada))
    assert set(Contact.objects.all()) == {edit, used}
    assert not Lead.objects.exists()
    assert [row["reason"] for row in entries(newest(), "conflict")] == [
        "It was changed since, so it stays.",
        "Something was added to it since (deal), so it stays.",
    ]


def test_only_who_did_it_or_who_holds_its_verb_for_every_row_may_undo(ada, max_, rita, ron, vic):
    contact = make_contact(owner=rita)
    operation = edited(as_actor(rita), contact, city="Pune")
    before = state()
    for person in (ron, vic):
        with pytest.raises(Denied):
            undo_operation(operation, actor=as_actor(person))
    assert state() == before
    undo_operation(operation, actor=as_actor(max_))
    assert newest().undone_by == max_


def test_a_rep_does_not_reach_records_that_were_given_away_since(rita, ron):
    contact = make_contact(owner=rita, city="Goa")
    operation = edited(as_actor(rita), contact, city="Pune")
    reassign_contact(contact, actor=SYSTEM, owner=ron)
    undo_operation(operation, actor=as_actor(rita))
    contact.refresh_from_db()
    assert contact.city == "Pune"
    assert entries(operation, "conflict")[0]["reason"] == "It belongs to someone else now."


def test_after_30_days_and_a_second_time_it_is_refused_with_the_reason(ada):
    contact = make_contact()
    operation = edited(as_actor(ada), contact, city="Pune")
    Operation.objects.update(undo_until=clock.now() - timedelta(seconds=1))
    with pytest.raises(Refused, match="for 30 days"):
        undo_operation(operation, actor=as_actor(ada))
    Operation.objects.update(undo_until=clock.now() + timedelta(days=1))
    undo_operation(operation, actor=as_actor(ada))
    with pytest.raises(Refused, match="undone already"):
        undo_operation(operation, actor=as_actor(ada))


def test_a_conversion_for_which_a_proposal_was_made_stays(rita):
    selling.sent(rita)
    before = state()
    with pytest.raises(Refused, match="A proposal was made for this deal"):
        undo_operation(newest(), actor=as_actor(rita))
    assert state() == before


def test_the_list_takes_few_statements_and_each_person_sees_what_they_may_undo(
    ada, rita, ron, django_assert_max_num_queries
):
    make_pipeline()
    for number in range(30):
        lead = make_lead("qualified", "INTERESTED", owner=rita, title=f"Lead {number}")
        convert_lead(lead, actor=as_actor(rita))
    page = browser(rita)
    page.get("/operations/")
    with django_assert_max_num_queries(10):
        text = page.get("/operations/").content.decode()
    assert text.count("/undo/") == 30
    assert "/undo/" not in browser(ron).get("/operations/").content.decode()
    assert browser(ron).get(newest().get_absolute_url()).status_code == 404
    assert browser(ada).get("/operations/").content.decode().count("/undo/") == 30


def test_the_admin_shows_operations_read_only_and_undoes_by_a_button(ada, max_):
    delete_contact(make_contact(), actor=as_actor(ada))
    page, address = browser(ada), f"/admin/crm/operation/{newest().pk}/change/"
    assert page.get("/admin/crm/operation/").status_code == 200
    assert b'name="title"' not in page.get(address).content
    page.post(address.replace("change/", "do/operation.undo/"))
    assert newest().state == "undone" and Contact.objects.count() == 1


def test_after_30_days_the_images_of_rows_are_dropped(ada):
    delete_contact(make_contact(), actor=as_actor(ada))
    Operation.objects.update(undo_until=clock.now() - timedelta(days=1))
    forget_old_operations()
    assert not newest().parts.exists()


def test_an_undo_that_a_rule_refuses_in_the_worker_ends_with_its_reason_and_can_be_tried_again(rita):
    make_pipeline()
    lead = make_lead("qualified", "INTERESTED", owner=rita)
    convert_lead(lead, actor=as_actor(rita))
    task = make_activity(deal=Deal.objects.get(), subject="Demo")
    Operation.objects.update(state="undoing", row_count=1_000)
    assert carry_on_undoing(newest(), actor=as_actor(rita), seconds=60)
    operation = newest()
    assert (operation.state, operation.conflict_count, operation.undone_at) == ("done", 1, None)
    assert "activity" in entries(operation, "conflict")[0]["reason"]
    assert "activity" in browser(rita).get(operation.get_absolute_url()).content.decode()
    task.delete()
    undo_operation(operation, actor=as_actor(rita))
    assert carry_on_undoing(newest(), actor=as_actor(rita), seconds=60)
    assert (newest().state, newest().conflict_count) == ("undone", 0)
