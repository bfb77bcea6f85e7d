"""Lets somebody in who lost their second factor, when no administrator is left who could."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actions.people import reset_second_factor
from accounts.actor import Actor
from accounts.models import User
from core.errors import Refused


class Command(BaseCommand):
    """The same as the button on the person's page."""

    help = "Take away every second factor of a person who lost theirs; their sessions end, the password stays."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the address with which they sign in."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Reset, and say so."""
        user = User.objects.filter(email=User.objects.normalize_email(options["email"])).first()
        if user is None:
            raise CommandError(f"Nobody signs in with {options['email']}.")
        try:
            reset_second_factor(user, actor=Actor.system("reset_second_factor", via="cli"))
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{user} signs in with the password alone, then sets up anew.")
