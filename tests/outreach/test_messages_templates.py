"""Ready-made words: kept by those who may, filled for one person, never with a gap by surprise."""

import pytest

from core.actions import run
from core.errors import Denied, Invalid
from outreach.models import Template, ToolCall
from tests.outreach.scene import lead_of, message_to
from tests.people import as_actor, browser

pytestmark = pytest.mark.django_db
WORDS = {
    "name": "Hello",
    "subject": "For {{ business_name|your business }}",
    "body": "Hello {{ first_name|there }},\nshall we talk? {{ sender_name }}",
    "is_active": "on",
}


def save(user, **changes: str) -> Template:
    return run("template.create", actor=as_actor(user), data={**WORDS, **changes})


def test_a_template_fills_the_composer_for_this_person(rita, mia) -> None:
    template, lead = save(mia), lead_of(rita)
    html = browser(rita).get(f"/leads/{lead.pk}/thread/?template={template.pk}").content.decode()
    assert "Hello Meera,\nshall we talk? Rita Rep</textarea>" in html
    assert 'value="For Sharma Dental Care"' in html


def test_a_missing_value_takes_the_fallback(rita, mia) -> None:
    body = "Hello {{ first_name|there }}, {{ last_name }}"
    template, lead = save(mia, body=body), lead_of(rita, first_name="", last_name="")
    html = browser(rita).get(f"/leads/{lead.pk}/thread/?template={template.pk}").content.decode()
    assert "Hello there, [last name]" in html


@pytest.mark.parametrize("asked", ["0", "9" * 30, "x", "²", "-1"])
def test_a_template_that_is_not_there_leaves_the_composer_empty(rita, asked) -> None:
    lead = lead_of(rita)
    for name in ("template", "before"):
        assert browser(rita).get(f"/leads/{lead.pk}/thread/?{name}={asked}").status_code == 200


@pytest.mark.parametrize(
    "change", [{"body": "{{ password }}"}, {"subject": "two\nlines"}, {"body": ""}, {"subject": "{{ evil }}"}]
)
def test_words_with_holes_that_nothing_fills_are_refused(mia, change) -> None:
    with pytest.raises(Invalid):
        save(mia, **change)
    assert not Template.objects.exists()


def test_a_name_is_used_once_and_reps_keep_none(mia, rita) -> None:
    save(mia)
    with pytest.raises(Invalid, match="exists"):
        save(mia)
    with pytest.raises(Denied):
        save(rita, name="Mine")
    assert Template.objects.count() == 1


def test_administrators_keep_templates_in_the_admin(ada) -> None:
    assert browser(ada).post("/admin/outreach/template/add/", WORDS).status_code == 302
    template = Template.objects.get()
    url = f"/admin/outreach/template/{template.pk}/change/"
    assert browser(ada).post(url, {**WORDS, "subject": "Other"}).status_code == 302
    assert Template.objects.get().subject == "Other"


def test_every_hand_over_is_written_down(rita, run_events) -> None:
    message = message_to(lead_of(rita))
    run_events()
    call = ToolCall.objects.get(subject_id=message.pk)
    assert (call.connector, call.capability, call.outcome) == ("sink", "send_mail", "done")


@pytest.mark.parametrize("url", ["/inbox/{0}/", "/leads/{0}/thread/", "/suggestions/{0}/edit/", "/mail-sink/{0}/"])
def test_a_number_that_no_row_can_have_is_not_found(ada, url) -> None:
    for number in (999_999, 10**30):
        assert browser(ada).get(url.format(number)).status_code == 404
