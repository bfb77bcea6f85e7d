"""Creates one person per role for looking in from outside, and prints how to sign in as each."""

import json
import secrets
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.actions.api_keys import create_api_key
from accounts.actions.people import change_roles, create_user, reactivate_user
from accounts.actions.teams import create_team, set_members
from accounts.actor import Actor
from accounts.models import Team, User
from accounts.roles import ADMIN, FINANCE, MANAGER, MARKETING, REP, SUPPORT, VIEWER

PEOPLE = (
    ("ada", "Ada Admin", ADMIN, ""),
    ("max", "Max Manager", MANAGER, "North"),
    ("rita", "Rita Rep", REP, "North"),
    ("ron", "Ron Rep", REP, "South"),
    ("mona", "Mona Manager", MANAGER, "South"),
    ("sam", "Sam Support", SUPPORT, ""),
    ("mia", "Mia Marketing", MARKETING, ""),
    ("vic", "Vic Viewer", VIEWER, ""),
    ("fin", "Fin Finance", FINANCE, ""),
)
DOMAIN = "seed.example.com"


class Command(BaseCommand):
    """Seed the roles; again: the same people with new passwords and keys."""

    help = "Create one user per role, a second rep and a second team; print logins and API keys."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the form of the answer."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create or renew everybody, then print."""
        if settings.CRM_PROFILE == "production":
            raise CommandError("seed_roles makes people with known passwords; not in production.")
        actor = Actor.system("seed_roles", via="cli")
        with transaction.atomic():
            people = [self._person(actor, *row) for row in PEOPLE]
            for name in ("North", "South"):
                self._team(actor, name)
        data = {"users": people, "teams": ["North", "South"]}
        if options["json"]:
            self.stdout.write(json.dumps(data))
            return
        for person in people:
            line = "{role:<14} {email:<24} {password}  {api_key}".format(**person)
            self.stdout.write(line)

    def _person(self, actor: Actor, short: str, name: str, role: str, team: str) -> dict[str, Any]:
        user = create_user(actor=actor, email=f"{short}@{DOMAIN}", name=name, roles=(role,))
        if not user.is_active:
            reactivate_user(user, actor=actor)
        user = change_roles(user, actor=actor, roles=(role,))
        password = secrets.token_urlsafe(15)
        user.set_password(password)
        user.save(update_fields=["password"])
        EmailAddress.objects.filter(user=user).update(verified=True, primary=True)
        for key in user.api_keys.filter(name="seed", revoked_at__isnull=True):
            key.delete()
        key = create_api_key(actor=actor, name="seed", scopes=("*",), user=user, tier="high")
        return {
            "id": user.pk,
            "role": role,
            "name": name,
            "email": user.email,
            "password": password,
            "api_key": key.plain,
            "team": team,
        }

    def _team(self, actor: Actor, name: str) -> None:
        team = Team.objects.filter(name=name).first() or create_team(actor=actor, name=name)
        emails = {f"{short}@{DOMAIN}": role for short, _, role, home in PEOPLE if home == name}
        members = list(User.objects.filter(email__in=emails))
        leads = [user for user in members if emails[user.email] == MANAGER]
        set_members(team, actor=actor, members=members, managers=leads)
