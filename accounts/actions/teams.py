"""Teams and who is in them."""

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.events import TeamCreated, TeamDeleted, TeamMembersChanged, TeamUpdated
from accounts.forms.teams import SetMembersForm, TeamForm
from accounts.models import Membership, Team, User
from accounts.models.user import TEAM_GROUP
from core.actions import action
from core.errors import Invalid
from core.events import publish


@action("team.create", permission="user:manage", form=TeamForm)
def create_team(*, actor: Actor, name: str, region: str = "") -> Team:
    """Create a team, and the group through which records are shared with it."""
    _name_is_free(name)
    team = Team.objects.create(name=name, region=region)
    team.group = Group.objects.create(name=f"{TEAM_GROUP}{team.pk}")
    team.save(update_fields=["group"])
    publish(TeamCreated(team.pk, name), actor=actor)
    return team


@action("team.update", permission="user:manage", form=TeamForm)
def update_team(team: Team, *, actor: Actor, name: str, region: str = "") -> Team:
    """Rename a team or move it to another region."""
    if name != team.name:
        _name_is_free(name)
    team.name, team.region = name, region
    team.save(update_fields=["name", "region"])
    publish(TeamUpdated(team.pk, name), actor=actor)
    return team


@action("team.set-members", permission="user:manage", form=SetMembersForm)
def set_members(team: Team, *, actor: Actor, members: Iterable[User], managers: Iterable[User] = ()) -> Team:
    """Make exactly these people the team; those who lead it are members too."""
    leads = {person.pk for person in managers}
    wanted = {person.pk for person in members} | leads
    Membership.objects.filter(team=team).exclude(user_id__in=wanted).delete()
    for pk in sorted(wanted):
        Membership.objects.update_or_create(team=team, user_id=pk, defaults={"is_manager": pk in leads})
    if team.group is not None:
        team.group.user_set.set(User.objects.filter(pk__in=wanted))
    change = TeamMembersChanged(team.pk, team.name, sorted(wanted), sorted(leads))
    publish(change, actor=actor)
    return team


@action("team.delete", permission="user:manage")
def delete_team(team: Team, *, actor: Actor) -> None:
    """Delete a team; its people stay, records that were shared with it are not any more."""
    publish(TeamDeleted(team.pk, team.name), actor=actor)
    if team.group is not None:
        team.group.delete()
    team.delete()


def _name_is_free(name: str) -> None:
    if Team.objects.filter(name__iexact=name).exists():
        raise Invalid({"name": [_("There is a team of this name already.")]})
