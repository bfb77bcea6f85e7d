"""Teams: list, make, members, delete."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actions import teams
from accounts.forms.teams import SetMembersForm, TeamForm
from accounts.queries.people import team_for, teams_for
from accounts.views.asking import ask
from core.doors import Request, door
from core.pages import done, page

BOTH = ("GET", "HEAD", "POST")
LIST = "accounts:team-list"


@door("user:manage")
def list_(request: Request) -> HttpResponse:
    """All teams."""
    return page(request, "accounts/teams/list.html", {"teams": teams_for(request.actor)})


@door("user:manage", BOTH)
def new(request: Request) -> HttpResponse:
    """Make a team."""
    return ask(
        request,
        teams.create_team,
        TeamForm,
        title=_("New team"),
        submit=_("Create the team"),
        back=reverse(LIST),
        message=_("Team created. Choose its people."),
    )


@door("user:manage", BOTH)
def detail(request: Request, pk: int) -> HttpResponse:
    """One team: its name and region, and its people."""
    team = team_for(request.actor, pk)
    links = team.memberships.all()
    members = SetMembersForm(
        initial={
            "members": [link.user_id for link in links],
            "managers": [link.user_id for link in links if link.is_manager],
        }
    )
    return ask(
        request,
        teams.update_team,
        TeamForm,
        team,
        title=team.name,
        back=reverse(LIST),
        message=_("Saved."),
        template="accounts/teams/detail.html",
        team=team,
        members_form=members,
    )


@door("user:manage", BOTH)
def members(request: Request, pk: int) -> HttpResponse:
    """Choose who is in the team, and who leads it."""
    team = team_for(request.actor, pk)
    return ask(
        request,
        teams.set_members,
        SetMembersForm,
        team,
        initial={},
        title=_("People of %(team)s") % {"team": team},
        back=team.get_absolute_url(),
        message=_("Team changed."),
    )


@door("user:manage", ("POST",))
def delete(request: Request, pk: int) -> HttpResponse:
    """Delete a team."""
    actor = request.actor
    team = team_for(actor, pk)
    teams.delete_team(team, actor=actor)
    return done(request, reverse(LIST), _("Team %(team)s is deleted.") % {"team": team.name})
