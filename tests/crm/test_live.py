"""Live channels: who may open which, what reaches whom, and when a line ends; asked as a page without streams asks."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from accounts.actions.api_keys import revoke_api_key
from accounts.actions.people import change_roles, deactivate_user
from accounts.actions.shares import share_record, unshare_record
from accounts.models import ApiKey, UserShare
from accounts.queries.passes import Pass
from accounts.roles import VIEWER
from core import clock, stream
from core.models import Event
from core.stream import REPLAYED, Line, Poller, newest
from crm.actions.activities import create_activity
from crm.actions.leads import reassign_lead, update_lead
from crm.live import Listener, channel_for
from tests.factories.crm import make_contact, make_deal, make_lead
from tests.people import SYSTEM, api_client, as_actor, browser

pytestmark = pytest.mark.django_db


def follow(client, channel: str, prefix: str = "/live/") -> "Follower":
    return Follower(client, f"{prefix}{channel}{'/' if prefix == '/live/' else ''}")


class Follower:
    """A page that asks again and again."""

    def __init__(self, client, address: str) -> None:
        self.client, self.address, self.after = client, address, newest()

    def ask(self) -> list[tuple[str, dict]]:
        """What was said since the last time, without the opening words."""
        answer = self.client.get(self.address, {"poll": "1", "after": self.after})
        assert answer.status_code == 200, answer.content
        self.after = answer.json()["last"]
        said = [(one["event"], one["data"]) for one in answer.json()["messages"]]
        return [one for one in said if one[0] != "open"]

    def heard(self) -> list[str]:
        """The names of what happened."""
        return [data.get("event", kind) for kind, data in self.ask()]


def test_each_rep_hears_of_their_own_leads_and_messages_hold_ids_only(people):
    mine, theirs = make_lead(owner=people.rita), make_lead(owner=people.ron)
    rita, ron, mia = (follow(browser(one), "leads") for one in (people.rita, people.ron, people.mia))
    for lead in (mine, theirs):
        update_lead(lead, actor=SYSTEM, next_step="Secretville")
    said = rita.ask()
    assert [data["id"] for _, data in said] == [mine.pk]
    assert said[0][1] == {
        "event": "lead.updated", "noun": "lead", "id": mine.pk, "contact_id": mine.contact_id,
        "lead_id": mine.pk,
    }  # fmt: skip
    assert [data["id"] for _, data in ron.ask()] == [theirs.pk]
    assert {data["id"] for _, data in mia.ask()} == {mine.pk, theirs.pk}
    assert rita.ask() == []


@pytest.mark.parametrize(
    ("channel", "may"),
    [
        ("leads", {"ada", "max", "rita", "ron", "mia", "vic"}),
        ("deals", {"ada", "max", "rita", "ron", "vic", "fin"}),
        ("contacts", {"ada", "max", "rita", "ron", "sam", "mia", "vic", "fin"}),
        ("tasks", {"ada", "max", "rita", "ron", "sam", "vic"}),
        ("org:main:crm:pipeline", {"ada", "max"}),
        ("org:main:crm:support", {"ada", "sam"}),
    ],
)
def test_each_channel_opens_for_its_roles_alike_for_people_and_keys(people, channel, may):
    for short, user in people.everybody().items():
        expected = 200 if short in may else 403
        page = browser(user).get(f"/live/{channel}/?poll=1").status_code
        key = api_client(user).get(f"/api/v1/crm/live/{channel}?poll=1").status_code
        assert (page, key) == (expected, expected), (short, channel)


def test_what_is_no_channel_or_not_ones_own_is_refused(people):
    theirs = make_lead(owner=people.ron)
    rita = browser(people.rita)
    assert rita.get(f"/live/lead:{theirs.pk}/?poll=1").status_code == 404
    assert browser(people.sam).get(f"/live/lead:{theirs.pk}/?poll=1").status_code == 403
    assert rita.get(f"/live/org:main:crm:rep:{people.ron.pk}/?poll=1").status_code == 403
    for name in ("nothing", "lead:x", "org:other:crm:pipeline", "org:main:crm:x", "user:1", ":", "lead:"):
        assert rita.get(f"/live/{name}/?poll=1").status_code == 404, name
    assert browser().get("/live/leads/?poll=1").status_code == 302
    assert rita.get("/live/leads/?poll=1&after=x").status_code == 422
    assert rita.get("/live/leads/?poll=1&since=99999999999999999").status_code == 200
    assert rita.get("/live/leads/").status_code == 204, "no stream where it would hold a thread"


def test_the_specified_channels_carry_what_they_say(people):
    deal, lead = make_deal(owner=people.rita), make_lead(owner=people.rita)
    boss = follow(api_client(people.max), "org:main:crm:pipeline", "/api/v1/crm/live/")
    rep = follow(api_client(people.rita), f"org:main:crm:rep:{people.rita.pk}", "/api/v1/crm/live/")
    other = follow(api_client(people.ron), f"org:main:crm:rep:{people.ron.pk}", "/api/v1/crm/live/")
    update_lead(lead, actor=SYSTEM, next_step="Pune")
    for kind in ("task", "call"):
        create_activity(actor=as_actor(people.rita), type=kind, subject="Call", contact=deal.contact, deal=deal)
    assert boss.heard() == ["lead.updated"]
    assert rep.heard() == ["task.created", "activity.created"]
    assert other.heard() == []


def test_a_key_hears_only_what_its_scopes_hold(people):
    deal = make_deal(owner=people.rita)
    narrow = follow(api_client(people.max, "deal:read"), "deals", "/api/v1/crm/live/")
    activity = {"type": "call", "subject": "x", "contact": deal.contact, "deal": deal}
    create_activity(actor=as_actor(people.rita), **activity)
    assert narrow.heard() == []
    assert follow(api_client(people.max), "deals", "/api/v1/crm/live/").client
    listed = api_client(people.max, "deal:read").get("/api/v1/crm/live").json()["results"]
    names = [one["channel"] for one in listed]
    assert names == ["deals", "org:main:crm:pipeline", f"org:main:crm:rep:{people.max.pk}"]


def test_a_records_channel_carries_what_happens_around_it_and_ends_when_it_is_lost(people):
    lead = make_lead(owner=people.rita)
    page = follow(browser(people.rita), f"lead:{lead.pk}")
    update_lead(lead, actor=SYSTEM, next_step="Pune")
    update_lead(make_lead(owner=people.rita), actor=SYSTEM, next_step="Delhi")
    assert page.heard() == ["lead.updated"]
    line = listener(people.rita, f"lead:{lead.pk}")
    reassign_lead(lead, actor=SYSTEM, owner=people.ron)
    line.hear([line], list(Event.objects.filter(name="lead.assigned")))
    assert "change" not in [kind for _, kind, _ in line.said]
    line.renewed = 0.0
    line.hear([line], [])
    assert line.said[-1][1:] == ("end", {"reason": "rights-changed"})


def test_the_old_owner_is_told_to_look_anew_and_the_new_one_hears_the_change(people):
    lead = make_lead(owner=people.rita)
    old, new = (follow(browser(one), "leads") for one in (people.rita, people.ron))
    reassign_lead(lead, actor=as_actor(people.max), owner=people.ron)
    assert old.ask() == [("refresh", {})]
    assert new.heard() == ["lead.assigned"]
    update_lead(lead, actor=SYSTEM, next_step="Pune")
    assert (old.heard(), new.heard()) == ([], ["lead.updated"])


def test_a_share_lets_hear_and_its_end_or_its_date_stops_it(people):
    lead = make_lead(owner=people.rita)
    ron = follow(browser(people.ron), "leads")
    share_record(lead, actor=as_actor(people.rita), noun="lead", shared_with=people.ron)
    assert ron.heard() == ["refresh"]
    update_lead(lead, actor=SYSTEM, next_step="Pune")
    assert ron.heard() == ["lead.updated"]
    UserShare.objects.update(until=clock.now() - timedelta(seconds=1))
    update_lead(lead, actor=SYSTEM, next_step="Delhi")
    assert ron.heard() == []
    unshare_record(lead, actor=as_actor(people.rita), noun="lead", shared_with=people.ron)
    assert ron.heard() == ["refresh"]


def listener(user, channel: str, **guest) -> Listener:
    """A line as an open stream holds it, kept in memory."""
    actor = as_actor(user)
    passed = Pass(actor, user.pk, actor.user.roles, **guest)
    if not guest:
        client = browser(user)
        passed.session_key = client.session.session_key
        passed.session_hash = client.session["_auth_user_hash"]
    return Listener(passed, channel_for(actor, channel))


def reasons(line: Listener) -> list[str]:
    line.renewed = 0.0
    line.hear([line], [])
    return [data["reason"] for _, kind, data in line.said if kind == "end"]


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("sign out", "signed-out"),
        ("deactivate", "signed-out"),
        ("password", "signed-out"),
        ("roles", "rights-changed"),
        ("session over", "signed-out"),
    ],
)
def test_a_line_ends_with_the_right_to_it(people, what, reason):
    line = listener(people.rita, "leads")
    assert reasons(line) == []
    if what == "sign out":
        Session.objects.all().delete()
    elif what == "deactivate":
        deactivate_user(people.rita, actor=as_actor(people.ada))
    elif what == "password":
        people.rita.set_password("another long password")
        people.rita.save()
    elif what == "roles":
        change_roles(people.rita, actor=as_actor(people.ada), roles=(VIEWER,))
    else:
        Session.objects.update(expire_date=clock.now())
    assert reasons(line) == [reason]


def test_a_keys_line_ends_with_the_key(people):
    api_client(people.rita)
    key = ApiKey.objects.get()
    line = listener(people.rita, "leads", key_id=key.pk)
    assert reasons(line) == []
    revoke_api_key(key, actor=as_actor(people.rita))
    assert reasons(line) == ["signed-out"]


def test_fifty_lines_cost_as_many_queries_as_one(people):
    lead = make_lead(owner=people.rita)
    update_lead(lead, actor=SYSTEM, next_step="Pune")
    events = list(Event.objects.all())

    def cost(lines) -> int:
        with CaptureQueriesContext(connection) as queries:
            Listener.hear(lines, events)
        return len(queries)

    users = [people.rita, people.ron, people.max, people.vic]
    one = cost([listener(people.rita, "leads")])  # the first look also learns the kinds of rows
    one = cost([listener(people.rita, "leads")])
    many = [listener(users[number % 4], "leads") for number in range(50)]
    assert cost(many) == one <= 12
    heard = [len(line.said) for line in many]
    assert heard == [1, 0, 1, 1] * 12 + [1, 0]


def row(pk: int, contact_id: int) -> Event:
    return Event.objects.create(
        pk=pk, name="contact.updated", subject_type="contact", subject_id=contact_id,
        contact_id=contact_id, actor_kind="system", data={}, at=clock.now(),
    )  # fmt: skip


def test_ids_that_appear_out_of_order_are_heard_once_each(people):
    contact = make_contact(owner=people.rita)
    poller = Poller()
    poller.last = first = newest()
    row(first + 2, contact.pk)
    assert [one.pk for one in poller.fresh()] == [first + 2]
    row(first + 1, contact.pk)
    row(first + 3, contact.pk)
    assert [one.pk for one in poller.fresh()] == [first + 1, first + 3]
    assert poller.fresh() == []
    assert poller.gaps == {}


class Silent(Line):
    """A line that only stands there."""

    @classmethod
    def hear(cls, lines, events) -> None:
        """Hear nothing."""


def test_a_newcomer_waits_out_a_database_that_is_away_and_who_left_is_forgotten(people, monkeypatch):
    poller, here, gone = Poller(), Silent(), Silent()
    poller._newcomers = [here, gone]
    away = lambda *_: (_ for _ in ()).throw(OperationalError("away"))  # noqa: E731
    with monkeypatch.context() as patched, pytest.raises(OperationalError):
        patched.setattr(stream, "newest", away)
        poller.look()
    assert poller._newcomers == [here, gone]
    caught_up = stream.catch_up
    monkeypatch.setattr(stream, "catch_up", lambda line, last: (poller.leave(gone), caught_up(line, last)))
    poller.look()
    assert (poller.lines, poller._newcomers) == ({here}, [])


def test_who_missed_too_much_is_told_to_fetch_everything(people):
    contact = make_contact(owner=people.rita)
    page = follow(browser(people.rita), "contacts")
    start = page.after
    for number in range(REPLAYED + 1):
        row(start + 1 + number, contact.pk)
    assert page.ask() == [("refresh", {})]


def test_a_page_hears_what_happened_between_its_making_and_its_asking(people):
    lead = make_lead(owner=people.rita)
    update_lead(lead, actor=SYSTEM, next_step="Before")
    Event.objects.update(at=clock.now() - timedelta(seconds=9))
    client = browser(people.rita)
    page = client.get(lead.get_absolute_url()).content.decode()
    address = page.partition('name="live" content="')[2].partition('"')[0]
    since = page.partition('data-since="')[2].partition('"')[0]
    assert address == f"/live/lead:{lead.pk}/"
    assert 'data-event="lead-changed"' in page
    update_lead(lead, actor=SYSTEM, next_step="After")
    said = client.get(address, {"poll": "1", "since": since}).json()["messages"]
    assert [one["data"].get("event") for one in said] == [None, "lead.updated"]


def test_many_rows_at_once_are_one_word_to_fetch_anew(people):
    lead = make_lead(owner=people.rita)
    rows = follow(browser(people.rita), "leads")
    page = follow(browser(people.rita), f"lead:{lead.pk}")
    tasks = follow(browser(people.rita), "tasks")
    happening = row(newest() + 1, lead.contact_id)
    span = [[lead.contact_id - 1, lead.contact_id + 1]]
    Event.objects.filter(pk=happening.pk).update(
        name="importrun.wrote", subject_type="importrun", contact_id=None,
        data={"lead_ids": [[1, 9]], "contact_ids": span},
    )  # fmt: skip
    assert rows.ask() == [("refresh", {})]
    assert page.ask() == [("refresh", {})]
    assert tasks.ask() == []
