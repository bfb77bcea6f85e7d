"""Fills an install with a small, lively example by playing actions of the catalogue."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Model

from core import clock
from core.actions import run
from core.errors import HouseError, Invalid
from core.models import Event
from core.registry import actor_of

STEPS = Path(__file__).resolve().parents[2] / "demo.toml"
DOMAIN = "seed.example.com"


class Command(BaseCommand):
    """Every step has a key: playing again adds nothing."""

    help = "Fill a development install with example people and records; again: nothing twice."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the people, then play the steps."""
        if settings.PRODUCTION:
            raise CommandError("demo makes people with known passwords; not in production.")
        call_command("seed_roles", stdout=self.stdout)
        self.rows: dict[str, Any] = {}
        steps = tomllib.loads(STEPS.read_text())["step"]
        for number, step in enumerate(steps):
            self.play(step, f"demo:{number}")
        self.stdout.write(f"{len(steps)} steps played. The worker does the rest.")

    def play(self, step: dict[str, Any], key: str) -> None:
        """Run one action; a step marked optional may be refused by the rules of the day."""
        subject = self.resolve(step["on"]) if "on" in step else None
        data = {name: self.value(raw) for name, raw in step.get("data", {}).items()}
        try:
            row = run(step["do"], subject, actor=self.actor(step.get("as")), data=data, key=key)
        except HouseError as error:
            why = error.errors if isinstance(error, Invalid) else error.message
            if not step.get("optional"):
                raise CommandError(f"{step['do']} {data}: {why}") from error
            self.stdout.write(f"{step['do']}: {why}")
            return
        if "name" in step:
            self.rows[step["name"]] = row

    def actor(self, short: str | None) -> Any:
        """Return one of the seeded people, or the system."""
        if short is None:
            return actor_of(Event(actor_kind="system", actor_name="demo", via="cli"))
        user = self.person(short)
        return actor_of(Event(actor_kind="user", actor_id=user.pk, actor_name=short, via="cli"))

    def person(self, short: str) -> Any:
        """Return a seeded person."""
        return get_user_model().objects.get(email=f"{short}@{DOMAIN}")

    def value(self, raw: Any) -> Any:
        """Return what a form field gets: a row's key, a day, or the text itself."""
        if not isinstance(raw, str):
            return raw
        if raw.startswith("$"):
            return self.resolve(raw).pk
        if raw.startswith("@"):
            return self.person(raw[1:]).pk
        if raw.startswith("today"):
            days = int(raw.removeprefix("today") or 0)
            return (clock.now() + timedelta(days=days)).date().isoformat()
        return raw

    def resolve(self, name: str) -> Model:
        """Return the row of an earlier step as it is now, or one that it leads to."""
        head, *path = name.removeprefix("$").split(".")
        row = self.rows[head]
        row.refresh_from_db()
        for part in path:
            row = getattr(row, part)
        found: Model = row
        return found
