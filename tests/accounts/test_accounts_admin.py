"""Django's admin: a door onto the same actions, under the same matrix."""

import pytest
from django.urls import reverse

from accounts.models import Notification, Team, User, Workspace
from accounts.roles import ADMIN, REP, VIEWER
from core.models import Event
from tests.people import again, browser, make_person

pytestmark = pytest.mark.django_db
MODELS = ("user", "team", "apikey", "workspace", "membership", "grant", "notification")


@pytest.mark.parametrize("short", ["max_", "rita", "sam", "mia", "vic", "fin"])
def test_only_administrators_come_in(short, request, ada):
    client = browser(request.getfixturevalue(short))
    for model in MODELS:
        assert client.get(reverse(f"admin:accounts_{model}_changelist")).status_code in {302, 403}


def test_lists_and_rows_open_for_administrators_and_show_no_secret(people):
    from accounts.actions.api_keys import create_api_key
    from tests.people import as_actor

    key = create_api_key(actor=as_actor(people.rita), name="robot", scopes=("*",))
    rows = {"user": people.rita, "team": people.north, "apikey": key, "workspace": Workspace.current()}
    client = browser(people.ada)
    for model in MODELS:
        assert client.get(reverse(f"admin:accounts_{model}_changelist")).status_code == 200
    for model, row in rows.items():
        html = client.get(reverse(f"admin:accounts_{model}_change", args=[row.pk])).content.decode()
        assert again(people.rita).password not in html
        assert key.digest not in html


def test_inviting_and_changing_go_through_the_actions(ada, rita):
    client = browser(ada)
    client.post(reverse("admin:accounts_user_add"), {"email": "New@Example.com", "name": "Nia", "roles": [REP]})
    assert User.objects.get(email="new@example.com").roles == {REP}
    form = {"name": "Rita R.", "phone": "", "timezone": "Asia/Kolkata", "is_superuser": "on", "password": "x"}
    client.post(reverse("admin:accounts_user_change", args=[rita.pk]), form)
    changed = again(rita)
    assert (changed.name, changed.is_superuser, changed.password) == ("Rita R.", False, rita.password)
    assert Event.objects.filter(name__in=["user.invited", "user.updated"]).count() == 2
    verb = reverse("admin:accounts_user_verb", args=[rita.pk, "user.change-roles"])
    client.post(verb, {"roles": [VIEWER]})
    assert again(rita).roles == {VIEWER}


def test_a_refusal_is_a_message_and_changes_nothing(ada):
    client = browser(ada)
    verb = reverse("admin:accounts_user_verb", args=[ada.pk, "user.deactivate"])
    response = client.post(verb, {}, follow=True)
    assert "cannot deactivate yourself" in response.content.decode()
    assert again(ada).is_active


def test_what_has_no_action_is_read_only(ada, rita):
    row = Notification.objects.create(user=rita, kind="x", text="Look")
    client = browser(ada)
    assert client.get(reverse("admin:accounts_notification_add")).status_code == 403
    assert client.post(reverse("admin:accounts_notification_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert client.post(reverse("admin:accounts_user_delete", args=[rita.pk]), {"post": "yes"}).status_code == 403
    assert Notification.objects.count() == 1


def test_shares_are_for_superusers_to_look_at(ada):
    path = reverse("admin:accounts_usershare_changelist")
    assert browser(ada).get(path).status_code == 403
    root = make_person("root", roles=(ADMIN,))
    User.objects.filter(pk=root.pk).update(is_superuser=True)
    assert browser(again(root)).get(path).status_code == 200
    assert browser(again(root)).get(reverse("admin:accounts_usershare_add")).status_code == 403


def test_teams_are_deleted_by_their_action(people):
    team = people.north
    path = reverse("admin:accounts_team_delete", args=[team.pk])
    browser(people.ada).post(path, {"post": "yes"})
    assert not Team.objects.filter(pk=team.pk).exists()
    assert Event.objects.filter(name="team.deleted").count() == 1
