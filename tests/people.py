"""The cast: seven roles, a second rep, two teams; and how each of them comes through a door.

Ada administers, Max manages the team North with Rita in it, Ron sells for the team South, Sam supports, Mia markets,
Vic looks on, Fin keeps the books.
"""

from dataclasses import dataclass
from functools import cache, cached_property

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from accounts.actions.api_keys import create_api_key
from accounts.actions.people import create_user
from accounts.actions.teams import create_team, set_members
from accounts.actor import Actor
from accounts.models import Team, User
from accounts.roles import ADMIN, FINANCE, MANAGER, MARKETING, REP, SUPPORT, VIEWER

PASSWORD = "a good long password"
CAST = {
    "ada": ("Ada Admin", ADMIN),
    "max": ("Max Manager", MANAGER),
    "rita": ("Rita Rep", REP),
    "ron": ("Ron Rep", REP),
    "sam": ("Sam Support", SUPPORT),
    "mia": ("Mia Marketing", MARKETING),
    "vic": ("Vic Viewer", VIEWER),
    "fin": ("Fin Finance", FINANCE),
}
SYSTEM = Actor.system("tests")


def make_person(short: str, name: str = "", roles: tuple[str, ...] = ()) -> User:
    """Create a person who can sign in with PASSWORD."""
    email = f"{short}@example.com"
    name = name or short.capitalize()
    user = create_user(actor=SYSTEM, email=email, name=name, roles=roles)
    User.objects.filter(pk=user.pk).update(password=hashed())
    return again(user)


@cache
def hashed() -> str:
    """Answer PASSWORD as it is stored; hashed once, since hashing is slow on purpose."""
    return make_password(PASSWORD)


def again(user: User) -> User:
    """Load a person as the next request would."""
    return User.objects.get(pk=user.pk)


def as_actor(user: User, via: str = "page") -> Actor:
    """Answer the person as an actor, loaded as a request would."""
    return Actor.for_user(again(user), via=via)


def browser(user: User | None = None) -> Client:
    """Answer a browser in which this person is signed in."""
    client = Client()
    if user is not None:
        client.force_login(user, backend="accounts.backends.SignInBackend")
    return client


def api_client(user: User, *scopes: str) -> Client:
    """Answer a program that carries a key of this person."""
    key = create_api_key(actor=SYSTEM, name="test", scopes=scopes or ("*",), user=user)
    return Client(headers={"Authorization": f"Bearer {key.plain}"})


@dataclass
class People:
    """Everybody, created when first named."""

    _made: dict[str, User]

    def __getattr__(self, short: str) -> User:
        if short not in CAST:
            raise AttributeError(short)
        if short not in self._made:
            name, role = CAST[short]
            self._made[short] = make_person(short, name, (role,))
        return self._made[short]

    def everybody(self) -> dict[str, User]:
        """Answer the whole cast by role-bearing name."""
        return {short: getattr(self, short) for short in CAST}

    @cached_property
    def north(self) -> Team:
        """Max leads it, Rita is in it."""
        team = create_team(actor=SYSTEM, name="North", region="North")
        return set_members(team, actor=SYSTEM, members=[self.rita], managers=[self.max])

    @cached_property
    def south(self) -> Team:
        """Ron is in it, nobody leads it."""
        team = create_team(actor=SYSTEM, name="South", region="South")
        return set_members(team, actor=SYSTEM, members=[self.ron])


@pytest.fixture
def people(db) -> People:
    """Answer the cast."""
    return People({})


@pytest.fixture(autouse=True)
def cheap_passwords(settings) -> None:
    """Hash passwords fast: hashing is slow on purpose, and no test is about that."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def _one(short: str):
    @pytest.fixture(name="max_" if short == "max" else short)
    def person(people: People) -> User:
        return getattr(people, short)

    return person


ada, max_, rita, ron = _one("ada"), _one("max"), _one("rita"), _one("ron")
sam, mia, vic, fin = _one("sam"), _one("mia"), _one("vic"), _one("fin")
