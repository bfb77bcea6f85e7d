"""Leads come in, move along their two machines, change hands and leave."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import User, Workspace
from core import clock
from core.actions import action
from core.errors import Invalid, Refused
from core.events import publish
from crm import events, lead_rules, scoring
from crm.actions import intake
from crm.actions.changes import answered, differences, only
from crm.actions.contacts import locked
from crm.actions.deals import note_proposal_sent, open_deal
from crm.actions.notes import jot_on_lead, touch
from crm.actions.owners import check_seller
from crm.actions.recording import current_operation, delete_recorded, recording
from crm.actions.scores import SCORE_FIELDS, refresh_contact_score, rescore
from crm.forms import leads as forms
from crm.models import Activity, Contact, Deal, Lead
from crm.queries.approvals import approval_missing
from crm.queries.consent import may_contact
from crm.queries.leads import open_lead_of

FACTS = (
    "title", "business_name", "industry", "city", "region", "estimated_value_minor", "currency",
    "next_step", "custom",
)  # fmt: skip
SCORED = ("business_name", "industry", "city", "estimated_value_minor")
EXPECTED_CLOSE_DAYS = 30
INTERESTED = ("interested", "asking_price")


@action("lead.create", permission="lead:create", form=forms.CreateLeadForm)
def create_lead(
    *,
    actor: Actor,
    email: str = "",
    phone: str = "",
    first_name: str = "",
    last_name: str = "",
    business_name: str = "",
    industry: str = "",
    city: str = "",
    country: str = "",
    region: str = "",
    source: str = Contact.Source.MANUAL.value,
    title: str = "",
    note: str = "",
    owner: User | None = None,
    contact: Contact | None = None,
    facts: Mapping[str, Any] | None = None,
    utm: Mapping[str, Any] | None = None,
    estimated_value_minor: int | None = None,
    currency: str = "",
    consent: intake.Consents = None,
    on_duplicate: str = "refuse",
    custom: Mapping[str, Any] | None = None,
) -> Lead:
    """Take in a lead: de-duplicated, scored and assigned in one go.

    An open lead of the same contact is refused ("duplicate"), or with on_duplicate="join" refreshed.
    Publishes LeadCreated and LeadAssigned, or LeadJoined.
    """
    newcomer = intake.Newcomer(email, phone, first_name, last_name, business_name, industry, city, country)
    return intake.take_in(
        newcomer,
        actor,
        contact=contact,
        owner=owner,
        joins=on_duplicate == "join",
        facts=scoring.facts_of(dict(facts or {}), note=note),
        consent=consent,
        note=note,
        title=title[:200],
        region=region,
        source=source,
        utm=dict(utm or {}),
        estimated_value_minor=estimated_value_minor,
        currency=currency,
        custom=answered({}, custom),
    )


@action("lead.update", permission="lead:update", form=forms.UpdateLeadForm)
def update_lead(lead: Lead, *, actor: Actor, version: int | None = None, **facts: Any) -> Lead:
    """Correct a lead; what the score looks at scores it anew. Publishes LeadUpdated.

    Refused ("stale") when somebody was first.
    """
    lead.check_version(version)
    only(facts, FACTS)
    if "custom" in facts:
        facts["custom"] = answered(lead.custom, facts["custom"])
    changes = differences(lead, facts)
    if not changes:
        return lead
    for name in changes:
        setattr(lead, name, facts[name])
    if changes.keys() & set(SCORED):
        rescore(lead, actor)
    lead.store(*changes, *SCORE_FIELDS)
    refresh_contact_score(lead.contact_id)
    publish(events.LeadUpdated(**_facts(lead), changes=changes), actor=actor)
    return lead


@action("lead.delete", permission="lead:delete", form=forms.NothingForm)
def delete_lead(lead: Lead, *, actor: Actor) -> None:
    """Delete a lead that nobody wrote to; the contact stays. Publishes LeadDeleted."""
    _refuse(lead, "delete")
    happening = events.LeadDeleted(**_facts(lead))
    delete_recorded(lead, actor=actor, permission="lead:delete")
    refresh_contact_score(happening.contact_id)
    publish(happening, actor=actor)


@action("lead.rescore", permission="lead:update", form=forms.NothingForm)
def rescore_lead(lead: Lead, *, actor: Actor) -> Lead:
    """Score a lead by what is known now. Publishes LeadScored when that changes it."""
    before = (lead.score, lead.score_reasons)
    rescore(lead, actor)
    if before == (lead.score, lead.score_reasons):
        return lead
    lead.save(update_fields=SCORE_FIELDS)  # not an edit, so the version stays
    refresh_contact_score(lead.contact_id)
    return lead


@action("lead.reassign", permission="lead:reassign", form=forms.ReassignLeadForm)
def reassign_lead(lead: Lead, *, actor: Actor, owner: User, reason: str = "") -> Lead:
    """Give a lead to another owner; a contact of the previous owner goes along. Publishes LeadAssigned."""
    check_seller(owner)
    previous = lead.owner_id
    if previous == owner.pk:
        return lead
    contact = locked(lead.contact)
    if contact.owner_id == previous:
        contact.store(owner=owner)
    lead.store(owner=owner, team=None, assigned_reason=reason or f"Given by {actor}.")
    publish(
        events.LeadAssigned(
            **_facts(lead),
            owner_id=owner.pk,
            reason=lead.assigned_reason,
            previous_owner_id=previous,
            operation_id=current_operation(),
        ),
        actor=actor,
    )
    return lead


@action("lead.contacted", permission=None)
def record_outreach(lead: Lead, *, actor: Actor, channel: str = "email") -> Lead:
    """Note that outreach went out, or an outbound call was made. Publishes LeadContacted.

    Refused where the state or the contact's consent forbids outreach; a follow-up changes no state.
    """
    _refuse(lead, "outreach")
    by_other_phone = channel == "phone" and not lead.contact.phone_e164
    verdict = may_contact(lead.contact, channel)
    if not verdict and not by_other_phone:
        raise Refused(verdict.reason, code="no_consent")
    moves = lead.status != Lead.Status.CONTACTED
    lead.contacted_at = lead.contacted_at or clock.now()
    lead.contact_status()
    if lead.stage == Lead.Stage.NEW:
        lead.contact_stage()
    touch(contact=lead.contact)
    if moves:
        lead.store("status", "stage", "contacted_at")
        publish(events.LeadContacted(**_facts(lead), channel=channel), actor=actor)
    return lead


@action("lead.interested", permission="lead:qualify")
def mark_interested(lead: Lead, *, actor: Actor, intent: str, confidence: float) -> Lead:
    """Qualify a lead by what it answered; the score is lifted to 30 where it is below.

    Publishes LeadInterested and LeadQualified. Refused for another intent than interest, and from a
    machine that is less sure than the workspace asks; a person's word needs the score instead.
    """
    _refuse(lead, "interest")
    if intent not in INTERESTED:
        raise Refused(_("Only shown interest or a question about the price qualifies a lead."))
    if actor.is_person:
        _check_score(lead)
    elif confidence < Workspace.current().interest_threshold:
        raise Refused(_("The answer is not clear enough. A person should read it."), code="unsure")
    lead.facts = {**lead.facts, "intent": intent}
    _qualify(lead, actor)
    publish(events.LeadInterested(**_facts(lead), intent=intent, confidence=confidence), actor=actor)
    return lead


@action("lead.qualify", permission="lead:qualify", form=forms.NothingForm)
def qualify_lead(lead: Lead, *, actor: Actor) -> Lead:
    """Qualify a contacted lead by hand; it takes a score of 30. Publishes LeadQualified."""
    _refuse(lead, "interest")
    _check_score(lead)
    _qualify(lead, actor)
    return lead


@action("lead.convert", permission="lead:convert", form=forms.ConvertLeadForm)
def convert_lead(
    lead: Lead,
    *,
    actor: Actor,
    title: str = "",
    value_minor: int | None = None,
    currency: str = "",
    expected_close_on: date | None = None,
) -> Lead:
    """Turn a qualified lead into exactly one open deal, with a note. Publishes LeadConverted, DealCreated.

    What is left empty comes from the lead; the expected close is in 30 days.
    """
    given = {"title": title, "value_minor": value_minor, "currency": currency}
    _convert(lead, actor, **given, expected_close_on=expected_close_on)
    return lead


@action("lead.proposal_sent", permission=None)
def record_proposal_sent(lead: Lead, *, actor: Actor) -> Lead:
    """Note that the proposal reached the lead, converting it first if needed. Publishes LeadProposalSent.

    The deal moves to "Proposal Sent". Refused for a large deal without approval. A newer version
    of a proposal that is out already changes nothing.
    """
    if lead.status == Lead.Status.QUALIFIED:
        _convert(lead, actor)
    _refuse(lead, "proposal")
    if lead.stage == Lead.Stage.PROPOSAL_SENT:
        return lead
    deal = lead.converted_deal
    if deal is None or deal.status != Deal.Status.OPEN:
        raise Refused(_("This lead has no open deal to send a proposal for."))
    if missing := approval_missing(deal):
        raise Refused(missing, code="needs_approval")
    lead.propose_stage()
    lead.store("stage")
    note_proposal_sent(deal, actor=actor)
    touch(contact=lead.contact, deal=deal)
    publish(events.LeadProposalSent(**_facts(lead), deal_id=deal.pk), actor=actor)
    return lead


@action("lead.paid", permission=None)
def record_payment(lead: Lead, *, actor: Actor) -> Lead:
    """Note a verified payment of the proposal that is out. Publishes LeadPaid.

    Refused in any other state: the money is recorded by its own action and needs a review.
    """
    _refuse(lead, "payment")
    lead.pay_stage()
    lead.store("stage")
    touch(contact=lead.contact)
    refresh_contact_score(lead.contact_id)
    publish(events.LeadPaid(**_facts(lead), deal_id=lead.converted_deal_id), actor=actor)
    return lead


@action("lead.disqualify", permission="lead:disqualify", form=forms.DisqualifyLeadForm)
def disqualify_lead(lead: Lead, *, actor: Actor, reason: str) -> Lead:
    """Close a lead that leads nowhere, for a reason; the stage stays. Publishes LeadDisqualified."""
    if not reason.strip():
        raise Invalid({"reason": [_("Say why the lead is disqualified.")]})
    _refuse(lead, "disqualify")
    lead.disqualify_status()
    lead.store("status", disqualification_reason=reason.strip()[:200])
    refresh_contact_score(lead.contact_id)
    publish(events.LeadDisqualified(**_facts(lead), reason=lead.disqualification_reason), actor=actor)
    return lead


@action("lead.reopen", permission="lead:reopen", form=forms.NothingForm)
def reopen_lead(lead: Lead, *, actor: Actor) -> Lead:
    """Give a disqualified lead a second chance; suppression stays. Publishes LeadReopened."""
    _refuse(lead, "reopen")
    other = open_lead_of(lead.contact_id)
    if other is not None:
        raise Refused(_("%(other)s is open for this contact already. Work on that one.") % {"other": other.title})
    lead.reopen_status()
    lead.store("status", disqualification_reason="")
    refresh_contact_score(lead.contact_id)
    publish(events.LeadReopened(**_facts(lead)), actor=actor)
    return lead


def _qualify(lead: Lead, actor: Actor) -> None:
    lead.qualify_status()
    lead.interest_stage()
    touch(contact=lead.contact)
    rescore(lead, actor)
    lead.store("status", "stage", "facts", *SCORE_FIELDS)
    contact = locked(lead.contact)
    if contact.stage == Contact.Stage.PROSPECT:
        contact.store(stage=Contact.Stage.QUALIFIED.value)
    refresh_contact_score(lead.contact_id)
    publish(events.LeadQualified(**_facts(lead), score=lead.score), actor=actor)


def _convert(lead: Lead, actor: Actor, **given: Any) -> None:
    _refuse(lead, "convert")
    title = f"Converted {lead} to a deal"
    with recording("convert", title, actor=actor, permission="lead:convert") as record:
        for model, pointer in ((Lead, "pk"), (Deal, "lead"), (Activity, "lead")):
            record.watch(model._base_manager.filter(**{pointer: lead.pk}))
        _make_deal_of(lead, actor, **given)
        record.details["deal_id"] = lead.converted_deal_id


def _make_deal_of(lead: Lead, actor: Actor, **given: Any) -> None:
    today = clock.today(Workspace.current().timezone)
    value = given.get("value_minor")
    value = lead.estimated_value_minor if value is None else value
    before = {"status": lead.status, "stage": lead.stage, "contact_stage": lead.contact.stage}
    deal = open_deal(
        actor,
        contact=lead.contact,
        lead=lead,
        title=given.get("title") or lead.title,
        value_minor=value or 0,
        currency=given.get("currency") or lead.currency,
        owner=lead.owner,
        team=lead.team,
        expected_close_on=given.get("expected_close_on") or today + timedelta(days=EXPECTED_CLOSE_DAYS),
    )
    lead.convert_status()
    lead.store("status", converted_deal=deal, converted_at=clock.now(), conversion={**before, "deal_id": deal.pk})
    jot_on_lead(lead, actor, "Lead converted to a deal", person=lead.owner, deal=deal)
    refresh_contact_score(lead.contact_id)
    publish(events.LeadConverted(**_facts(lead), deal_id=deal.pk, owner_id=lead.owner_id), actor=actor)


def _refuse(lead: Lead, verb: str) -> None:
    if reason := lead_rules.refusal(verb, lead.status, lead.stage):
        raise Refused(reason)


def _check_score(lead: Lead) -> None:
    least = lead_rules.QUALIFYING_SCORE
    if lead.score < least:
        raise Invalid(
            _("The score is %(score)s; qualifying takes %(least)s. Add what you know, then score again.")
            % {"score": lead.score, "least": least}
        )


def _facts(lead: Lead) -> dict[str, int]:
    return {"lead_id": lead.pk, "contact_id": lead.contact_id}
