"""Ask every registered invariant whether it holds."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from core.registry import INVARIANTS, Invariant


class Command(BaseCommand):
    """Exit code 0: all hold; 1: at least one does not."""

    help = "Check the invariants of all apps (exit code 1 when one is broken)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer --json."""
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, print, exit."""
        results = []
        for invariant in sorted(INVARIANTS.values(), key=order):
            try:
                violations = invariant.check()
            except Exception as error:
                violations = [f"could not be checked: {type(error).__name__}: {error}"]
            results.append(
                {"id": invariant.key, "text": invariant.text, "ok": not violations, "violations": violations}
            )
        ok = all(result["ok"] for result in results)
        if options["json"]:
            self.stdout.write(json.dumps({"ok": ok, "invariants": results}, ensure_ascii=False))
        else:
            self.print(results)
        if not ok:
            sys.exit(1)

    def print(self, results: list[dict[str, Any]]) -> None:
        """Print a line per invariant, and what breaks it."""
        for result in results:
            self.stdout.write(f"{'ok   ' if result['ok'] else 'BROKEN'} {result['id']:>4} {result['text']}")
            for violation in result["violations"]:
                self.stdout.write(f"            {violation}")


def order(invariant: Invariant) -> tuple[int, str]:
    """I2 before I10, I4 before I4a."""
    digits = "".join(letter for letter in invariant.key if letter.isdigit())
    return int(digits or 0), invariant.key
