"""Compare all contacts with all others, now."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts.actor import Actor
from crm.actions.duplicates import scan_part, scan_some
from crm.queries.duplicates import pairs_for


class Command(BaseCommand):
    """Fills the queue of pairs that look like one contact."""

    help = "Look for duplicate contacts; the pairs are at /contacts/duplicates/."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer --new."""
        parser.add_argument("--new", action="store_true", help="only contacts never compared")

    def handle(self, *args: Any, **options: Any) -> None:
        """Scan."""
        actor = Actor.system("radar")
        if options["new"]:
            scan_some(actor, seconds=float("inf"))
        else:
            scan_part(actor)
        self.stdout.write(f"{pairs_for(actor).count()} pairs to look at.")
