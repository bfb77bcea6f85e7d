"""The second pair of eyes on a large deal: asked for, given or refused."""

from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import clock
from core.actions import action, lock
from core.errors import Denied, Invalid, Refused
from core.events import publish
from crm.deal_rules import APPROVED, refusal
from crm.events import ApprovalDecided, ApprovalRequested, ApprovalVoided
from crm.forms.approvals import RejectDealForm, RequestApprovalForm
from crm.forms.leads import NothingForm
from crm.models import Approval, Deal
from crm.queries.approvals import deal_fingerprint, is_approved, needs_approval


@action("deal.request_approval", permission="deal:update", form=RequestApprovalForm)
def request_approval(deal: Deal, *, actor: Actor, note: str = "") -> Approval:
    """Ask a manager to approve exactly this value and these lines. Publishes ApprovalRequested.

    Asking again while a request waits returns that request.
    """
    if reason := refusal("approval", deal):
        raise Refused(reason)
    if not needs_approval(deal):
        raise Refused(_("A deal of this size needs no approval."))
    if is_approved(deal):
        raise Refused(APPROVED)
    mark = deal_fingerprint(deal)
    waiting = Approval.objects.filter(deal=deal, state=Approval.State.PENDING).first()
    if waiting is not None:
        return waiting
    approval = Approval.objects.create(
        deal=deal,
        requested_by=actor.user,
        fingerprint=mark,
        value_minor=deal.value_minor,
        currency=deal.currency,
        note=note,
    )
    publish(ApprovalRequested(approval.pk, deal.pk, deal.contact_id, requested_by_id=actor.user_id), actor=actor)
    return approval


@action("deal.approve", permission="deal:approve", form=NothingForm)
def approve_deal(approval: Approval, *, actor: Actor) -> Approval:
    """Say yes to a large deal: a person who neither owns it nor asked. Publishes ApprovalDecided."""
    deal = _open_for_decision(approval, actor)
    if deal_fingerprint(deal) != approval.fingerprint:
        raise Refused(_("The deal changed since it was asked for. Ask for approval again."))
    return _decide(approval, actor, Approval.State.APPROVED, "")


@action("deal.reject", permission="deal:approve", form=RejectDealForm)
def reject_deal(approval: Approval, *, actor: Actor, reason: str) -> Approval:
    """Say no to a large deal, for a reason. Publishes ApprovalDecided."""
    if not reason.strip():
        raise Invalid({"reason": [_("Say why the deal is not approved.")]})
    _open_for_decision(approval, actor)
    return _decide(approval, actor, Approval.State.REJECTED, reason.strip())


def void_approvals(deal: Deal, actor: Actor | None, why: str = "") -> None:
    """Void what was asked or approved about an earlier form of the deal, saying why. Publishes ApprovalVoided.

    Without an actor the deal is closed: what still waits is quietly dropped, what was approved stands.
    """
    states = ("pending", "approved") if actor else ("pending",)
    for row in Approval.objects.filter(deal=deal, state__in=states):
        row.store(state=Approval.State.VOID.value, reason=why[:300])
        if actor:
            named = (row.pk, deal.pk, deal.contact_id)
            publish(ApprovalVoided(*named), actor=actor)


def _open_for_decision(approval: Approval, actor: Actor) -> Deal:
    deal = lock(approval.deal)
    assert isinstance(deal, Deal)
    if actor.user_id is None:
        raise Denied(_("Only a person can approve a deal."))
    if actor.user_id in {deal.owner_id, approval.requested_by_id}:
        raise Denied(_("Somebody else must decide: not the deal’s owner, nor who asked."))
    if approval.state == Approval.State.VOID and approval.reason:
        raise Refused(
            _("Not decided: %(reason)s. Look again when you are asked again.") % {"reason": approval.reason},
            code="stale",
        )
    if approval.state != Approval.State.PENDING:
        raise Refused(_("This request is %(state)s already.") % {"state": approval.get_state_display().lower()})
    if deal.status != "open":
        raise Refused(_("This deal is not open any more."))
    return deal


def _decide(approval: Approval, actor: Actor, state: Approval.State, reason: str) -> Approval:
    approval.store(state=state.value, reason=reason[:300], decided_by=actor.user, decided_at=clock.now())
    publish(
        ApprovalDecided(
            approval.pk, approval.deal_id, approval.deal.contact_id, state=state.value, decided_by_id=actor.user_id
        ),
        actor=actor,
    )
    return approval
