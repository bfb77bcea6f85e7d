"""Deals are opened, changed, moved, closed, opened again and given to somebody else."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from accounts.actor import TRUSTED, Actor
from accounts.models import User, Workspace
from core import clock
from core.actions import action
from core.errors import Invalid, NotFound, Refused
from core.events import publish
from crm import events
from crm.actions.approvals import void_approvals
from crm.actions.changes import answered, differences, only
from crm.actions.contacts import become_customer, locked
from crm.actions.lines import check_list, check_money, make_lines
from crm.actions.notes import touch
from crm.actions.owners import check_seller, first_owner
from crm.actions.pipelines import starting_pipeline
from crm.actions.recording import delete_recorded
from crm.actions.rotting import recount, touch_deals
from crm.actions.scores import refresh_contact_score
from crm.deal_rules import refusal
from crm.forms import deals as forms
from crm.forms.fields import ReassignForm
from crm.forms.leads import NothingForm
from crm.models import Contact, Deal, DealLine, Lead, Pipeline, PriceList, Stage
from crm.queries.approvals import approval_missing
from crm.queries.deals import entry_blockers, reopen_blockers
from crm.queries.pipelines import first_stage, proposal_stage

FACTS = (
    "title", "value_minor", "currency", "expected_close_on", "agreed_on", "price_list", "custom",
)  # fmt: skip
BOUND = ("value_minor", "currency", "lines")
MOST_MINOR = 10**16


@action("deal.create", permission="deal:create", form=forms.CreateDealForm)
def create_deal(
    *,
    actor: Actor,
    contact: Contact,
    title: str,
    value_minor: int | None = None,
    currency: str = "",
    owner: User | None = None,
    pipeline: Pipeline | None = None,
    stage: Stage | None = None,
    expected_close_on: date | None = None,
    probability: int | None = None,
    lead: Lead | None = None,
    **facts: Any,
) -> Deal:
    """Open a deal with a contact; a lead becomes a deal by `lead.convert` only. Publishes DealCreated."""
    if not actor.can("contact:read", contact):
        raise NotFound
    if lead is not None:
        raise Refused(_("Convert the lead instead: that opens its one deal."))
    only(facts, FACTS)
    facts["custom"] = answered({}, facts.get("custom"))
    deal = open_deal(
        actor,
        contact=contact,
        title=title,
        value_minor=value_minor or 0,
        currency=currency,
        owner=first_owner(actor, owner, "deal:reassign"),
        pipeline=pipeline,
        stage=stage,
        expected_close_on=expected_close_on,
        probability=probability,
        **facts,
    )
    if stage is not None:
        _check_entry(deal, actor, stage)
    check_list(deal, deal.price_list)
    return deal


@action("deal.update", permission="deal:update", form=forms.UpdateDealForm)
def update_deal(deal: Deal, *, actor: Actor, version: int | None = None, **facts: Any) -> Deal:
    """Correct an open deal. Publishes DealUpdated; another value voids its approvals.

    `stage` and `probability` are taken too. Refused ("stale") when somebody was first.
    """
    deal.check_version(version)
    stage = facts.pop("stage", None)
    set_probability = "probability" in facts
    probability = facts.pop("probability", None)
    only(facts, FACTS)
    _check("edit", deal)
    if facts.get("value_minor", 0) is None:
        facts["value_minor"] = 0
    if facts.get("currency") == "":
        del facts["currency"]
    if set_probability:
        facts["probability_is_manual"] = probability is not None
        facts["probability"] = deal.stage.probability if probability is None else probability
    if "custom" in facts:
        facts["custom"] = answered(deal.custom, facts["custom"])
    check_money(deal, facts)
    changes = differences(deal, facts)
    if changes:
        deal.store(**{name: facts[name] for name in changes})
        _say_updated(deal, actor, changes)
    if stage is not None and stage.pk != deal.stage_id:
        _move(deal, actor, stage)
    return deal


@action("deal.set_lines", permission="deal:update", form=forms.SetLinesForm)
def set_lines(
    deal: Deal,
    *,
    actor: Actor,
    lines: Sequence[Mapping[str, Any]],
    price_list: PriceList | None = None,
    reprice: bool = False,
    version: int | None = None,
) -> Deal:
    """Replace the lines of an open deal; its value becomes their sum. Publishes DealUpdated.

    A line is {item, description, quantity, unit_price | unit_price_minor}. A price left empty, or with `reprice`
    the price of every item, comes from the price list (the one given, the deal's, the customer's), else the catalog.
    """
    deal.check_version(version)
    _check("lines", deal)
    if price_list is not None and price_list.pk != deal.price_list_id:
        check_list(deal, price_list)
        deal.price_list = price_list
    rows = make_lines(deal, lines, reprice=reprice)
    before = [
        (row.item_id, row.description, row.quantity, row.unit_price_minor) for row in deal.lines.order_by("order", "id")
    ]
    after = [(row.item_id, row.description, row.quantity, row.unit_price_minor) for row in rows]
    value = sum(row.total_minor for row in rows) if rows else deal.value_minor
    if value > MOST_MINOR:
        raise Invalid({"lines": [_("The lines add up to more than a deal can be worth.")]})
    if before == after and value == deal.value_minor:
        if deal.price_list is price_list and price_list is not None:
            deal.store("price_list")
        return deal
    deal.lines.all().delete()
    DealLine.objects.bulk_create(rows)
    changes = differences(deal, {"value_minor": value}) | {"lines": [len(before), len(after)]}
    deal.store("price_list", value_minor=value)
    _say_updated(deal, actor, changes)
    return deal


@action("deal.move", permission="deal:update", form=forms.MoveDealForm)
def move_deal(deal: Deal, *, actor: Actor, stage: Stage) -> Deal:
    """Move an open deal to another stage of its pipeline. Publishes DealMoved.

    Refused ("entry_guard") where the stage, or the playbook that the deal follows, asks for something first.
    """
    _check("move", deal)
    if stage.pk != deal.stage_id:
        _move(deal, actor, stage)
    return deal


@action("deal.proposal_sent", permission=None)
def note_proposal_sent(deal: Deal, *, actor: Actor) -> Deal:
    """Note that a proposal is out: an open deal moves to the stage that says so, never back. Publishes DealMoved."""
    if deal.status != Deal.Status.OPEN:
        return deal
    if deal.proposal_sent_at is None:
        deal.store(proposal_sent_at=clock.now())
    stage = proposal_stage(deal.pipeline_id)
    if stage is not None and stage.order > deal.stage.order:
        _move(deal, Actor.system("proposal", request_id=actor.request_id), stage)
    return deal


@action("deal.win", permission="deal:close-won", form=forms.WinDealForm)
def win_deal(deal: Deal, *, actor: Actor, closed_on: date | None = None) -> Deal:
    """Mark an open deal won: the contact becomes a customer. Publishes DealWon.

    Refused without a close date, and for a large deal without a manager's approval. The lead's
    stage stays: only a verified payment makes it PAID.
    """
    _check("win", deal)
    today = clock.today(Workspace.current().timezone)
    if closed_on is None and deal.expected_close_on is None:
        raise Refused(
            _("Give the date on which the deal closed, or an expected close date."), code="close_date_required"
        )
    if closed_on is not None and closed_on > today:
        raise Invalid({"closed_on": [_("A deal cannot be won in the future.")]})
    if missing := approval_missing(deal):
        raise Refused(missing, code="needs_approval")
    deal.win(closed_on=closed_on or today, at=clock.now())
    deal.store("status", "closed_on", "won_at", "lost_at", "expected_close_on", probability=100)
    touch(contact=deal.contact)
    become_customer(deal.contact, actor=actor)
    _after_close(deal)
    publish(
        events.DealWon(
            **_facts(deal),
            lead_id=deal.lead_id,
            value_minor=deal.value_minor,
            currency=deal.currency,
            closed_on=deal.closed_on or today,
        ),
        actor=actor,
    )
    return deal


@action("deal.lose", permission="deal:close-lost", form=forms.LoseDealForm)
def lose_deal(deal: Deal, *, actor: Actor, reason: str) -> Deal:
    """Mark an open deal lost, for a reason. Publishes DealLost."""
    if not reason.strip():
        raise Invalid({"reason": [_("Say why the deal was lost.")]})
    _check("lose", deal)
    today = clock.today(Workspace.current().timezone)
    deal.lose(reason=reason.strip()[:200], closed_on=today, at=clock.now())
    deal.store("status", "lost_reason", "closed_on", "lost_at", probability=0)
    _after_close(deal)
    publish(events.DealLost(**_facts(deal), lead_id=deal.lead_id, reason=deal.lost_reason), actor=actor)
    return deal


@action("deal.abandon", permission="deal:abandon", form=NothingForm)
def abandon_deal(deal: Deal, *, actor: Actor) -> Deal:
    """Give an open deal up. Publishes DealAbandoned."""
    _check("abandon", deal)
    deal.abandon(closed_on=clock.today(Workspace.current().timezone))
    deal.store("status", "closed_on", probability=0)
    _after_close(deal)
    publish(events.DealAbandoned(**_facts(deal), lead_id=deal.lead_id), actor=actor)
    return deal


@action("deal.reopen", permission="deal:reopen", form=NothingForm)
def reopen_deal(deal: Deal, *, actor: Actor) -> Deal:
    """Open a won deal again within 30 days; its approvals are void. Publishes DealReopened.

    The contact is a customer no more, unless another of its deals is won.
    """
    if blockers := reopen_blockers(deal):
        raise Refused(" ".join(blockers))
    deal.reopen(at=clock.now())
    chance = deal.probability if deal.probability_is_manual else deal.stage.probability
    deal.store("status", "closed_on", "won_at", "reopened_at", probability=chance)
    touch_deals([deal.pk])
    void_approvals(deal, actor, "the deal was reopened")
    contact = locked(deal.contact)
    is_customer = contact.stage == Contact.Stage.CUSTOMER
    if is_customer and not Deal.objects.filter(contact=contact, status="won").exists():
        contact.store(stage=Contact.Stage.QUALIFIED.value)
    refresh_contact_score(deal.contact_id)
    publish(events.DealReopened(**_facts(deal), lead_id=deal.lead_id), actor=actor)
    return deal


@action("deal.reassign", permission="deal:reassign", form=ReassignForm)
def reassign_deal(deal: Deal, *, actor: Actor, owner: User) -> Deal:
    """Give a deal to another owner. Publishes DealAssigned."""
    check_seller(owner)
    previous = deal.owner_id
    if previous != owner.pk:
        deal.store(owner=owner)
        publish(events.DealAssigned(**_facts(deal), previous_owner_id=previous), actor=actor)
    return deal


@action("deal.delete", permission="deal:delete", form=NothingForm)
def delete_deal(deal: Deal, *, actor: Actor) -> None:
    """Delete a deal that neither won nor came from a lead. Publishes DealDeleted."""
    _check("delete", deal)
    pk, contact_id = deal.pk, deal.contact_id
    try:
        delete_recorded(deal, actor=actor, permission="deal:delete")
    except ProtectedError:
        raise Refused(_("This deal has proposals or invoices. Abandon it instead."), code="in_use") from None
    publish(events.DealDeleted(deal_id=pk, contact_id=contact_id), actor=actor)


def open_deal(
    actor: Actor,
    *,
    contact: Contact,
    title: str,
    value_minor: int,
    currency: str,
    owner: User | None,
    pipeline: Pipeline | None = None,
    stage: Stage | None = None,
    probability: int | None = None,
    **facts: Any,
) -> Deal:
    """Insert an open deal within another action. Publishes DealCreated."""
    if stage is None:
        pipeline = pipeline or starting_pipeline(actor)
        stage = first_stage(pipeline)
    if stage is None:
        raise Refused(_("This pipeline has no stages. Add one first."))
    if pipeline is not None and stage.pipeline_id != pipeline.pk:
        raise Invalid({"stage": [_("Choose a stage of the deal’s pipeline.")]})
    if not (pipeline or stage.pipeline).is_active:
        raise Invalid({"stage": [_("This pipeline takes no new deals.")]})
    deal = Deal(
        contact=contact,
        title=title[:200],
        value_minor=value_minor,
        currency=currency or Workspace.current().currency,
        owner=owner,
        pipeline_id=stage.pipeline_id,
        stage=stage,
        stage_since=clock.now(),
        last_touch_at=clock.now(),
        probability=stage.probability if probability is None else probability,
        probability_is_manual=probability is not None,
        **facts,
    )
    deal.insert()
    recount([deal])
    publish(events.DealCreated(**_facts(deal), lead_id=deal.lead_id), actor=actor)
    return deal


def _check(verb: str, deal: Deal) -> None:
    if reason := refusal(verb, deal):
        raise Refused(reason)


def _check_entry(deal: Deal, actor: Actor, stage: Stage) -> None:
    """Hold people and workflows to what the stage asks; the house itself only notes what has happened."""
    if actor.kind not in TRUSTED and (found := entry_blockers(deal, stage)):
        raise Refused(
            _("Not yet in “%(stage)s”. %(reasons)s") % {"stage": stage.name, "reasons": " ".join(found)},
            code="entry_guard",
        )


def _move(deal: Deal, actor: Actor, stage: Stage) -> None:
    if stage.pipeline_id != deal.pipeline_id:
        raise Invalid({"stage": [_("Choose a stage of the deal’s pipeline.")]})
    _check_entry(deal, actor, stage)
    previous = deal.stage
    chance = deal.probability if deal.probability_is_manual else stage.probability
    sent_at = deal.proposal_sent_at or (clock.now() if stage.is_proposal_sent else None)
    deal.store(stage=stage, stage_since=clock.now(), probability=chance, proposal_sent_at=sent_at)
    touch_deals([deal.pk])
    named: dict[str, Any] = {"stage": stage.name, "previous_stage": previous.name, "previous_stage_id": previous.pk}
    publish(events.DealMoved(**_facts(deal), stage_id=stage.pk, **named), actor=actor)


def _say_updated(deal: Deal, actor: Actor, changes: dict[str, list[Any]]) -> None:
    if bound := [name for name in BOUND if name in changes]:
        what = "what is sold" if bound == ["lines"] else f"the value to {deal.value}"
        void_approvals(deal, actor, f"{actor} changed {what}")
    publish(events.DealUpdated(**_facts(deal), changes=changes), actor=actor)


def _after_close(deal: Deal) -> None:
    recount([deal])
    void_approvals(deal, None)
    refresh_contact_score(deal.contact_id)


def _facts(deal: Deal) -> dict[str, Any]:
    return {"deal_id": deal.pk, "contact_id": deal.contact_id, "owner_id": deal.owner_id}
