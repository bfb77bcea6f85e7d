"""Bring everything back from one backup, and release the copy."""

import json
import sys
from argparse import SUPPRESS, ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core import restores
from core.actions import run
from core.errors import Refused


class Command(BaseCommand):
    """Exit code 0: the copy stands, and is quiet; 1: the reason is printed."""

    help = "Bring everything back from FILE; the copy sends nothing until --release."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer the file, its key, and what else a restore needs to be told."""
        parser.add_argument("file", nargs="?", type=Path, help="the backup")
        parser.add_argument("--key-file", type=Path, help="a file with the backup key (BACKUP_KEY)")
        parser.add_argument("--replace", action="store_true", help="even where people work already")
        parser.add_argument("--release", action="store_true", help="let the restored copy send again")
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.add_argument("--finish", type=datetime.fromisoformat, help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked, and say what happened."""
        try:
            told = self.act(options)
        except (Refused, OSError) as error:
            if not options["json"]:
                raise CommandError(str(error)) from error
            told = {"ok": False, "error": str(error)}
        if options["json"]:
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.writelines(f"{note}\n" for note in told["notes"])
        if not told["ok"]:
            sys.exit(1)

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Release, finish or restore; returns the answer."""
        if options["finish"]:
            return {"ok": True, "notes": list(restores.finish(options["finish"]))}
        if options["release"]:
            run("workspace.release", actor=restores.operator(), data={})
            return {"ok": True, "notes": ["The copy is released: what is due goes out."]}
        if options["file"] is None:
            raise CommandError("Name the backup: manage.py restore FILE")
        key = options["key_file"].read_text().strip() if options["key_file"] else settings.BACKUP_KEY
        manifest = restores.restore(options["file"], key, replace=options["replace"])
        notes = [
            f"Restored: the state of {manifest['made_at']}, {len(manifest['members'])} members.",
            *restores.finish_anew(manifest["made_at"]),
            "The copy sends nothing until you release it: manage.py restore --release",
        ]
        return {"ok": True, "made_at": manifest["made_at"], "members": len(manifest["members"]), "notes": notes}
