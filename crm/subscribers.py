"""What follows when something happened to a lead, a deal or an activity: people are told, tasks are planned."""

from datetime import timedelta
from typing import Any

from django.db.models import Q

from accounts.actions.notify import notify
from accounts.actor import Actor
from accounts.events import WorkspaceUpdated
from accounts.models import User, Workspace
from accounts.permissions import people_who_can
from accounts.queries.people import managers_of
from core import clock
from core.errors import HouseError, Refused
from core.events import Meta, Postpone, on
from core.money import format_money
from crm import events
from crm.actions.activities import create_activity, follow_up_key
from crm.actions.bulk import carry_on_changing
from crm.actions.deals import win_deal
from crm.actions.duplicates import request_scan, scan_contacts, scan_part, scan_some
from crm.actions.imports import carry_on
from crm.actions.leads import rescore_lead
from crm.actions.merging import settle_unmerge
from crm.actions.operations import carry_on_undoing
from crm.actions.processes import advance_process, begin_processes, resume_process
from crm.actions.rotting import recount_all
from crm.actions.scoring import learn_outcome
from crm.actions.tickets import recount_tickets
from crm.forms.calls import due_after
from crm.lead_rules import WORKING
from crm.models import MEETINGS, Activity, Approval, Deal, ImportRun, Lead, Operation, Process
from crm.models.search import prepare
from crm.staging import Busy

SCORE_ALERT = 20
NEWLY_MINE = "/leads/?view=mine&sort=-updated_at"
MY_TASKS = "/tasks/?view=mine"
SLICE = 20.0  # seconds; well below the lease of a delivery
FOLLOW_UP_AFTER = timedelta(hours=24)


def _tell(user: User | None, meta: Meta, row: Any, kind: str, text: str, *, email: bool = True, **told: str) -> None:
    if user is not None and user.is_active:
        deal = row.deal if isinstance(row, Approval) else row
        told = {"key": f"{meta.key}:{user.pk}", "url": deal.get_absolute_url()} | told
        notify(user, actor=Actor.system("crm"), kind=kind, text=text, email=email, **told)


def _lead(pk: int) -> Lead | None:
    return Lead.objects.select_related("contact", "owner", "converted_deal").filter(pk=pk).first()


def _deal(pk: int) -> Deal | None:
    return Deal.objects.select_related("contact", "owner", "lead").filter(pk=pk).first()


def _given(
    operation_id: int | None, owner_id: int | None, meta: Meta, *, text: str, nouns: str, url: str
) -> tuple[str, dict[str, str]]:
    """What a person is told of a row that was given to them, and where it leads: of many at once, once for all."""
    many = Operation.objects.filter(pk=operation_id, details__verb="reassign").first()
    if many is None or many.total <= 1:
        return text, {}
    if many.state == Operation.State.RUNNING:
        raise Postpone(5, str(many))
    place = {"url": url, "key": f"operation:{many.pk}:{owner_id}"}
    return f"{meta.actor} gave you {many.row_count:,} {nouns}.", place


@on(events.LeadAssigned)
def tell_owner_of_lead(event: events.LeadAssigned, meta: Meta) -> None:
    """The rep who gets a lead is alerted, unless they took it themselves; of many at once, once for all."""
    lead = _lead(event.lead_id)
    if lead is None or lead.owner_id != event.owner_id or event.owner_id == meta.actor.user_id:
        return
    text = f"{lead.title} is yours: score {lead.score}, {lead.temperature}. {event.reason}"
    text, place = _given(event.operation_id, event.owner_id, meta, text=text, nouns="leads", url=NEWLY_MINE)
    _tell(lead.owner, meta, lead, "lead.assigned", text, **place)


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
def start_sales_process(event: events.LeadConverted, meta: Meta) -> None:
    """The sales process starts with its first tasks."""
    deal = _deal(event.deal_id)
    if deal is not None and deal.status == "open":
        begin_processes(deal, actor=Actor.system("playbook"), starts_on="lead.converted")


@on(events.DealWon)
def start_onboarding(event: events.DealWon, meta: Meta) -> None:
    """A new customer's onboarding starts with the deal; a payment that came before has started it already."""
    deal = _deal(event.deal_id)
    if deal is not None and deal.status == "won":
        begin_processes(deal, actor=Actor.system("playbook"), starts_on="deal.won")


@on(
    events.ActivityCompleted,
    events.ActivityDeleted,
    events.ApprovalDecided,
    events.DealAbandoned,
    events.DealLost,
    events.DealMoved,
    events.DealUpdated,
    events.DealWon,
    events.LeadProposalSent,
)
def advance_processes(event: Any, meta: Meta) -> None:
    """What a deal follows goes on; the last task of the sales process wins the deal for the person who ticked it."""
    for process in Process.objects.filter(deal=event.deal_id, state="running"):
        ended = advance_process(process, actor=meta.actor)
        deal = _deal(ended.deal_id)
        if ended.state != "done" or not ended.playbook.wins_deal or deal is None:
            continue
        try:
            if not meta.actor.is_person:
                raise Refused("A person decides that.")
            day = clock.today(Workspace.current().timezone)
            win_deal(deal, actor=meta.actor, key=meta.key, closed_on=day)
        except HouseError as refusal:
            text = f"All steps of {deal.title} are done. Mark it won: {refusal.message}"
            _tell(deal.owner, meta, deal, "deal.ready", text)


@on(events.DealReopened)
def resume_processes(event: events.DealReopened, meta: Meta) -> None:
    """A deal that is open again goes on with its sales process where it stopped."""
    for process in Process.objects.filter(deal=event.deal_id, state="stopped", playbook__starts_on="lead.converted"):
        resume_process(process, actor=meta.actor)


@on(events.ActivityCreated, events.ActivityUpdated, events.ActivityCompleted, events.ActivityDeleted)
def recount_deal(event: Any, meta: Meta) -> None:
    """Planned work lets a deal rest."""
    if event.deal_id:
        recount_all(Deal.objects.filter(pk=event.deal_id))


@on(events.PipelineChanged)
def recount_pipeline(event: events.PipelineChanged, meta: Meta) -> None:
    """Another limit of a stage changes which of its deals are stuck."""
    recount_all(Deal.objects.open().filter(pipeline=event.pipeline_id))


@on(events.HolidaysChanged, WorkspaceUpdated)
def recount_deals(event: events.HolidaysChanged | WorkspaceUpdated, meta: Meta) -> None:
    """Another calendar changes which deals are stuck, and by when tickets are due."""
    if isinstance(event, events.HolidaysChanged) or {"working_hours", "timezone"} & set(event.changes):
        recount_all(Deal.objects.open())
        recount_tickets()


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
    """A day after a meeting or demo comes the follow-up, or what its person chose instead; at most one."""
    if event.type not in MEETINGS or event.next == "none":
        return
    rows = Activity.objects.select_related("contact", "lead", "deal", "actor")
    row = rows.filter(pk=event.activity_id).first()
    if row is None or row.completed_at is None:
        return
    zone = row.actor.timezone if row.actor else Workspace.current().timezone
    create_activity(
        actor=Actor.system("follow-up"),
        type="task",
        subject=f"Follow up: {row.subject}"[:200],
        contact=row.contact,
        lead=row.lead,
        deal=row.deal,
        assignee=row.actor,
        due_at=due_after(event.next, zone) if event.next else row.completed_at + FOLLOW_UP_AFTER,
        source_key=follow_up_key(row.pk),
    )


@on(events.ActivityCreated, events.ActivityAssigned)
def tell_assignee(event: events.ActivityCreated | events.ActivityAssigned, meta: Meta) -> None:
    """A task that somebody gives to somebody else is announced in the product; many at once, once for all."""
    rows = Activity.objects.select_related("actor").filter(completed_at=None)
    row = rows.filter(pk=event.activity_id).first()
    giver = meta.actor.user_id
    if row is not None and giver is not None and row.actor_id == event.actor_id not in {None, giver}:
        text = f"{meta.actor} gave you: {row.subject}"
        operation = getattr(event, "operation_id", None)
        text, place = _given(operation, row.actor_id, meta, text=text, nouns="tasks", url=MY_TASKS)
        _tell(row.actor, meta, row, "activity.assigned", text, email=False, **place)


@on(events.ActivityCreated, events.ActivityCompleted)
def end_silence(event: events.ActivityCreated | events.ActivityCompleted, meta: Meta) -> None:
    """A lead that lost points by silence gets them back when something happens."""
    leads = Lead.objects.filter(contact_id=event.contact_id, status__in=WORKING)
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
    try:
        if run is not None and not carry_on(run, actor=meta.actor, seconds=SLICE):
            raise Postpone(0, f"{run.next_row:,} of {run.total:,} rows")
    except Busy:
        raise Postpone(5, "Another worker has the rows.") from None


@on(events.ImportFinished)
def restore_search(event: events.ImportFinished, meta: Meta) -> None:
    """Build the search index anew that a very large import let go of; nothing to do where it stands."""
    prepare(aside=True)


@on(events.OperationRequested)
def carry_on_operation(event: events.OperationRequested, meta: Meta) -> None:
    """Change, or take back, what fits into a slice of time; a larger operation comes back for the next one."""
    operation = Operation.objects.filter(pk=event.operation_id).first()
    if operation is None:
        return
    undoing = operation.state == Operation.State.UNDOING
    carry_on = carry_on_undoing if undoing else carry_on_changing
    if not carry_on(operation, actor=meta.actor, seconds=SLICE):
        raise Postpone(0, str(operation))


@on(events.OperationUndone)
def teach_score_again(event: events.OperationUndone, meta: Meta) -> None:
    """The score un-learns outcomes that were undone."""
    of_step = Q(pk__in=event.lead_ids) | Q(deals__in=event.deal_ids)
    for lead in Lead.objects.filter(of_step).select_related("converted_deal").distinct():
        learn_outcome(lead, actor=Actor.system("score"), outcome=outcome_of(lead))


@on(events.ContactCreated, events.ContactUpdated, events.ContactMerged)
def look_for_twins(event: events.ContactCreated | events.ContactUpdated | events.ContactMerged, meta: Meta) -> None:
    """Who came, changed or was merged is compared with everybody else."""
    scan_contacts(actor=Actor.system("radar"), ids=[event.contact_id])


@on(events.OperationUndone)
def settle_after_undo(event: events.OperationUndone, meta: Meta) -> None:
    """After an unmerge rows made since find their place; contacts that changed or came back are compared again."""
    operation = Operation.objects.filter(pk=event.operation_id, kind=Operation.Kind.MERGE).first()
    if operation is not None:
        settle_unmerge(operation, actor=Actor.system("unmerge"))
    if scan_some(Actor.system("radar"), event.contact_ids, seconds=SLICE):
        raise Postpone(0, "more contacts to compare")


@on(events.DuplicateScanRequested)
def carry_on_scan(event: events.DuplicateScanRequested, meta: Meta) -> None:
    """Compare what fits into a slice of time; the rest is asked for anew."""
    left = scan_part(meta.actor, event.after, event.phase, seconds=SLICE)
    if left is not None:
        request_scan(actor=meta.actor, key=meta.key, after=left[0], phase=left[1])


@on(events.ImportFinished)
def look_for_imported_twins(event: events.ImportFinished, meta: Meta) -> None:
    """What a file brought is compared once it is in; a long one comes back for the next slice."""
    if scan_some(Actor.system("radar"), seconds=SLICE):
        raise Postpone(0, "more contacts to compare")
