"""Who can see a record and why; shares given, explained, ended and taken back; asking for more."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.actions.shares import share_record, unshare_record
from accounts.models import Notification, UserShare, Workspace
from accounts.queries.access import seers_of, shares_of
from accounts.roles import REP, VIEWER
from core import clock
from core.errors import Denied, Invalid
from core.models import Event
from crm.actions.leads import reassign_lead
from tests.factories.crm import make_activity, make_contact, make_deal, make_lead
from tests.people import SYSTEM, api_client, as_actor, browser, make_person

pytestmark = pytest.mark.django_db
TOMORROW = timedelta(days=1)


def reasons(record, noun: str) -> dict[str, tuple[str, str, bool]]:
    """Each person's first name with rule, words, and whether they may edit."""
    return {
        seer.user.get_short_name(): (seer.rule, seer.why, "update" in seer.may)
        for seer in seers_of(record, noun, shares_of(record))
    }


def test_each_person_is_listed_with_the_rule_that_lets_them_in(people):
    people.everybody()
    lead = make_lead(owner=people.rita)
    share_record(lead, actor=as_actor(people.rita), noun="lead", shared_with=people.ron, note="Holiday")
    found = reasons(lead, "lead")
    assert found["Rita"] == ("owner", "Owns it", True)
    assert Notification.objects.get(user=people.ron).text.endswith("with you. Holiday")
    rule, why, edits = found["Ron"]
    assert (rule, edits) == ("share", False)
    assert why.startswith("Shared by Rita Rep on ")
    assert found["Max"] == ("role", "Sales manager: sees all leads", True)
    assert found["Vic"] == ("role", "Viewer: sees all leads", False)
    assert found["Mia"][2] is False
    assert not {"Sam", "Fin"} & set(found)
    assert next(iter(found)) == "Rita"


def test_a_narrowed_manager_is_explained_by_the_team_they_lead(people):
    Workspace.objects.update_or_create(pk=1, defaults={"manager_scope": "team"})
    _, other = people.north, people.south
    assert reasons(make_deal(owner=people.rita), "deal")["Max"] == ("team", "Leads North", True)
    assert "Max" not in reasons(make_deal(owner=people.ron), "deal")
    given = make_deal(owner=None, team=people.north)
    assert reasons(given, "deal")["Max"][1] == "Leads North"
    share_record(given, actor=SYSTEM, noun="deal", shared_with=other, verb="update")
    rule, why, edits = reasons(given, "deal")["Ron"]
    assert (rule, edits) == ("share", True)
    assert why.endswith("with South")


def test_finance_is_explained_by_the_deal_being_won(fin, rita):
    assert reasons(make_deal("won", owner=rita), "deal")["Fin"][1] == "Finance: sees won deals"
    assert "Fin" not in reasons(make_deal(owner=rita), "deal")


def test_the_explanation_says_yes_exactly_where_the_rules_do(people):
    everybody = [*people.everybody().values(), make_person("both", roles=(REP, VIEWER))]
    _, _ = people.north, people.south
    for scope in ("all", "team"):
        Workspace.objects.update_or_create(pk=1, defaults={"manager_scope": scope})
        for owner in (people.rita, people.ron, None):
            lead = make_lead(owner=owner)
            share_record(lead, actor=SYSTEM, noun="lead", shared_with=people.south)
            told = {seer.user.pk for seer in seers_of(lead, "lead", shares_of(lead))}
            may = {one.pk for one in everybody if as_actor(one).can("lead:read", lead)}
            assert told == may


def test_two_hundred_people_cost_as_many_queries_as_four(people, django_assert_max_num_queries):
    lead = make_lead(owner=people.rita)
    _, _ = people.ron, people.max
    client = browser(people.rita)
    client.get(f"/access/lead/{lead.pk}/")
    with django_assert_max_num_queries(60) as few:
        assert client.get(f"/access/lead/{lead.pk}/").status_code == 200
    for number in range(200):
        make_person(f"rep{number}", roles=(VIEWER,))
    with django_assert_max_num_queries(len(few)):
        page = client.get(f"/access/lead/{lead.pk}/").content.decode()
    assert "and 188 more" in page


def test_a_share_opens_page_rest_list_search_and_ends_when_taken_back(people):
    lead = make_lead(owner=people.rita, title="Sharma Dental")
    ron, program = browser(people.ron), api_client(people.ron)

    def sees() -> list[bool]:
        listed = program.get("/api/v1/crm/leads").json()["results"]
        return [
            ron.get(lead.get_absolute_url()).status_code == 200,
            program.get(f"/api/v1/crm/leads/{lead.pk}").status_code == 200,
            lead.pk in [row["id"] for row in listed],
            lead.get_absolute_url() in ron.get("/leads/").content.decode(),
            ron.get(f"/access/lead/{lead.pk}/").status_code == 200,
        ]

    assert sees() == [False] * 5
    rita = browser(people.rita)
    sent = rita.post(f"/access/lead/{lead.pk}/share/", {"user": people.ron.pk, "may": "read"})
    assert sent.status_code == 303
    assert sees() == [True] * 5
    assert ron.post(f"/leads/{lead.pk}/edit/", {"title": "Taken"}).status_code == 403
    rita.post(f"/access/lead/{lead.pk}/share/", {"user": people.ron.pk, "may": "update"})
    assert ron.post(f"/leads/{lead.pk}/edit/", {"title": "Helped"}).status_code == 303
    assert rita.post(f"/access/lead/{lead.pk}/unshare/", {"user": people.ron.pk}).status_code == 303
    assert sees() == [False] * 5
    names = Event.objects.filter(subject_type="record").order_by("pk").values_list("name", flat=True)
    assert list(names) == ["record.shared", "record.shared", "record.unshared"]


def test_the_old_owner_loses_and_the_new_one_gains_at_the_next_request(people):
    lead = make_lead(owner=people.rita)
    old, new = browser(people.rita), browser(people.ron)
    assert old.get(lead.get_absolute_url()).status_code == 200
    reassign_lead(lead, actor=as_actor(people.max), owner=people.ron)
    assert old.get(lead.get_absolute_url()).status_code == 404
    assert api_client(people.rita).get(f"/api/v1/crm/leads/{lead.pk}").status_code == 404
    assert lead.get_absolute_url() not in old.get("/leads/").content.decode()
    assert new.get(lead.get_absolute_url()).status_code == 200
    assert lead.get_absolute_url() in new.get("/leads/").content.decode()


def test_search_and_files_follow_the_owner_too(people):
    Workspace.objects.update_or_create(pk=1, defaults={"manager_scope": "team"})
    _, _ = people.north, people.south
    contact = make_contact(first_name="Quillfeather", owner=people.rita)
    lead = make_lead(owner=people.rita, contact=contact)
    rita, ron, max_ = (browser(one) for one in (people.rita, people.ron, people.max))

    def found(client) -> bool:
        return lead.get_absolute_url() in client.get("/search/?q=quillfeather").content.decode()

    def exported(client) -> bool:
        file = client.get("/leads/export/?format=csv")
        return b"Quillfeather" in b"".join(file)

    assert (found(rita), found(ron), exported(max_)) == (True, False, True)
    reassign_lead(lead, actor=as_actor(people.ada), owner=people.ron)
    assert (found(rita), found(ron), exported(max_)) == (False, True, False)


def test_an_activity_is_explained_through_its_lead(people):
    lead = make_lead(owner=people.rita)
    call = make_activity(type="call", lead=lead, contact=lead.contact, actor=people.max)
    page = browser(people.rita).get(f"/access/activity/{call.pk}/").content.decode()
    assert "Owns its lead" in page
    assert "Does it" in page


def test_a_share_ends_by_itself_at_its_date(people):
    deal = make_deal(owner=people.rita)
    until = clock.now() + TOMORROW
    share_record(deal, actor=as_actor(people.rita), noun="deal", shared_with=people.ron, until=until)
    assert as_actor(people.ron).can("deal:read", deal)
    UserShare.objects.update(until=clock.now())
    assert not as_actor(people.ron).can("deal:read", deal)
    assert not as_actor(people.ron).visible("deal:read", type(deal).objects.all()).exists()
    assert shares_of(deal) == []
    with pytest.raises(Invalid):
        share_record(deal, actor=SYSTEM, noun="deal", shared_with=people.ron, until=clock.now())


def test_the_last_day_of_a_share_ends_with_the_day_of_the_business(people):
    deal = make_deal(owner=people.rita)
    day = clock.today("Asia/Kolkata") + TOMORROW
    client = browser(people.rita)
    body = {"user": people.ron.pk, "may": "read", "until": day.isoformat(), "note": "Cover for me"}
    assert client.post(f"/access/deal/{deal.pk}/share/", body).status_code == 303
    share = shares_of(deal)[0]
    assert share.until.astimezone(ZoneInfo("Asia/Kolkata")).date() == day + TOMORROW
    page = client.get(f"/access/deal/{deal.pk}/").content.decode()
    assert "Cover for me" in page
    late = {**body, "until": "2020-01-01"}
    answer = client.post(f"/access/deal/{deal.pk}/share/", late)
    assert answer.status_code == 422
    assert "Choose a day that is not over yet." in answer.content.decode()


def test_only_who_edits_by_role_may_share_and_only_with_whom_it_helps(people):
    lead = make_lead(owner=people.rita)
    share_record(lead, actor=SYSTEM, noun="lead", shared_with=people.ron, verb="update")
    ron = browser(people.ron)
    refused = ron.get(f"/access/lead/{lead.pk}/share/")
    assert refused.status_code == 403
    assert "you cannot share it on" in refused.content.decode()
    with pytest.raises(Denied):
        unshare_record(lead, actor=as_actor(people.ron), noun="lead", shared_with=people.ron)
    assert browser(people.vic).get(f"/access/lead/{lead.pk}/share/").status_code == 403
    answer = browser(people.rita).post(f"/access/lead/{lead.pk}/share/", {"user": people.sam.pk, "may": "read"})
    assert answer.status_code == 422
    assert "Choose somebody whose role has leads." in answer.content.decode()
    neither = browser(people.rita).post(f"/access/lead/{lead.pk}/share/", {"may": "read"})
    assert "Choose a person or a team." in neither.content.decode()


def test_what_may_not_be_read_is_not_explained_either(people):
    lead = make_lead(owner=people.ron)
    assert browser(people.rita).get(f"/access/lead/{lead.pk}/").status_code == 404
    assert browser(people.sam).get(f"/access/lead/{lead.pk}/").status_code == 403
    assert browser(people.rita).get(f"/access/user/{people.ron.pk}/").status_code == 404
    assert browser(people.rita).get("/access/nonsense/1/").status_code == 404
    assert browser().get(f"/access/lead/{lead.pk}/").status_code == 302


def test_a_refused_page_offers_to_ask_and_the_owner_is_told_once_a_day(people, run_events):
    contact = make_contact(owner=people.ron)
    rita = browser(people.rita)
    refused = rita.get(f"/contacts/{contact.pk}/edit/")
    assert refused.status_code == 403
    assert f'action="/access/contact/{contact.pk}/ask/"' in refused.content.decode()
    for _ in range(2):
        assert rita.post(f"/access/contact/{contact.pk}/ask/", {"note": "I know her"}).status_code == 303
    told = Notification.objects.get()
    assert told.user == people.ron
    assert told.text == f"Rita Rep asks to work on {contact}. I know her"
    assert told.url.startswith(contact.get_absolute_url())
    role = browser(people.vic).get(f"/contacts/{contact.pk}/edit/")
    assert "/ask/" not in role.content.decode()


def test_rest_explains_shares_and_takes_back(people):
    lead = make_lead(owner=people.rita)
    base = f"/api/v1/crm/leads/{lead.pk}"
    rita = api_client(people.rita)
    body = {"user": people.ron.pk, "may": "update", "until": "2031-01-31"}
    made = rita.post(f"{base}/share", body, content_type="application/json")
    assert made.status_code == 200, made.content
    assert made.json()["shares"][0]["user"]["name"] == "Ron Rep"
    seen = api_client(people.ron).get(f"{base}/access").json()
    assert {one["name"]: one["rule"] for one in seen["people"]} == {
        "Rita Rep": "owner", "Ron Rep": "share",
    }  # fmt: skip
    further = {"user": people.rita.pk}
    on = api_client(people.ron).post(f"{base}/share", further, content_type="application/json")
    assert on.status_code == 403
    wrong = rita.post(f"{base}/share", {"user": 999_999}, content_type="application/json")
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["user"])
    gone = rita.post(f"{base}/unshare", {"user": people.ron.pk}, content_type="application/json")
    assert gone.json()["shares"] == []
    assert api_client(people.ron).get(f"{base}/access").status_code == 404
    assert api_client(people.rita, "deal:read").get(f"{base}/access").status_code == 403


def test_a_team_share_counts_for_who_is_in_the_team(people):
    lead = make_lead(owner=people.ron)
    team = people.north
    browser(people.ron).post(f"/access/lead/{lead.pk}/share/", {"team": team.pk, "may": "read"})
    assert browser(people.rita).get(lead.get_absolute_url()).status_code == 200
    assert reasons(lead, "lead")["Rita"][1].endswith("with North")
