"""The operator's door to the records; every change is an action of the catalogue."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin import HouseAdmin
from crm.models import (
    Activity,
    Approval,
    Consent,
    Contact,
    ContactAddress,
    ContactMerge,
    CustomField,
    Deal,
    DuplicatePair,
    Holiday,
    ImportRun,
    Item,
    Lead,
    Operation,
    Pipeline,
    Playbook,
    PriceList,
    Process,
    PublicForm,
    ScoreModel,
    Suppression,
    Tag,
)
from crm.queries.search import matching


class RecordAdmin(HouseAdmin):
    """Records that the operator searches as everybody does."""

    search_fields = ("search_words",)  # its presence shows the field

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return what the one search finds."""
        return (matching(queryset, search_term) if search_term.strip() else queryset), False

    def shown(self, asked: list[str]) -> list[str]:
        """Return the columns but for the words of the index."""
        return [name for name in super().shown(asked) if name != "search_words"]


@admin.register(Contact)
class ContactAdmin(RecordAdmin):
    """Contacts."""

    create_action, update_action, delete_action = (
        "contact.create",
        "contact.update",
        "contact.delete",
    )
    verbs = (
        "contact.reassign", "contact.tag", "contact.add_address", "contact.merge", "consent.give",
        "consent.withdraw",
    )  # fmt: skip
    list_display = (
        "name", "email", "phone", "company_name", "city", "stage", "owner", "created_at",
    )  # fmt: skip
    list_filter = ("kind", "stage", "source")
    list_select_related = ("owner",)


@admin.register(Lead)
class LeadAdmin(RecordAdmin):
    """Leads; status, stage and score are read-only, verbs are buttons."""

    create_action, update_action, delete_action = "lead.create", "lead.update", "lead.delete"
    verbs = ("lead.qualify", "lead.convert", "lead.disqualify", "lead.reopen", "lead.reassign")
    list_display = (
        "title", "business_name", "status", "stage", "score", "owner", "source", "created_at",
    )  # fmt: skip
    list_filter = ("status", "stage", "source")
    list_select_related = ("owner",)


@admin.register(Deal)
class DealAdmin(RecordAdmin):
    """Deals; status is read-only, verbs are buttons."""

    create_action, update_action, delete_action = "deal.create", "deal.update", "deal.delete"
    verbs = (
        "deal.win", "deal.lose", "deal.abandon", "deal.reopen", "deal.move", "deal.reassign",
        "deal.set_lines", "deal.snooze", "deal.unsnooze", "deal.start_process", "deal.stop_process",
        "deal.request_approval",
    )  # fmt: skip
    list_display = ("title", "status", "stage", "value", "owner", "expected_close_on", "created_at")
    list_filter = ("status", "pipeline")
    list_select_related = ("owner", "stage")


@admin.register(Activity)
class ActivityAdmin(HouseAdmin):
    """Activities."""

    create_action, update_action = "activity.create", "activity.update"
    verbs = ("activity.complete",)
    list_display = ("subject", "type", "contact", "actor", "due_at", "completed_at")
    list_filter = ("type",)
    list_select_related = ("contact", "actor")
    search_fields = ("subject",)


@admin.register(Pipeline)
class PipelineAdmin(HouseAdmin):
    """Pipelines; the stages are a verb, so that one in use cannot go."""

    create_action, update_action = "pipeline.create", "pipeline.update"
    verbs = ("pipeline.set_stages", "stage.create")
    list_display = ("name", "is_default", "is_active", "order")


@admin.register(Playbook)
class PlaybookAdmin(HouseAdmin):
    """Playbooks: their steps with guards, tasks and roles."""

    update_action = "playbook.update"
    list_display = ("name", "key", "starts_on", "is_active")


@admin.register(Process)
class ProcessAdmin(HouseAdmin):
    """How far deals are in their playbooks; read here, followed on the deal's page."""

    list_display = ("playbook", "deal", "state", "at", "created_at")
    list_filter = ("playbook", "state")
    list_select_related = ("playbook", "deal")


@admin.register(Holiday)
class HolidayAdmin(HouseAdmin):
    """The days on which nobody works."""

    create_action, delete_action = "holiday.add", "holiday.remove"
    list_display = ("on", "name")


@admin.register(PriceList)
class PriceListAdmin(HouseAdmin):
    """Price lists; their prices are set by a button, or on their page."""

    create_action, update_action = "price_list.create", "price_list.update"
    verbs = ("price_list.set_price",)
    list_display = ("name", "currency", "is_active")


@admin.register(PublicForm)
class PublicFormAdmin(HouseAdmin):
    """The builder of public forms."""

    create_action, update_action = "public_form.create", "public_form.update"
    list_display = ("title", "slug", "is_active", "created_at")


@admin.register(Item)
class ItemAdmin(HouseAdmin):
    """The catalog."""

    create_action, update_action = "item.create", "item.update"
    list_display = ("name", "sku", "series", "unit_price_minor", "currency", "is_active")
    search_fields = ("name", "sku")


@admin.register(Approval)
class ApprovalAdmin(HouseAdmin):
    """Approvals: read here, decided on the approvals page by somebody else than the owner."""

    list_display = ("deal", "state", "requested_by", "decided_by", "created_at")
    list_filter = ("state",)
    list_select_related = ("deal", "requested_by", "decided_by")


@admin.register(ImportRun)
class ImportRunAdmin(HouseAdmin):
    """Imports: what came in, when, and how it went."""

    list_display = ("file_name", "kind", "state", "created_by", "created_at")
    list_filter = ("kind", "state")


@admin.register(Consent)
class ConsentAdmin(HouseAdmin):
    """The consent ledger, read-only: a consent is given or withdrawn, never edited."""

    list_display = ("contact", "channel", "purpose", "state", "source", "at")
    list_filter = ("channel", "state")


@admin.register(Suppression)
class SuppressionAdmin(HouseAdmin):
    """Suppressed addresses as keyed fingerprints; they cannot be lifted here."""

    list_display = ("channel", "fingerprint", "reason", "at")
    list_filter = ("channel", "reason")


@admin.register(ScoreModel)
class ScoreModelAdmin(HouseAdmin):
    """What the learned score knows."""

    list_display = ("trained_at", "auc", "n", "is_active")


@admin.register(Operation)
class OperationAdmin(HouseAdmin):
    """Operations: what was done in one go, read-only; undone by a button."""

    verbs = ("operation.undo",)
    list_display = (
        "title", "kind", "state", "row_count", "conflict_count", "created_by", "created_at",
    )  # fmt: skip
    list_filter = ("kind", "state")
    list_select_related = ("created_by",)


@admin.register(ContactAddress)
class ContactAddressAdmin(HouseAdmin):
    """Addresses of contacts; new ones are a verb of the contact."""

    verbs = ("address.make_primary", "address.retire")
    list_display = ("value", "channel", "contact", "is_primary", "valid_from", "valid_until")
    list_filter = ("channel", "is_primary")
    list_select_related = ("contact",)
    search_fields = ("value",)


@admin.register(CustomField)
class CustomFieldAdmin(HouseAdmin):
    """What is asked of contacts, leads and deals beyond the usual."""

    create_action, update_action, delete_action = (
        "custom_field.create",
        "custom_field.update",
        "custom_field.delete",
    )
    list_display = ("label", "noun", "key", "type", "is_required", "order")
    list_filter = ("noun", "type")


@admin.register(Tag)
class TagAdmin(HouseAdmin):
    """Tags: spelled anew, merged and dropped here, put on contacts there."""

    update_action, delete_action = "tag.rename", "tag.delete"
    verbs = ("tag.merge",)
    list_display = ("name",)
    search_fields = ("name",)


@admin.register(DuplicatePair)
class DuplicatePairAdmin(HouseAdmin):
    """Pairs that look like one contact."""

    verbs = ("duplicate.dismiss", "duplicate.reopen")
    list_display = ("contact", "other", "percent", "state", "found_at", "decided_by")
    list_filter = ("state",)
    list_select_related = ("contact", "other", "decided_by")


@admin.register(ContactMerge)
class ContactMergeAdmin(HouseAdmin):
    """Which contact became part of which."""

    verbs = ("contact.unmerge",)
    list_display = ("name", "contact", "old_id", "at")
    list_select_related = ("contact",)
    search_fields = ("name",)
