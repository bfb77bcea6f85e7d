"""Notifications: told once, by mail to whoever wants it; refusals reach the administrators."""

import pytest
from django.core import mail

from accounts.actions.notify import mark_read, notify
from accounts.actions.people import change_roles, update_profile
from accounts.models import Notification
from accounts.roles import VIEWER
from core import clock
from core.errors import Denied
from core.models import Effect, Event
from tests.people import SYSTEM, as_actor, browser


def tell(user, **values):
    values = {"kind": "lead.new", "text": "A lead for you", "url": "/leads/1/", **values}
    return notify(user, actor=SYSTEM, **values)


def test_the_same_key_tells_once(rita):
    first, second = tell(rita, key="lead:1"), tell(rita, key="lead:1")
    assert first == second
    assert Notification.objects.count() == 1


def test_mail_goes_out_once_by_the_worker_and_only_when_asked(rita, run_events):
    tell(rita)
    row = tell(rita, email=True, text="Reply\nto approve")
    assert mail.outbox == []
    run_events()
    run_events()
    (message,) = mail.outbox
    assert message.to == [rita.email]
    assert message.subject == "Reply to approve"
    assert f"/notifications/{row.pk}/" in message.body
    assert Effect.objects.get(key=f"notification:{row.pk}").state == Effect.DONE


def test_whoever_switched_mail_off_gets_none(rita, run_events):
    update_profile(rita, actor=as_actor(rita), email_notifications=False)
    tell(rita, email=True)
    run_events()
    assert mail.outbox == []
    assert Notification.objects.count() == 1


def test_the_list_shows_ones_own_and_marks_read(rita, ron):
    mine, theirs = tell(rita), tell(ron, text="Not for Rita")
    client = browser(rita)
    html = client.get("/notifications/").content.decode()
    assert "A lead for you" in html
    assert "Not for Rita" not in html
    assert client.get(f"/notifications/{mine.pk}/")["Location"] == "/leads/1/"
    assert Notification.objects.get(pk=mine.pk).read_at is None, "a GET changes nothing"
    assert client.post(f"/notifications/{mine.pk}/")["Location"] == "/leads/1/"
    assert Notification.objects.get(pk=mine.pk).read_at
    assert client.post(f"/notifications/{theirs.pk}/").status_code == 404
    with pytest.raises(Denied):
        mark_read(theirs, actor=as_actor(rita))
    tell(rita)
    client.post("/notifications/read/")
    assert not Notification.objects.filter(user=rita, read_at=None).exists()
    assert Notification.objects.filter(user=ron, read_at=None).count() == 1


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/", ""])
def test_a_notification_leads_nowhere_else(rita, url):
    row = tell(rita, url=url)
    assert browser(rita).get(f"/notifications/{row.pk}/")["Location"] == "/notifications/"


def test_a_refusal_is_recorded_and_administrators_hear_once_in_ten_minutes(people, run_events):
    people.ada, people.max  # noqa: B018
    client = browser(people.rita)
    response = client.get("/audit/", headers={"X-Request-ID": "abcdef-123456"})
    assert response.status_code == 403
    assert client.post("/people/invite/", {"email": "x@example.com"}).status_code == 403
    events = Event.objects.filter(name="access.denied").order_by("pk")
    assert [event.data["path"] for event in events] == ["/audit/", "/people/invite/"]
    assert (events[0].actor_id, events[0].request_id) == (people.rita.pk, "abcdef-123456")
    run_events()
    told = Notification.objects.filter(kind="access.denied")
    assert told.get().user == people.ada
    assert "Rita Rep was refused" in told.get().text
    browser(people.vic).get("/audit/")
    run_events()
    assert told.count() == 2, "somebody else is another matter"
    Notification.objects.update(created_at=clock.now().replace(year=2020))
    client.get("/audit/")
    run_events()
    assert told.count() == 3


def test_people_hear_of_their_new_roles(rita, ada, run_events):
    change_roles(rita, actor=as_actor(ada), roles=(VIEWER,))
    run_events()
    assert Notification.objects.get(user=rita).text == "Ada Admin changed your roles. You have now: Viewer."
