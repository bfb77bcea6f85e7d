"""Write all that is held about a person into one file."""

import json
import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.actor import Actor
from core.errors import HouseError
from crm.actions.privacy import hand_out_copy
from crm.queries.privacy import copy_of, counts_of, person_called, person_of


class Command(BaseCommand):
    """The same copy as on the contact's page: JSON, a CSV of each table, stored files."""

    help = "Write a ZIP of all that is held about a person (id, email or phone)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, and where to."""
        parser.add_argument("who", help="the contact's id, email address or phone number")
        parser.add_argument("--to", type=Path, help="default: contact-<id>.zip here")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, **options: Any) -> None:
        """Find, write, say what is in it."""
        try:
            contact = person_called(options["who"])
            hand_out_copy(contact, actor=Actor.system("export_contact", via="cli"))
            person = person_of(contact)
            path = options["to"] or Path(f"contact-{contact.pk}.zip")
            with copy_of(person) as copy, path.open("wb") as file:
                path.chmod(0o600)
                shutil.copyfileobj(copy, file)
        except (HouseError, OSError) as error:
            raise CommandError(str(error)) from error
        counts = dict(counts_of(person))
        told = {"contact": contact.pk, "file": str(path), "held": counts}
        words = ", ".join(f"{count} {name}" for name, count in counts.items())
        self.stdout.write(json.dumps(told) if options["json"] else f"{path}: {words}.")
