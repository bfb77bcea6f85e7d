"""Django's admin over conversations, drafts and dials: all to be seen, nothing to be written around."""

import pytest

from outreach.models import Message, Suggestion, Workflow
from tests.outreach.scene import answer_to, arrive, dial, draft_for, fresh, lead_of, message_to, sink
from tests.people import browser

pytestmark = pytest.mark.django_db
MODELS = ("conversation", "message", "suggestion", "workflow", "receipt", "agentrun", "toolcall")


@pytest.fixture
def busy(rita, run_events) -> Message:
    """A house in which every table has a row."""
    dial("follow_up", "approve")
    lead = lead_of(rita)
    message = message_to(lead)
    run_events()
    arrive(answer_to(message, "Which days are you open?"))
    run_events()
    return Message.objects.get(pk=message.pk)


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_rows_open_for_administrators_only(busy, ada, rita, model) -> None:
    client = browser(ada)
    assert client.get(f"/admin/outreach/{model}/").status_code == 200
    from django.apps import apps

    row = apps.get_model("outreach", model).objects.first()
    if row is not None:
        assert client.get(f"/admin/outreach/{model}/{row.pk}/change/").status_code == 200
        assert client.post(f"/admin/outreach/{model}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert browser(rita).get(f"/admin/outreach/{model}/").status_code in (302, 403)


def test_a_state_cannot_be_typed_in(busy, ada) -> None:
    browser(ada).post(f"/admin/outreach/message/{busy.pk}/change/", {"state": "failed"})
    assert fresh(busy).state == "sent"


def test_a_draft_is_approved_by_its_button(busy, ada, run_events) -> None:
    Suggestion.objects.all().delete()
    draft = draft_for(busy.lead, kind="reply")
    url = f"/admin/outreach/suggestion/{draft.pk}/do/suggestion.approve/"
    assert browser(ada).get(url).status_code == 200
    browser(ada).post(url, {})
    run_events()
    assert fresh(draft).state == "approved" and len(sink()) == 2


def test_a_dial_is_turned_by_its_form(busy, ada) -> None:
    values = {"name": "lead_intake", "is_on": "on", "autonomy": "auto", "per_contact_per_day": 1, "per_hour": 9}
    assert browser(ada).post("/admin/outreach/workflow/add/", values).status_code == 302
    assert Workflow.objects.get(key="lead_intake").per_hour == 9
