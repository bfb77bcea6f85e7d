"""What happens to contacts, leads, deals, approvals and activities; every event names its subject's id first."""

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


@event("contact.erased")
class ContactErased:
    """A person was erased: so many rows went, stayed without them, and lost their words in the audit."""

    contact_id: int
    rows: int
    kept: int
    events: int
    reason: str = ""


@event("contact.handed_out")
class ContactHandedOut:
    """Somebody took out a copy of all that is held about a contact."""

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
    operation_id: int | None = None


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
    next: str = ""  # what follows a meeting, by the names of LogCallForm


@event("activity.updated")
class ActivityUpdated(OfActivity):
    """An activity changed; `changes` names the fields."""

    changes: list[str]


@event("activity.assigned")
class ActivityAssigned(OfActivity):
    """An activity was given to somebody else."""

    actor_id: int | None
    previous_actor_id: int | None
    operation_id: int | None = None


@event("activity.deleted")
class ActivityDeleted(OfActivity):
    """Something planned is gone."""


@event("activity.completed")
class ActivityCompleted(OfActivity):
    """A planned activity is done."""

    type: str
    actor_id: int | None
    next: str = ""  # what follows a meeting, by the names of LogCallForm
