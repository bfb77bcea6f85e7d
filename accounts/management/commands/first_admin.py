"""Prints the one-time link on which the first administrator chooses a password."""

import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.urls import reverse

from accounts.actions.people import create_first_admin
from accounts.actor import Actor
from accounts.queries.people import link_token
from core.errors import Refused


class Command(BaseCommand):
    """Make the first administrator; says so when there is one already."""

    help = "Print the one-time link for the first administrator (valid for 24 hours)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take an address, which can be changed on the page as well."""
        parser.add_argument("--email", default="")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the person where needed and print the link."""
        host = urlsplit(settings.SITE_URL).hostname or "localhost"
        email = options["email"] or f"admin@{host}"
        try:
            user = create_first_admin(actor=Actor.system("first_admin", via="cli"), email=email)
        except Refused as refusal:
            self._say({"created": False, "detail": refusal.message}, refusal.message, options)
            return
        path = reverse("accounts:join", args=("first-admin", link_token(user, "first-admin")))
        link = f"{settings.SITE_URL}{path}"
        text = f"First administrator: choose a password here, within 24 hours, once:\n  {link}"
        self._say({"created": True, "link": link}, text, options)

    def _say(self, data: dict[str, Any], text: str, options: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(data) if options["json"] else text)
