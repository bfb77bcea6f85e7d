"""Tasks, planned work and the log of a call; and the start pages that show them."""

from datetime import timedelta

import pytest

from core import clock
from crm.models import Activity, Lead
from tests.factories.crm import make_activity, make_contact, make_deal, make_lead
from tests.people import browser


@pytest.mark.parametrize(
    ("who", "page", "form"),
    [
        ("ada", 200, 200),
        ("max", 200, 200),
        ("rita", 200, 200),
        ("sam", 200, 200),
        ("vic", 200, 403),
        ("mia", 403, 403),
        ("fin", 403, 403),
    ],
)
def test_tasks_open_for_the_roles_of_the_matrix(people, who, page, form):
    client = browser(getattr(people, who))
    assert client.get("/tasks/").status_code == page
    assert client.get("/tasks/log/").status_code == form


def test_the_most_urgent_comes_first_and_ticking_removes_it(rita):
    now, contact = clock.now(), make_contact(owner=rita)
    later = make_activity(actor=rita, contact=contact, subject="Later", due_at=now + timedelta(days=2))
    late = make_activity(actor=rita, contact=contact, subject="Late", due_at=now - timedelta(days=2))
    client = browser(rita)
    assert [row.pk for row in client.get("/tasks/").context["rows"]] == [late.pk, later.pk]
    assert "Overdue 2 d" in client.get("/tasks/").content.decode()
    assert client.post(f"/tasks/{late.pk}/complete/").status_code == 303
    assert [row.pk for row in client.get("/tasks/").context["rows"]] == [later.pk]
    assert [row.pk for row in client.get("/tasks/?view=done").context["rows"]] == [late.pk]
    assert client.post(f"/tasks/{late.pk}/complete/").status_code == 409


def test_nobody_ticks_what_they_may_not_see(rita, ron):
    task = make_activity(actor=ron, contact=make_contact(owner=ron), due_at=clock.now())
    assert browser(rita).post(f"/tasks/{task.pk}/complete/").status_code == 404
    assert Activity.objects.get(pk=task.pk).completed_at is None


def test_logging_a_call_contacts_a_new_lead_and_plans_the_next_one(rita):
    lead = make_lead(owner=rita)
    typed = {"outcome": "Call back", "next": "three", "note": "Wants a family plan"}
    answer = browser(rita).post(f"/tasks/log/?lead={lead.pk}", typed)
    assert answer.status_code == 303
    assert answer["Location"] == lead.get_absolute_url()
    assert Lead.objects.get(pk=lead.pk).stage == "CONTACTED"
    done, planned = Activity.objects.filter(lead=lead, type="call").order_by("pk")
    assert done.completed_at is not None
    assert done.body == "Wants a family plan"
    assert planned.completed_at is None
    assert planned.due_at > clock.now() + timedelta(days=2)


def test_a_call_that_came_in_does_not_count_as_outreach(rita):
    lead = make_lead(owner=rita)
    typed = {"outcome": "Spoke", "next": "none", "is_inbound": "on"}
    browser(rita).post(f"/tasks/log/?lead={lead.pk}", typed)
    assert Lead.objects.get(pk=lead.pk).stage == "NEW"
    assert Activity.objects.count() == 1


def test_a_wrong_outcome_comes_back_with_the_note(rita):
    lead = make_lead(owner=rita)
    answer = browser(rita).post(f"/tasks/log/?lead={lead.pk}", {"outcome": "?", "note": "Kept"})
    assert answer.status_code == 422
    assert "Kept" in answer.content.decode()
    assert Activity.objects.count() == 0


def test_a_call_with_a_stranger_to_the_rep_is_not_found(rita, ron):
    lead = make_lead(owner=ron)
    assert browser(rita).get(f"/tasks/log/?lead={lead.pk}").status_code == 404
    assert browser(rita).get("/tasks/log/?lead=abc").status_code == 404


def test_the_call_sheet_asks_whom_first_and_offers_what_is_found(rita):
    contact = make_contact(first_name="Kavya")
    headers = {"HX-Request": "true", "HX-Target": "choices"}
    found = browser(rita).get("/tasks/log/?q=kavya", headers=headers).content.decode()
    assert found.lstrip().startswith('<ul class="list" id="choices"')
    assert f"?contact={contact.pk}" in found


def test_a_task_about_a_deal_is_saved(rita):
    deal = make_deal(owner=rita)
    client = browser(rita)
    page = client.get(f"/tasks/new/?deal={deal.pk}").content.decode()
    assert f'name="deal" value="{deal.pk}"' in page
    typed = {"type": "task", "subject": "Send the plan", "deal": deal.pk}
    assert client.post(f"/tasks/new/?deal={deal.pk}", typed).status_code == 303
    assert Activity.objects.get().deal == deal


def test_today_shows_a_rep_what_is_due_and_what_stands_still(rita):
    make_activity(actor=rita, contact=make_contact(owner=rita), subject="Call Kavya", due_at=clock.now())
    make_deal(owner=rita, title="Standing still")
    page = browser(rita).get("/today/").content.decode()
    assert "Call Kavya" in page
    assert "Standing still" in page


def test_the_dashboard_counts_for_managers_and_stays_closed_to_reps(max_, rita):
    make_lead("contacted", "CONTACTED", owner=rita)
    make_deal("won", owner=rita, value_minor=150_000_000)
    page = browser(max_).get("/dashboard/").content.decode()
    assert "₹15 L" in page
    assert "Lead funnel" in page
    assert browser(rita).get("/dashboard/").status_code == 403


def test_marketing_gets_sums_but_no_deals(mia, rita):
    make_deal(owner=rita, title="Secret deal", value_minor=150_000_000)
    page = browser(mia).get("/dashboard/").content.decode()
    assert "₹15 L" in page  # the open pipeline
    assert "Secret deal" not in page
