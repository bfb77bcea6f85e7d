"""What happens to what the records stand on: pipelines, catalog, imports, operations, fields, tags, duplicates."""

from core.events import event


@event("pipeline.changed")
class PipelineChanged:
    """A pipeline or its stages changed."""

    pipeline_id: int


@event("process.changed")
class ProcessChanged:
    """A deal began, advanced in, ended or left a playbook; `step` is the step that it is in."""

    process_id: int
    deal_id: int
    contact_id: int
    playbook: str
    step: str
    state: str


@event("playbook.changed")
class PlaybookChanged:
    """A playbook has other steps, another name, or starts by itself or not."""

    playbook_id: int


@event("booking.changed")
class BookingChanged:
    """A visitor booked, a booked meeting moved (REQUEST), or was called off (CANCEL): both sides are told."""

    booking_id: int
    contact_id: int
    method: str
    sequence: int


@event("activity.guests_told")
class GuestsTold:
    """Whom a meeting invites is told of it: REQUEST as it stands now, or CANCEL."""

    activity_id: int
    contact_id: int | None
    method: str
    sequence: int


@event("holiday.changed")
class HolidaysChanged:
    """A day became a holiday, or is none any more."""

    holiday_id: int


@event("pricelist.changed")
class PriceListChanged:
    """A price list was made, renamed, put in or out of use, or prices on it changed."""

    pricelist_id: int
    name: str


@event("item.changed")
class ItemChanged:
    """Something is on sale, costs something else, or is off sale."""

    item_id: int
    name: str
    is_active: bool


@event("scoremodel.trained")
class ScoreTrained:
    """The score learned from leads whose outcome is known; the open leads are scored anew."""

    scoremodel_id: int
    n: int
    auc: float | None


@event("importrun.requested")
class ImportRequested:
    """Somebody checked a file and wants it imported."""

    importrun_id: int
    kind: str
    rows: int


@event("importrun.wrote")
class RowsImported:
    """A chunk of an import is written; each list holds [first, last] of ids that came or changed (`bulk.ids_in`)."""

    importrun_id: int
    kind: str
    contact_ids: list[list[int]]
    lead_ids: list[list[int]]
    deal_ids: list[list[int]]


@event("importrun.finished")
class ImportFinished:
    """Every row of an import ended as created, updated, skipped or error."""

    importrun_id: int
    kind: str
    created: int
    updated: int
    skipped: int
    errors: int


@event("operation.requested")
class OperationRequested:
    """Somebody wants many rows changed, or a large operation undone: the worker does it step by step."""

    operation_id: int


@event("operation.undone")
class OperationUndone:
    """A step of an operation was taken back; the ids are of all that changed, went or came back."""

    operation_id: int
    kind: str
    contact_ids: list[int]
    lead_ids: list[int]
    deal_ids: list[int]


@event("custom_field.changed")
class CustomFieldChanged:
    """A custom field was made, changed or dropped."""

    custom_field_id: int
    noun: str
    key: str


@event("tag.changed")
class TagChanged:
    """A tag was renamed, merged into `name`, or dropped (`name` is empty)."""

    tag_id: int
    name: str
    previous: str


@event("duplicate.dismissed")
class DuplicateDismissed:
    """Somebody said that two contacts are not the same, or (`is_open`) that they should be looked at again."""

    duplicate_id: int
    contact_id: int
    other_id: int
    is_open: bool = False


@event("contact.merged")
class ContactMerged:
    """A contact became part of another one; `merged_id` is the id that is no more."""

    contact_id: int
    merged_id: int
    merged_name: str
    operation_id: int | None


@event("duplicate.scan_requested")
class DuplicateScanRequested:
    """All contacts are to be compared, from the one after this id on; first for their keys, then for pairs."""

    after: int
    phase: str


@event("setup.moved")
class SetupMoved:
    """A step of the set-up is done or skipped, after so many seconds."""

    setup_id: int
    step: str
    seconds: int
    is_skipped: bool
