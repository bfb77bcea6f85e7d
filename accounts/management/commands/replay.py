"""Tries again what the relay gave up."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.actions.jobs import replay_delivery
from accounts.actor import Actor
from accounts.queries.jobs import buried_for


class Command(BaseCommand):
    """The same as "Try again" on the page of the jobs, for all of them or for some."""

    help = "Try again the deliveries that were given up: all, or those of the given numbers; --list only shows them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take numbers, or --list."""
        parser.add_argument("numbers", nargs="*", type=int)
        parser.add_argument("--list", action="store_true", help="show them, with their errors")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each one, and hand it to its subscriber again."""
        actor = Actor.system("replay", via="cli")
        rows = buried_for(actor)
        for row in rows.filter(pk__in=options["numbers"]) if options["numbers"] else rows:
            self.stdout.write(f"{row.pk}  {row.event.name} → {row.subscriber}: {row.error}")
            if not options["list"]:
                replay_delivery(row, actor=actor)
