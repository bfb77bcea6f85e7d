"""What happens to the shared nouns; every event names its subject's id first."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from core.events import event


@dataclass(frozen=True)
class OfLead:
    """What every happening to a lead names."""

    lead_id: int
    contact_id: int


@dataclass(frozen=True)
class OfDeal:
    """What every happening to a deal names."""

    deal_id: int
    contact_id: int
    owner_id: int | None


@dataclass(frozen=True)
class OfApproval:
    """What every happening to an approval names."""

    approval_id: int
    deal_id: int
    contact_id: int


@dataclass(frozen=True)
class OfActivity:
    """What every happening to an activity names."""

    activity_id: int
    contact_id: int | None
    lead_id: int | None
    deal_id: int | None


@event("contact.created")
class ContactCreated:
    """A contact is in the house."""

    contact_id: int
    owner_id: int | None
    source: str


@event("contact.updated")
class ContactUpdated:
    """Facts of a contact changed; `changes` maps a field to [before, after]."""

    contact_id: int
    changes: dict[str, list[Any]]


@event("contact.assigned")
class ContactAssigned:
    """A contact got another owner."""

    contact_id: int
    owner_id: int | None
    previous_owner_id: int | None


@event("contact.deleted")
class ContactDeleted:
    """A contact and everything about it is gone."""

    contact_id: int


@event("contact.became_customer")
class ContactBecameCustomer:
    """A contact bought something for the first time."""

    contact_id: int


@event("consent.given")
class ConsentGiven:
    """A contact allowed messages on a channel."""

    contact_id: int
    channel: str
    purpose: str


@event("consent.withdrawn")
class ConsentWithdrawn:
    """A contact said stop on a channel."""

    contact_id: int
    channel: str
    reason: str = ""


@event("suppression.added")
class AddressSuppressed:
    """An address will get no message any more."""

    suppression_id: int
    channel: str
    reason: str


@event("lead.created")
class LeadCreated(OfLead):
    """A lead came in, scored and assigned."""

    owner_id: int | None
    source: str


@event("lead.joined")
class LeadJoined(OfLead):
    """A lead that we already had came in again; its facts were refreshed."""

    source: str


@event("lead.updated")
class LeadUpdated(OfLead):
    """Facts of a lead changed; `changes` maps a field to [before, after]."""

    changes: dict[str, list[Any]]


@event("lead.scored")
class LeadScored(OfLead):
    """A lead's score changed."""

    score: int
    previous: int


@event("lead.assigned")
class LeadAssigned(OfLead):
    """A lead got an owner, for a reason."""

    owner_id: int | None
    reason: str
    previous_owner_id: int | None = None


@event("lead.contacted")
class LeadContacted(OfLead):
    """Outreach to the lead went out."""

    channel: str


@event("lead.interested")
class LeadInterested(OfLead):
    """The lead showed interest."""

    intent: str
    confidence: float


@event("lead.qualified")
class LeadQualified(OfLead):
    """The lead is worth a deal."""

    score: int


@event("lead.converted")
class LeadConverted(OfLead):
    """The lead became a deal."""

    deal_id: int
    owner_id: int | None


@event("lead.proposal_sent")
class LeadProposalSent(OfLead):
    """The proposal reached the lead."""

    deal_id: int | None


@event("lead.paid")
class LeadPaid(OfLead):
    """The lead paid what the proposal asked."""

    deal_id: int | None


@event("lead.disqualified")
class LeadDisqualified(OfLead):
    """The lead leads nowhere."""

    reason: str


@event("lead.reopened")
class LeadReopened(OfLead):
    """The lead gets a second chance."""


@event("lead.deleted")
class LeadDeleted(OfLead):
    """The lead is gone."""


@event("deal.created")
class DealCreated(OfDeal):
    """A deal is open."""

    lead_id: int | None


@event("deal.updated")
class DealUpdated(OfDeal):
    """Facts of a deal changed; `changes` maps a field to [before, after]."""

    changes: dict[str, list[Any]]


@event("deal.assigned")
class DealAssigned(OfDeal):
    """A deal got another owner."""

    previous_owner_id: int | None


@event("deal.moved")
class DealMoved(OfDeal):
    """A deal is in another stage."""

    stage_id: int
    stage: str
    previous_stage: str
    previous_stage_id: int = 0


@event("deal.won")
class DealWon(OfDeal):
    """The customer said yes."""

    lead_id: int | None
    value_minor: int
    currency: str
    closed_on: date


@event("deal.lost")
class DealLost(OfDeal):
    """The customer said no."""

    lead_id: int | None
    reason: str


@event("deal.abandoned")
class DealAbandoned(OfDeal):
    """Nobody follows the deal up any more."""

    lead_id: int | None


@event("deal.reopened")
class DealReopened(OfDeal):
    """A won deal is open again."""

    lead_id: int | None


@event("deal.deleted")
class DealDeleted:
    """A deal is gone."""

    deal_id: int
    contact_id: int


@event("deal.rotting")
class DealRotting(OfDeal):
    """Nobody has touched the deal for longer than its stage allows."""

    days_silent: int


@event("approval.requested")
class ApprovalRequested(OfApproval):
    """A large deal waits for a manager's yes."""

    requested_by_id: int | None


@event("approval.decided")
class ApprovalDecided(OfApproval):
    """A manager said yes or no to a large deal."""

    state: str
    decided_by_id: int | None


@event("approval.voided")
class ApprovalVoided(OfApproval):
    """The deal changed, so the approval holds no more."""


@event("activity.created")
class ActivityCreated(OfActivity):
    """Something was done or planned with a contact."""

    type: str
    actor_id: int | None


@event("activity.updated")
class ActivityUpdated(OfActivity):
    """An activity changed; `changes` names the fields."""

    changes: list[str]


@event("activity.completed")
class ActivityCompleted(OfActivity):
    """A planned activity is done."""

    type: str
    actor_id: int | None


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
    """A chunk of an import is written; each list holds [first, last] of the ids that came or changed (`bulk.ids_in`)."""

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
