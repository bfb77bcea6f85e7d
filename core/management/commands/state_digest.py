"""One hash over all business rows, so that "nothing changed" is one comparison."""

import hashlib
import json
from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import models

OTHER_TABLES = ("auth", "guardian", "account", "socialaccount", "mfa")
"""Third-party apps whose rows say who may do what."""
NOT_BUSINESS = frozenset(
    {
        "core.event", "core.audithead", "core.delivery", "core.heartbeat", "core.idempotencykey",
        "core.jobrun", "accounts.notification", "auth.permission",
    }
)  # fmt: skip
"""The audit trail, the queue, and the alerts that a refusal itself raises."""


class Command(BaseCommand):
    """Prints a digest per table and one over all; timestamps do not count."""

    help = "Print a stable hash per table of business rows, without timestamps and audit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer --json."""
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Hash and print."""
        tables = {model._meta.db_table: digest(model) for model in business_models()}
        total = hashlib.sha256()
        for name, entry in sorted(tables.items()):
            total.update(f"{name}:{entry['digest']}\n".encode())
        if options["json"]:
            document = {"digest": total.hexdigest(), "tables": tables}
            self.stdout.write(json.dumps(document, sort_keys=True))
            return
        for name, entry in sorted(tables.items()):
            self.stdout.write(f"{entry['digest'][:16]}  {entry['rows']:>8}  {name}")
        self.stdout.write(f"{total.hexdigest()}  all")


def business_models() -> list[type[models.Model]]:
    """Return the models whose rows are business, with their automatic link tables."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
        and not model._meta.proxy
        and model._meta.label_lower not in NOT_BUSINESS
        and (is_ours(model) or model._meta.app_label in OTHER_TABLES)
    ]


def is_ours(model: type[models.Model]) -> bool:
    """Whether the model's app lives in this repository."""
    return "site-packages" not in str(apps.get_app_config(model._meta.app_label).path)


def digest(model: type[models.Model]) -> dict[str, Any]:
    """Return the number of rows and the hash of what they hold, in order of their keys."""
    fields = [
        field.attname
        for field in model._meta.concrete_fields
        if not isinstance(field, models.DateTimeField | models.TimeField)
    ]
    total, count = hashlib.sha256(), 0
    for row in model._base_manager.order_by("pk").values_list(*fields).iterator(chunk_size=2_000):
        line = json.dumps(row, default=str, sort_keys=True, ensure_ascii=False)
        total.update(line.encode() + b"\n")
        count += 1
    return {"rows": count, "digest": total.hexdigest()}
