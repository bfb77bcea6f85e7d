"""Inviting, roles, teams, leaving; and that a refusal changes nothing."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.actions import people as verbs
from accounts.actions.saved_views import delete_view, save_view
from accounts.actions.teams import create_team, delete_team, set_members, update_team
from accounts.actions.workspace import update_workspace
from accounts.models import Grant, Membership, SavedView, Team, User, Workspace
from accounts.permissions import people_who_can
from accounts.roles import ADMIN, REP, VIEWER
from core.actions import run
from core.errors import Denied, Invalid, Refused
from core.models import Event
from tests.people import SYSTEM, again, as_actor, browser, make_person


def names() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("name", flat=True))


def test_an_invitation_judges_its_input(ada, rita):
    actor = as_actor(ada)
    for data in ({"email": "x"}, {"email": "new@example.com", "roles": ["owner"]}, {"email": rita.email.upper()}):
        with pytest.raises(Invalid):
            run("user.invite", actor=actor, data={"roles": [REP], **data})
    user = run("user.invite", actor=actor, data={"email": "N@example.com", "roles": [REP], "name": "Nia"})
    assert (user.email, user.roles, user.has_usable_password()) == ("n@example.com", {REP}, False)


@pytest.mark.parametrize("short", ["max_", "rita", "sam", "mia", "vic", "fin"])
def test_only_administrators_manage_people(short, request, ron):
    actor = as_actor(request.getfixturevalue(short))
    before = (User.objects.count(), Event.objects.count())
    for verb in (
        lambda: verbs.invite_user(actor=actor, email="new@example.com", roles=(ADMIN,)),
        lambda: verbs.change_roles(ron, actor=actor, roles=(ADMIN,)),
        lambda: verbs.deactivate_user(ron, actor=actor),
        lambda: verbs.update_user(ron, actor=actor, name="Renamed"),
        lambda: verbs.change_grant(actor=actor, role=REP, permission="deal:delete", scope="all"),
        lambda: create_team(actor=actor, name="Mine"),
        lambda: update_workspace(Workspace.current(), actor=actor, name="Mine"),
        lambda: verbs.update_profile(ron, actor=actor, name="Renamed"),
    ):
        with pytest.raises(Denied):
            verb()
    assert (User.objects.count(), Event.objects.count()) == before
    assert (again(ron).roles, again(ron).name) == ({REP}, "Ron Rep")
    assert not Team.objects.exists()
    assert not Grant.objects.exists()


def test_the_last_administrator_stays(ada):
    actor = as_actor(ada)
    with pytest.raises(Refused, match="last administrator"):
        verbs.change_roles(ada, actor=actor, roles=(VIEWER,))
    with pytest.raises(Refused, match="yourself"):
        verbs.deactivate_user(ada, actor=actor)
    with pytest.raises(Refused, match="last administrator"):
        verbs.deactivate_user(ada, actor=SYSTEM)
    second = make_person("second", roles=(ADMIN,))
    verbs.deactivate_user(ada, actor=as_actor(second))
    assert not again(ada).is_active


def test_changing_roles_keeps_the_groups_of_teams(people):
    group = people.north.group
    verbs.change_roles(people.rita, actor=SYSTEM, roles=(VIEWER,))
    assert again(people.rita).roles == {VIEWER}
    assert group in again(people.rita).groups.all()


def test_the_same_roles_again_are_no_event(rita):
    before = names()
    verbs.change_roles(rita, actor=SYSTEM, roles=(REP,))
    assert names() == before


def test_creating_somebody_twice_answers_the_first(rita):
    before = Event.objects.count()
    assert verbs.create_user(actor=SYSTEM, email=rita.email.upper(), roles=(ADMIN,)) == rita
    assert again(rita).roles == {REP}
    assert Event.objects.count() == before


def test_everybody_changes_their_own_profile(rita):
    data = {"name": "Rita R.", "timezone": "Europe/Paris", "language": "hi"}
    verbs.update_profile(rita, actor=as_actor(rita), **data)
    assert again(rita).name == "Rita R."
    with pytest.raises(Invalid):
        run("profile.update", rita, actor=as_actor(rita), data={**data, "timezone": "Mars/Base"})
    assert names()[-1] == "user.updated"


def test_teams_have_members_and_leaders(people):
    actor = as_actor(people.ada)
    team = create_team(actor=actor, name="West")
    set_members(team, actor=actor, members=[people.rita, people.ron], managers=[people.max])
    assert set(team.members.all()) == {people.rita, people.ron, people.max}
    assert [link.user for link in Membership.objects.filter(is_manager=True)] == [people.max]
    set_members(team, actor=actor, members=[people.rita], managers=[])
    assert list(team.members.all()) == [people.rita]
    assert list(team.group.user_set.all()) == [people.rita]
    with pytest.raises(Invalid):
        create_team(actor=actor, name="west")
    update_team(team, actor=actor, name="Far West")
    delete_team(team, actor=actor)
    assert not Team.objects.exists()
    assert names()[-1] == "team.deleted"


def test_workspace_settings_show_before_and_after_in_the_audit(ada):
    actor = as_actor(ada)
    update_workspace(Workspace.current(), actor=actor, name="Kalra Digital", manager_scope="team")
    change = Event.objects.get(name="workspace.updated").data["changes"]
    assert change == {"name": ["My business", "Kalra Digital"], "manager_scope": ["all", "team"]}
    update_workspace(Workspace.current(), actor=actor, name="Kalra Digital")
    assert Event.objects.filter(name="workspace.updated").count() == 1


def test_workspace_amounts_are_kept_in_minor_units(ada):
    from accounts.forms.workspace import UpdateWorkspaceForm, initial_values

    data = {**initial_values(Workspace.current()), "currency": "JPY", "high_value_threshold": "5000", "tax_rate": "18"}
    workspace = run("workspace.update", Workspace.current(), actor=as_actor(ada), data=data)
    assert (workspace.high_value_threshold_minor, workspace.tax_rate_bp) == (5000, 1800)
    form = UpdateWorkspaceForm({**data, "country": "india", "interest_threshold": "3"})
    assert set(form.errors) == {"country", "interest_threshold"}


def test_there_is_one_workspace(db):
    from django.db import IntegrityError, transaction

    assert Workspace.current() == Workspace.current()
    with pytest.raises(IntegrityError), transaction.atomic():
        Workspace.objects.create(pk=2)


def test_saved_views_are_ones_own(rita, ron):
    view = save_view(actor=as_actor(rita), page="crm-leads", name="Hot", query="?view=hot")
    again_view = save_view(actor=as_actor(rita), page="crm-leads", name="Hot", query="?view=warm")
    assert (view.pk, again_view.query) == (again_view.pk, "?view=warm")
    with pytest.raises(Denied):
        delete_view(view, actor=as_actor(ron))
    delete_view(view, actor=as_actor(rita))
    assert not SavedView.objects.exists()


def test_a_lost_second_factor_is_reset_by_an_administrator_or_by_command(ada, rita, capsys):
    Authenticator.objects.create(user=rita, type=Authenticator.Type.TOTP, data={"secret": "x"})
    with pytest.raises(Denied):
        verbs.reset_second_factor(rita, actor=as_actor(rita))
    page = browser(ada).get(rita.get_absolute_url()).content.decode()
    assert "Reset the second factor" in page
    asked = browser(rita)
    browser(ada).post(reverse("accounts:person-reset-second-factor", args=(rita.pk,)))
    assert not Authenticator.objects.filter(user=rita).exists()
    assert asked.get("/leads/").status_code == 302, "the session goes on"
    assert Event.objects.filter(name="user.second_factor_changed", data__change="reset").count() == 1
    with pytest.raises(Refused):
        verbs.reset_second_factor(rita, actor=as_actor(ada))
    Authenticator.objects.create(user=ada, type=Authenticator.Type.TOTP, data={"secret": "x"})
    call_command("reset_second_factor", "ADA@example.com")
    assert not Authenticator.objects.exists()
    for wrong in ("ada@example.com", "nobody@example.com"):
        with pytest.raises(CommandError):
            call_command("reset_second_factor", wrong)


def test_managers_kept_to_their_teams_hold_nothing_for_every_row(max_, ada, rita):
    assert max_ in people_who_can("lead:reassign")
    Workspace.objects.update(manager_scope=Workspace.ManagerScope.TEAM)
    assert set(people_who_can("lead:reassign")) == {ada}
    assert max_ in people_who_can("lead:reassign", some=True)


@pytest.mark.parametrize("noun", ["invoice", "proposal", "conversation", "nothing"])
def test_who_can_see_it_is_asked_only_of_what_can_be_shared(ada, noun):
    assert browser(ada).get(f"/access/{noun}/1/").status_code == 404
