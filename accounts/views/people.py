"""People: list, invite, roles, deactivate; and the matrix of roles."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actions import people
from accounts.forms.people import ChangeGrantForm, ChangeRolesForm, InviteUserForm, UpdateUserForm
from accounts.listing import export_page, list_page
from accounts.lists import PEOPLE
from accounts.models import User
from accounts.queries.people import person_for
from accounts.queries.roles import matrix_rows
from accounts.roles import ROLE_LABELS, ROLES
from accounts.views.asking import ask
from core.doors import Request, door
from core.pages import done

BOTH = ("GET", "HEAD", "POST")
LIST = "accounts:person-list"


list_ = list_page(PEOPLE)
export = export_page(PEOPLE)


@door("user:manage", BOTH)
def invite(request: Request) -> HttpResponse:
    """Invite somebody by email."""
    return ask(
        request,
        people.invite_user,
        InviteUserForm,
        title=gettext("Invite somebody"),
        submit=gettext("Send the invitation"),
        back=reverse(LIST),
        message=gettext("Invitation sent."),
    )


@door("user:manage", BOTH)
def detail(request: Request, pk: int) -> HttpResponse:
    """One person: name and phone, roles, teams, and what an administrator may do with them."""
    person = person_for(request.actor, pk)
    return ask(
        request,
        people.update_user,
        UpdateUserForm,
        person,
        title=str(person),
        back=reverse(LIST),
        message=gettext("Saved."),
        template="accounts/people/detail.html",
        person=person,
        roles_form=ChangeRolesForm(initial={"roles": sorted(person.roles)}),
    )


@door("user:manage", BOTH)
def roles(request: Request, pk: int) -> HttpResponse:
    """Change what a person may do."""
    person = person_for(request.actor, pk)
    return ask(
        request,
        people.change_roles,
        ChangeRolesForm,
        person,
        initial={"roles": sorted(person.roles)},
        title=gettext("Roles of %(person)s") % {"person": person},
        back=person.get_absolute_url(),
        message=gettext("Roles changed."),
    )


def _press(action: Callable[..., User], message: Promise) -> Any:
    """Make the view of a verb that needs no more than being asked."""

    @door("user:manage", ("POST",))
    def view(request: Request, pk: int) -> HttpResponse:
        actor = request.actor
        person = action(person_for(actor, pk), actor=actor)
        return done(request, person, str(message).format(person))

    return view


deactivate = _press(people.deactivate_user, _("{} is deactivated."))
reactivate = _press(people.reactivate_user, _("{} may sign in again."))
reset_second_factor = _press(people.reset_second_factor, _("{} signs in with the password alone, then sets up anew."))
invite_again = _press(people.invite_again, _("Invitation sent again."))


@door("user:manage", BOTH)
def matrix(request: Request) -> HttpResponse:
    """Who may do what, and this install's changes to it."""
    return ask(
        request,
        people.change_grant,
        ChangeGrantForm,
        initial={key: request.GET.get(key, "") for key in ("role", "permission", "scope")},
        title=gettext("Roles"),
        submit=gettext("Change"),
        back=reverse("accounts:home"),
        to=reverse("accounts:roles"),
        message=gettext("Role changed. It counts from everybody's next request on."),
        template="accounts/people/roles.html",
        rows=matrix_rows(),
        labels=[ROLE_LABELS[role] for role in ROLES],
    )
