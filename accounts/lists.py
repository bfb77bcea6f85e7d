"""The list of the people who work here."""

from django.db.models import Q
from django.utils.html import format_html_join

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
        return "Deactivated", "bad"
    return ("Active", "good") if person.has_usable_password() else ("Invited", "warn")


def _teams(person: User) -> str:
    return ", ".join(
        f"{link.team}{' (leads)' * link.is_manager}" for link in person.memberships.all()
    )


PEOPLE = ListSpec(
    "people", "People", "person", "user:manage", people_for,
    (
        Column("name", "Person", css="c-who", fixed=True, sort="name", who=lambda one: (str(one), one.email, one)),
        Column("roles", "Roles", lambda one: ", ".join(_roles(one)), css="c-nx",
               show=lambda one: format_html_join(" ", "{}", ((ui.chip(name),) for name in _roles(one)))),
        Column("teams", "Teams", _teams, css="x sec"),
        Column("state", "State", lambda one: _state(one)[0], chips(_state), css="c-st"),
        moment("last_login", "Last sign-in", css="c-t r mut"),
        *texts(email="Email", phone="Phone"),
    ),
    (
        Filter("role", "Role", choices=tuple(ROLE_LABELS.items()),
               where=lambda names: Q(pk__in=User.objects.filter(groups__name__in=names).values("pk"))),
        Filter("team", "Team", "row", choices=lambda: Team.objects.order_by("name").values_list("pk", "name"),
               where=lambda keys: Q(pk__in=Team.objects.filter(pk__in=keys).values("memberships__user"))),
        Filter("state", "State", choices=(("active", "Active"), ("left", "Deactivated")),
               where=lambda values: Q(is_active__in=[value == "active" for value in values])),
        Filter("seen", "Last sign-in", "time", "last_login"),
    ),
    (View("", "Everybody"), View("active", "Active", "state=active"), View("left", "Deactivated", "state=left")),
    ("-is_active", "name", "pk"), "accounts:person-list", "Name or email", ("name__icontains", "email__icontains"),
    buttons=(("user:manage", "accounts:person-invite", "plus", "Invite", "link"),), export="user:manage",
)  # fmt: skip

register_list(PEOPLE)
