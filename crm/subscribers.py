"""What follows when something happened to a lead, a deal or an activity: people are told, tasks are planned."""

from datetime import timedelta

from accounts.actions.notify import notify
from accounts.actor import Actor
from accounts.models import User
from accounts.permissions import people_who_can
from accounts.queries.people import managers_of
from core.events import Meta, Postpone, on
from core.money import format_money
from crm import events
from crm.actions.activities import create_activity
from crm.actions.imports import carry_on
from crm.actions.leads import rescore_lead
from crm.actions.scoring import learn_outcome
from crm.models import Activity, Approval, Deal, ImportRun, Lead

SCORE_ALERT = 20
IMPORT_SLICE = 20.0  # seconds; well below the lease of a delivery
FOLLOW_UP_AFTER = timedelta(hours=24)
DISCOVERY = (
    ("Hold the needs analysis call", timedelta(days=2)),
    ("Write down the pain points", timedelta(days=3)),
)


def _tell(
    user: User | None,
    meta: Meta,
    row: Lead | Deal | Approval | Activity,
    kind: str,
    text: str,
    *,
    email: bool = True,
) -> None:
    if user is not None and user.is_active:
        deal = row.deal if isinstance(row, Approval) else row
        notify(
            user,
            actor=Actor.system("crm"),
            key=f"{meta.key}:{user.pk}",
            kind=kind,
            text=text,
            url=deal.get_absolute_url(),
            email=email,
        )


def _lead(pk: int) -> Lead | None:
    return Lead.objects.select_related("contact", "owner", "converted_deal").filter(pk=pk).first()


def _deal(pk: int) -> Deal | None:
    return Deal.objects.select_related("contact", "owner", "lead").filter(pk=pk).first()


@on(events.LeadAssigned)
def tell_owner_of_lead(event: events.LeadAssigned, meta: Meta) -> None:
    """The rep who gets a lead is alerted, unless they took it themselves."""
    lead = _lead(event.lead_id)
    if lead is None or lead.owner_id != event.owner_id or event.owner_id == meta.actor.user_id:
        return
    text = f"{lead.title} is yours: score {lead.score}, {lead.temperature}. {event.reason}"
    _tell(lead.owner, meta, lead, "lead.assigned", text)


@on(events.LeadCreated)
def tell_managers_of_unassigned_lead(event: events.LeadCreated, meta: Meta) -> None:
    """A lead that nobody could take waits for those who can give it to somebody."""
    lead = _lead(event.lead_id)
    if lead is None or lead.owner_id is not None:
        return
    text = f"{lead.title} has no owner. {lead.assigned_reason}"
    for person in people_who_can("lead:reassign"):
        _tell(person, meta, lead, "lead.unassigned", text)


@on(events.LeadJoined)
def tell_owner_of_return(event: events.LeadJoined, meta: Meta) -> None:
    """A lead that comes in again is worth a look."""
    if (lead := _lead(event.lead_id)) is not None:
        _tell(lead.owner, meta, lead, "lead.joined", f"{lead.title} came in again.")


@on(events.LeadScored)
def tell_owner_of_score(event: events.LeadScored, meta: Meta) -> None:
    """A jump of 20 points either way alerts the owner."""
    change = event.score - event.previous
    lead = _lead(event.lead_id)
    if lead is None or abs(change) < SCORE_ALERT:
        return
    word = "rose" if change > 0 else "fell"
    text = f"The score of {lead.title} {word} from {event.previous} to {event.score}."
    _tell(lead.owner, meta, lead, "lead.scored", text)


@on(events.LeadConverted)
def tell_owner_of_deal(event: events.LeadConverted, meta: Meta) -> None:
    """The owner learns that a lead became a deal."""
    if (deal := _deal(event.deal_id)) is not None:
        text = f"{deal.title} is a deal now, worth {format_money(deal.value)}."
        _tell(deal.owner, meta, deal, "deal.created-from-lead", text)


@on(events.LeadConverted)
def start_discovery(event: events.LeadConverted, meta: Meta) -> None:
    """The sales process starts with its discovery tasks."""
    deal = _deal(event.deal_id)
    if deal is None or deal.status != "open":
        return
    for step, (subject, after) in enumerate(DISCOVERY, 1):
        create_activity(
            actor=Actor.system("sales process"),
            type="task",
            subject=subject,
            contact=deal.contact,
            lead=deal.lead,
            deal=deal,
            assignee=deal.owner,
            due_at=meta.at + after,
            source_key=f"sales-process:{deal.pk}:discovery:{step}",
        )


@on(events.DealWon)
def tell_manager_of_win(event: events.DealWon, meta: Meta) -> None:
    """The owner's managers are told of a won deal; where there are none, the administrators."""
    deal = _deal(event.deal_id)
    if deal is None:
        return
    text = f"{deal.owner or 'Somebody'} won {deal.title}, worth {format_money(deal.value)}."
    for manager in managers_of(deal.owner):
        _tell(manager, meta, deal, "deal.won", text)


@on(events.DealRotting)
def tell_owner_of_rotting(event: events.DealRotting, meta: Meta) -> None:
    """The owner is told of a deal that nobody touches."""
    if (deal := _deal(event.deal_id)) is not None:
        text = f"Nobody has touched {deal.title} for {event.days_silent} days."
        _tell(deal.owner, meta, deal, "deal.rotting", text)


@on(events.ApprovalRequested)
def ask_for_approval(event: events.ApprovalRequested, meta: Meta) -> None:
    """Those who may decide on a large deal are asked: its owner's managers first."""
    rows = Approval.objects.select_related("deal__owner", "requested_by")
    approval = rows.filter(pk=event.approval_id, state=Approval.State.PENDING).first()
    if approval is None:
        return
    deal = approval.deal
    involved = {deal.owner_id, approval.requested_by_id}
    deciders = list(people_who_can("deal:approve").exclude(pk__in=involved - {None}))
    managers = [person for person in managers_of(deal.owner) if person in deciders]
    text = f"{deal.title}, worth {format_money(deal.value)}, needs your approval."
    for person in managers or deciders:
        _tell(person, meta, approval, "approval.requested", text)


@on(events.ApprovalDecided)
def tell_requester(event: events.ApprovalDecided, meta: Meta) -> None:
    """Who asked, and who owns the deal, learn the answer."""
    rows = Approval.objects.select_related("deal__owner", "requested_by")
    approval = rows.filter(pk=event.approval_id).first()
    if approval is None:
        return
    deal = approval.deal
    text = f"{deal.title} was {approval.state}. {approval.reason}".strip()
    for person in {approval.requested_by, deal.owner} - {None}:
        _tell(person, meta, approval, "approval.decided", text)


@on(events.ActivityCompleted, events.ActivityCreated)
def plan_follow_up(event: events.ActivityCompleted | events.ActivityCreated, meta: Meta) -> None:
    """A day after a meeting or demo comes the follow-up."""
    if event.type not in {"meeting", "demo"}:
        return
    rows = Activity.objects.select_related("contact", "lead", "deal", "actor")
    row = rows.filter(pk=event.activity_id).first()
    if row is None or row.completed_at is None:
        return
    create_activity(
        actor=Actor.system("follow-up"),
        type="task",
        subject=f"Follow up: {row.subject}"[:200],
        contact=row.contact,
        lead=row.lead,
        deal=row.deal,
        assignee=row.actor,
        due_at=row.completed_at + FOLLOW_UP_AFTER,
        source_key=f"follow-up:{row.pk}",
    )


@on(events.ActivityCreated)
def tell_assignee(event: events.ActivityCreated, meta: Meta) -> None:
    """A task that somebody gives to somebody else is announced in the product."""
    rows = Activity.objects.select_related("actor").filter(completed_at=None)
    row = rows.filter(pk=event.activity_id).first()
    giver = meta.actor.user_id
    if row is not None and giver is not None and row.actor_id not in {None, giver}:
        text = f"{meta.actor} gave you: {row.subject}"
        _tell(row.actor, meta, row, "activity.assigned", text, email=False)


@on(events.ActivityCreated, events.ActivityCompleted)
def end_silence(event: events.ActivityCreated | events.ActivityCompleted, meta: Meta) -> None:
    """A lead that lost points by silence gets them back when something happens."""
    leads = Lead.objects.filter(
        contact_id=event.contact_id, status__in=("new", "contacted", "qualified")
    )
    for lead in leads:
        if any(reason["factor"] == "silence" for reason in lead.score_reasons):
            rescore_lead(lead, actor=Actor.system("score"))


@on(
    events.DealWon,
    events.DealLost,
    events.DealAbandoned,
    events.DealReopened,
    events.LeadDisqualified,
    events.LeadReopened,
)
def teach_score(
    event: events.DealWon
    | events.DealLost
    | events.DealAbandoned
    | events.DealReopened
    | events.LeadDisqualified
    | events.LeadReopened,
    meta: Meta,
) -> None:
    """The score learns from how the lead stands now; what was taken back is un-learned."""
    lead = _lead(event.lead_id) if event.lead_id else None
    if lead is not None:
        learn_outcome(lead, actor=Actor.system("score"), outcome=outcome_of(lead))


def outcome_of(lead: Lead) -> str:
    """Return won, lost, or "" while the lead is open."""
    if lead.status == Lead.Status.DISQUALIFIED:
        return "lost"
    deal = lead.converted_deal
    return {"won": "won", "lost": "lost", "abandoned": "lost"}.get(deal.status, "") if deal else ""


@on(events.ImportRequested)
def run_import(event: events.ImportRequested, meta: Meta) -> None:
    """Import a slice of the file; a longer file comes back for the next one."""
    run = ImportRun.objects.filter(pk=event.importrun_id).first()
    if run is not None and not carry_on(run, actor=meta.actor, seconds=IMPORT_SLICE):
        raise Postpone(0, f"{run.next_row:,} of {run.total:,} rows")
