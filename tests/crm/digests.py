"""All records as one value, without what only ever counts up."""

from core.management.commands.state_digest import business_models
from crm.models import Operation, OperationPart, Playbook

APPS = {"crm", "outreach", "campaigns", "billing"}
BOOKKEEPING = {"version"}


def state() -> dict[str, list]:
    """Return every record by table, ids included; times and versions do not count."""
    found = {}
    for model in business_models():
        told = model in {Operation, OperationPart, Playbook} or getattr(model, "is_derived", False)
        if told or model._meta.app_label not in APPS:
            continue
        fields = [
            field.attname
            for field in model._meta.concrete_fields
            if field.get_internal_type() not in {"DateTimeField", "TimeField"}
            and field.attname not in BOOKKEEPING
        ]
        if rows := list(model._base_manager.order_by("pk").values_list(*fields)):
            found[model._meta.label] = rows
    return found
