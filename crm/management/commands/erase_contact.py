"""Erase a person for good."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.actor import Actor
from core.errors import HouseError, NotFound
from crm.actions.privacy import erase_contact, forget_traces
from crm.queries.privacy import person_called


class Command(BaseCommand):
    """Asks before it does; run again after a kill, it looks through the files once more."""

    help = "Erase all that is held about a person (id, email or phone); what the law wants kept stays without them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, why, and without being asked."""
        parser.add_argument("who", help="the contact's id, email address or phone number")
        parser.add_argument("--reason", default="", help="why, without a name: it stays in the audit")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, **options: Any) -> None:
        """Find, ask, erase, count."""
        try:
            contact = person_called(options["who"])
            if not options["yes"] and input(f"Erase {contact} for good? Type “erase”: ").strip() != "erase":
                raise CommandError("Nothing was erased.")
            done = erase_contact(contact, actor=Actor.system("erase_contact", via="cli"), reason=options["reason"])
        except NotFound as error:
            if "@" in options["who"]:  # a killed erasure may have left files
                forget_traces((), [options["who"].strip().casefold()])
            raise CommandError(str(error)) from error
        except HouseError as error:
            raise CommandError(str(error)) from error
        words = f"{done.rows} rows went, {done.kept} stay without the person, {done.events} events lost their words."
        self.stdout.write(json.dumps(asdict(done)) if options["json"] else words)
