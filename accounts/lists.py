"""The list of the people who work here."""

from django.db.models import Q
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from accounts.queries.people import people_for
from accounts.roles import ROLE_LABELS
from core.cells import chips, moment, texts
from core.clauses import Filter
from core.lists import Column, ListSpec, View, register_list
from core.templatetags import ui


def _roles(person: User) -> list[str]:
    return [group.name for group in person.groups.all() if group.name in ROLE_LABELS]


def _state(person: User) -> tuple[str, str]:
    if not person.is_active:
        return gettext("Deactivated"), "bad"
    return (gettext("Active"), "good") if person.has_usable_password() else (gettext("Invited"), "warn")


def _teams(person: User) -> str:
    return ", ".join(
        gettext("%(team)s (leads)") % {"team": link.team} if link.is_manager else str(link.team)
        for link in person.memberships.all()
    )


PEOPLE = ListSpec(
    "people", _("People"), "person", "user:manage", people_for,
    (
        Column("name", _("Person"), css="c-who", fixed=True, sort="name", who=lambda one: (str(one), one.email, one)),
        Column("state", _("State"), lambda one: _state(one)[0], chips(_state), css="c-st"),
        Column("roles", _("Roles"), lambda one: ", ".join(_roles(one)), css="c-nx",
               show=lambda one: format_html_join(" ", "{}", ((ui.chip(name),) for name in _roles(one)))),
        Column("teams", _("Teams"), _teams, css="x sec"),
        moment("last_login", _("Last sign-in"), css="c-t r mut"),
        *texts(email=_("Email"), phone=_("Phone")),
    ),
    (
        Filter("role", _("Role"), choices=tuple(ROLE_LABELS.items()),
               where=lambda names: Q(pk__in=User.objects.filter(groups__name__in=names).values("pk"))),
        Filter("team", _("Team"), "row", choices=lambda: Team.objects.order_by("name").values_list("pk", "name"),
               where=lambda keys: Q(pk__in=Team.objects.filter(pk__in=keys).values("memberships__user"))),
        Filter("state", _("State"), choices=(("active", _("Active")), ("left", _("Deactivated"))),
               where=lambda values: Q(is_active__in=[value == "active" for value in values])),
        Filter("seen", _("Last sign-in"), "time", "last_login"),
    ),
    (View("", _("Everybody")), View("active", _("Active"), "state=active"),
     View("left", _("Deactivated"), "state=left")),
    ("-is_active", "name", "pk"), "accounts:person-list", _("Name or email"), ("name__icontains", "email__icontains"),
    buttons=(("user:manage", "accounts:person-invite", "plus", _("Invite"), "link"),), export="user:manage",
)  # fmt: skip

register_list(PEOPLE)
