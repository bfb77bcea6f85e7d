"""Start pages, menu and administration for every role."""

import re

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import Notification, Team, User, Workspace
from accounts.queries.navigation import dock_for, landing_of, nav_for
from accounts.roles import ADMIN, REP
from core import registry
from core.models import Event
from tests.people import CAST, SYSTEM, again, browser, make_person

ADMINISTRATION = ("/people/", "/people/invite/", "/people/roles/", "/teams/", "/teams/new/", "/audit/",
                  "/audit/export/", "/settings/business/")  # fmt: skip
SECURITY = tuple(
    f"/accounts/{path}/"
    for path in (
        "2fa", "2fa/totp/activate", "2fa/webauthn/add", "sessions", "password/change", "email", "reauthenticate",
        "logout",
    )
)  # fmt: skip
OWN = ("/today/", "/profile/", "/notifications/", "/keys/", "/keys/new/")


@pytest.mark.parametrize("short", CAST)
def test_every_link_of_the_menu_opens_and_the_landing_page_too(people, short):
    user = getattr(people, short)
    client = browser(user)
    entries = [entry for group in nav_for(user) for entry in group.entries if entry.key in OURS]
    for entry in entries:
        assert client.get(entry.url).status_code == 200, entry
    shown = {entry.key for entry in entries}
    for key in OURS - shown:
        assert client.get(reverse(registry.MENU[key].url_name)).status_code == 403, key
    home = client.get("/")
    assert (home.status_code, home["Location"]) == (302, landing_of(user))


OURS = {"dashboard", "people", "teams", "roles", "keys", "audit", "settings"}


@pytest.mark.parametrize("short", CAST)
def test_administration_is_for_administrators(people, short):
    client = browser(getattr(people, short))
    expected = 200 if short == "ada" else 403
    for path in ADMINISTRATION:
        assert client.get(path).status_code == expected, path
    for path in OWN:
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("path", [*ADMINISTRATION, *OWN, "/", "/dashboard/"])
def test_strangers_are_asked_to_sign_in(db, path):
    response = browser().get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=")
    assert browser().get(path, headers={"HX-Request": "true"}).status_code == 401


def test_reps_land_on_today_and_finance_on_payments(people):
    assert landing_of(people.rita) == "/today/"
    assert landing_of(people.ada) == "/dashboard/"
    assert landing_of(make_person("none")) == "/today/"
    assert len(dock_for(people.rita, nav_for(people.rita))) <= 5


def test_the_frame_costs_the_same_with_one_notification_and_thirty(rita, django_assert_max_num_queries):
    client = browser(rita)
    client.get("/profile/")  # notes that the session is used
    for count in (1, 30):
        Notification.objects.bulk_create(Notification(user=rita, kind="x", text="Look") for _ in range(count))
        with django_assert_max_num_queries(6):
            client.get("/profile/")


def test_the_number_of_queries_of_lists_does_not_grow(people, django_assert_max_num_queries):
    client = browser(people.ada)
    client.get("/profile/")
    people.everybody()
    for path in ("/people/", "/teams/", "/audit/", "/keys/"):
        with django_assert_max_num_queries(9):
            client.get(path)
    for number in range(30):
        make_person(f"p{number}", roles=(REP,))
        Team.objects.create(name=f"T{number}")
    for path in ("/people/", "/teams/", "/audit/", "/keys/"):
        with django_assert_max_num_queries(9):
            client.get(path)


def test_pages_carry_no_inline_style_or_script(people):
    client = browser(people.ada)
    rows = (f"/people/{people.rita.pk}/", people.north.get_absolute_url())
    for path in (*ADMINISTRATION, *OWN, *SECURITY, *rows):
        if path.endswith("/export/"):
            continue
        html = client.get(path, follow=True).content.decode()
        assert "</html>" in html, path
        assert "style=" not in html, path
        assert not re.search(r"<script(?![^>]*\b(src|type=\"application/json\"))", html), path


def test_an_administrator_works_through_the_pages(people):
    client = browser(people.ada)
    form = {"email": "nia@example.com", "name": "Nia", "roles": [REP]}
    response = client.post("/people/invite/", form)
    nia = User.objects.get(email="nia@example.com")
    assert (response.status_code, response["Location"]) == (303, f"/people/{nia.pk}/")
    assert client.post("/people/invite/", form).status_code == 422
    assert client.post(f"/people/{nia.pk}/roles/", {"roles": [ADMIN]}).status_code == 303
    assert again(nia).roles == {ADMIN}
    assert client.post(f"/people/{nia.pk}/deactivate/").status_code == 303
    assert client.post(f"/people/{nia.pk}/deactivate/").status_code == 409
    assert client.post(f"/people/{nia.pk}/reactivate/").status_code == 303
    assert client.post(f"/people/{nia.pk}/invite/").status_code == 303
    assert client.get(f"/people/{nia.pk}/deactivate/").status_code == 405
    assert client.get("/people/99999/").status_code == 404
    client.post("/teams/new/", {"name": "East"})
    team = Team.objects.get(name="East")
    client.post(f"/teams/{team.pk}/members/", {"members": [nia.pk], "managers": [people.max.pk]})
    assert set(team.members.all()) == {nia, people.max}
    assert client.post("/teams/new/", {"name": "east"}).status_code == 422
    assert client.post(f"/teams/{team.pk}/", {"name": "Far East"}).status_code == 303
    assert client.post(f"/teams/{team.pk}/delete/").status_code == 303
    grant = {"role": REP, "permission": "deal:delete", "scope": "own"}
    assert client.post("/people/roles/", grant).status_code == 303
    assert "changed" in client.get("/people/roles/").content.decode()


def test_a_list_answers_the_part_that_is_targeted(people):
    client = browser(people.ada)
    headers = {"HX-Request": "true", "HX-Target": "list-rows"}
    html = client.get("/people/?q=ada", headers=headers).content.decode()
    assert html.lstrip().startswith('<div class="flat" id="list-rows">')
    assert "Ada Admin" in html
    assert "<html" not in html


def test_the_audit_is_filtered_paged_and_exported(people):
    people.everybody()
    client = browser(people.ada)
    html = client.get(f"/audit/?name=user.created&subject_id={people.rita.pk}&subject_type=user").content.decode()
    assert "Rita Rep" in html
    assert "Ron Rep" not in html
    assert client.get("/audit/?since=yesterday&actor=x").status_code == 200
    answer = client.get("/audit/export/?name=user.created")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("id,at,event,record,who")
    assert len(lines) == 1 + Event.objects.filter(name="user.created").count()
    exported = Event.objects.get(name="audit.exported")
    assert (exported.actor_id, exported.data["rows"]) == (people.ada.pk, len(lines) - 1)


def test_settings_are_saved_and_judged(ada):
    client = browser(ada)
    page = client.get("/settings/business/")
    data = {name: value for name, value in page.context["form"].initial.items() if value not in (None, False)}
    assert client.post("/settings/business/", {**data, "name": "Kalra Digital"}).status_code == 303
    assert Workspace.current().name == "Kalra Digital"
    assert client.post("/settings/business/", {**data, "name": ""}).status_code == 422
    assert Workspace.current().name == "Kalra Digital"


def test_the_profile_keeps_time_zone_language_and_theme(rita):
    client = browser(rita)
    form = {"name": "Rita", "timezone": "Asia/Tokyo", "language": "hi", "theme": "dark"}
    response = client.post("/profile/", form)
    assert response.status_code == 303
    assert response.cookies["theme"].value == "dark"
    assert 'data-theme="dark"' in client.get("/profile/").content.decode()
    assert client.post("/theme/", {"theme": "light", "next": "https://evil.example/"})["Location"] == "/"
    assert 'data-theme="light"' in client.get("/profile/").content.decode()
    assert client.post("/profile/", {**form, "name": "", "is_superuser": "1"}).status_code == 422
    assert again(rita).is_superuser is False


def test_cards_come_from_the_registry(rita, monkeypatch, tmp_path, settings):
    drawn = {"today.x": lambda actor: ("accounts/_show.html", {}), "dashboard.y": lambda actor: 1 / 0,
             "none": lambda actor: None}  # fmt: skip
    monkeypatch.setattr(registry, "CARDS", drawn)
    html = browser(rita).get("/today/").content.decode()
    assert "From first message to payment" in html
    assert render_to_string("accounts/_show.html")
    assert SYSTEM.can("analytics:read")


def test_the_profile_switches_the_keys_of_one_letter_off(rita):
    client = browser(rita)
    form = {"name": "Rita", "timezone": "Asia/Tokyo"}
    assert client.post("/profile/", {**form, "letter_keys": "on"}).status_code == 303
    page = client.get("/profile/").content.decode()
    assert "data-keys" not in page and page.split('name="letter_keys"')[1].split(">")[0].endswith("checked")
    assert client.post("/profile/", form).status_code == 303
    assert again(rita).letter_keys is False
    assert 'data-keys="off"' in client.get("/profile/").content.decode()
