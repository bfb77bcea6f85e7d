"""`manage.py read_mail FILE…`: how the house reads mails, one JSON line for each."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from outreach.mailparse import parse
from outreach.values import InboundMessage

CLASSES = {"hard": "hard", "policy": "policy", "complaint": "complaint"}


def summary(name: str, message: InboundMessage) -> dict[str, Any]:
    """Return what is told of one mail; classes that neither suppress nor alert are soft."""
    return {
        "file": name,
        "kind": message.kind,
        "recipients": [
            {"address": one.address, "status": one.status, "class": CLASSES.get(one.cls, "soft")}
            for one in message.recipients
        ],
        "reply_text": message.reply_text,
    }


class Command(BaseCommand):
    """Read mails from files; changes nothing."""

    help = "Reads mail files and prints kind, recipients with class, and reply text as one JSON line each."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--json", action="store_true", help="The output is JSON in any case.")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in options["files"]:
            try:
                raw = Path(name).read_bytes()
            except OSError as error:
                self.stderr.write(f"{name}: {error.strerror}. Name a file that can be read.")
                continue
            self.stdout.write(json.dumps(summary(name, parse(raw)), ensure_ascii=False))
