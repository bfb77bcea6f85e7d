"""Walk the audit chain."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from core import audit


class Command(BaseCommand):
    """Exit code 0: no row was edited, inserted, removed or cut; 1: the first bad row is named."""

    help = "Verify the audit chain; names the first row that does not fit (exit code 1)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer --json."""
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, print, exit."""
        verdict = audit.verify()
        if options["json"]:
            self.stdout.write(json.dumps(asdict(verdict), ensure_ascii=False))
        elif verdict.ok:
            self.stdout.write(f"The chain holds: {verdict.length} events.")
        else:
            self.stdout.write(f"The chain breaks at event {verdict.first_bad_id}: {verdict.reason}")
        if not verdict.ok:
            sys.exit(1)
