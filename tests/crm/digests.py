"""All records as one value, without what only ever counts up."""

from core.management.commands.state_digest import business_models
from crm.models import DuplicatePair, ImportRun, Operation, OperationPart, Playbook

APPS = {"crm", "outreach", "campaigns", "billing"}
# Operations and imports themselves, what is made when first needed, and what the radar finds by itself.
TOLD = {Operation, OperationPart, ImportRun, Playbook, DuplicatePair}
BOOKKEEPING = {"version"}


def state() -> dict[str, dict]:
    """Return every record by table and id; times and versions do not count."""
    found = {}
    for model in business_models():
        told = model in TOLD or getattr(model, "is_derived", False)
        if told or model._meta.app_label not in APPS:
            continue
        fields = [
            field.attname
            for field in model._meta.concrete_fields
            if field.get_internal_type() not in {"DateTimeField", "TimeField"} and field.attname not in BOOKKEEPING
        ]
        for row in model._base_manager.order_by("pk").values(*fields):
            found[f"{model._meta.label}:{row['id']}"] = row
    return found


def differing(before: dict[str, dict], after: dict[str, dict]) -> list[str]:
    """Return one line for each value that is not what it was."""
    return [
        f"{key} {name}: {before.get(key, {}).get(name)!r} is {after.get(key, {}).get(name)!r}"
        for key in sorted(before.keys() | after.keys())
        for name in sorted(before.get(key, {}).keys() | after.get(key, {}).keys())
        if before.get(key, {}).get(name) != after.get(key, {}).get(name)
    ]
