"""Make what a new workspace starts with."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.actor import Actor
from crm.actions.starter import make_starter_set


class Command(BaseCommand):
    """Run at every start; does nothing when it is there."""

    help = "Make the default pipeline and one ready public form, where there are none."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them."""
        make_starter_set(actor=Actor.system("set-up", via="cli"))
