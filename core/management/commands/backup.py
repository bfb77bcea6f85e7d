"""Make one encrypted file that brings everything back."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core import backups
from core.errors import Refused


class Command(BaseCommand):
    """Exit code 0: the backup was made and read back; 1: the reason is printed."""

    help = "Write database, files and keys into one encrypted file, and read it back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer another folder and --json."""
        parser.add_argument("--to", type=Path, help="the folder of the backups (BACKUP_DIR)")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it and say where it is."""
        try:
            made = backups.make((options["to"] or Path(settings.BACKUP_DIR)).resolve())
        except (Refused, OSError) as error:
            if not options["json"]:
                raise CommandError(str(error)) from error
            self.stdout.write(json.dumps({"ok": False, "error": str(error)}))
            sys.exit(1)
        size = made.path.stat().st_size
        if options["json"]:
            document = {"ok": True, "path": str(made.path), "made_at": made.made_at.isoformat(), "bytes": size}
            self.stdout.write(json.dumps(document))
        else:
            self.stdout.write(f"{made.path} ({size:,} bytes), read back and right. Its key is not in it: BACKUP_KEY.")
