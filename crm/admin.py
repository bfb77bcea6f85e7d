"""The operator's door to the records; every change is an action of the catalogue."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin import HouseAdmin, register
from crm.models import (
    Activity,
    Approval,
    Booking,
    BookingPage,
    CalendarFeed,
    Consent,
    Contact,
    ContactAddress,
    ContactMerge,
    CustomField,
    Deal,
    Document,
    DuplicatePair,
    Forecast,
    Goal,
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
    ReportSchedule,
    RoutingVersion,
    ScoreModel,
    SlaTarget,
    Snapshot,
    Suppression,
    Tag,
    Territory,
    Ticket,
)
from crm.models.search import INDEXED
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
        """Return the columns but for those of the index."""
        return [name for name in super().shown(asked) if name not in INDEXED]


register(
    Contact, "name email phone company_name city stage owner created_at", filters="kind stage source",
    verbs="contact.reassign contact.tag contact.add_address contact.merge consent.give consent.withdraw",
    create="contact.create", update="contact.update", delete="contact.delete", base=RecordAdmin,
)  # fmt: skip
register(
    Lead, "title business_name status stage score owner source created_at", filters="status stage source",
    verbs="lead.qualify lead.convert lead.disqualify lead.reopen lead.reassign", create="lead.create",
    update="lead.update", delete="lead.delete", base=RecordAdmin,
)  # fmt: skip
register(
    Deal, "title status stage value owner expected_close_on created_at", filters="status pipeline",
    verbs="deal.win deal.lose deal.abandon deal.reopen deal.move deal.reassign deal.set_lines deal.snooze"
    " deal.unsnooze deal.start_process deal.stop_process deal.request_approval",
    create="deal.create", update="deal.update", delete="deal.delete", base=RecordAdmin,
)  # fmt: skip
register(
    Activity, "subject type contact actor due_at completed_at", filters="type", search="subject",
    verbs="activity.complete activity.reopen activity.cancel", create="activity.create", update="activity.update",
)  # fmt: skip
register(Document, "name kind size uploaded_by created_at", filters="kind", search="name")
register(
    BookingPage, "title user slug is_active created_at", create="booking_page.create", update="booking_page.update",
)  # fmt: skip
register(Booking, "name email page activity cancelled_at created_at")
register(CalendarFeed, "user created_at")
register(
    Pipeline, "name is_default is_active order", verbs="pipeline.set_stages stage.create", create="pipeline.create",
    update="pipeline.update",
)  # fmt: skip
register(Playbook, "name key starts_on is_active", update="playbook.update")
register(Process, "playbook deal state at created_at", filters="playbook state")
register(Holiday, "on name", create="holiday.add", delete="holiday.remove")
register(
    PriceList, "name currency is_active", verbs="price_list.set_price", create="price_list.create",
    update="price_list.update",
)  # fmt: skip
register(PublicForm, "title slug is_active created_at", create="public_form.create", update="public_form.update")
register(
    Item, "name sku series unit_price_minor currency is_active", search="name sku", create="item.create",
    update="item.update",
)  # fmt: skip
register(Approval, "deal state requested_by decided_by created_at", filters="state")
register(ImportRun, "file_name kind state created_by created_at", filters="kind state")
register(Consent, "contact channel purpose state source at", filters="channel state")
register(Suppression, "channel fingerprint reason at", filters="channel reason")
register(ScoreModel, "trained_at auc n is_active")
register(
    Operation, "title kind state row_count conflict_count created_by created_at", filters="kind state",
    verbs="operation.undo",
)  # fmt: skip
register(
    ContactAddress, "value channel contact is_primary valid_from valid_until", filters="channel is_primary",
    search="value", verbs="address.make_primary address.retire",
)  # fmt: skip
register(
    CustomField, "label noun key type is_required order", filters="noun type", create="custom_field.create",
    update="custom_field.update", delete="custom_field.delete",
)  # fmt: skip
register(Tag, "name", search="name", verbs="tag.merge", update="tag.rename", delete="tag.delete")
register(
    DuplicatePair, "contact other percent state found_at decided_by", filters="state",
    verbs="duplicate.dismiss duplicate.reopen",
)  # fmt: skip
register(ContactMerge, "name contact old_id at", search="name", verbs="contact.unmerge")
register(
    Ticket, "number subject contact status priority assignee due_at", filters="status priority",
    verbs="ticket.assign ticket.resolve ticket.wait ticket.reopen ticket.note", create="ticket.create",
    update="ticket.update", base=RecordAdmin,
)  # fmt: skip
register(SlaTarget, "priority response_minutes resolution_minutes raises_priority", update="sla_target.update")
register(
    Territory, "name priority team max_open_leads", create="territory.create", update="territory.update",
    delete="territory.delete",
)  # fmt: skip
register(RoutingVersion, "published_at note published_by", verbs="routing.restore")
register(Snapshot, "on pipeline stage owner count value_minor currency", filters="pipeline")
register(Forecast, "on deal stage value_minor probability history", filters="on")
register(Goal, "month team figure amount", filters="figure team", create="goal.set")
register(
    ReportSchedule, "report maker day hour format is_active sent_on", filters="report is_active",
    verbs="report.switch", create="report.schedule", update="report.reschedule",
)  # fmt: skip
