"""Taking in a newcomer: which contact it is, what it adds, and who gets its lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import User, Workspace
from core import clock
from core.actions import lock
from core.errors import Invalid, NotFound, Refused
from core.events import publish
from crm import routing
from crm.actions.consent import record_consent
from crm.actions.contacts import insert_contact, keep_addresses, locked, region_of
from crm.actions.notes import jot_on_lead, touch
from crm.actions.owners import first_owner, seller
from crm.actions.scores import SCORE_FIELDS, refresh_contact_score, rescore, set_score
from crm.events import LeadAssigned, LeadCreated, LeadJoined
from crm.matching import e164, fold_email
from crm.models import Contact, Lead
from crm.queries.contacts import known_contact
from crm.queries.leads import open_lead_of
from crm.queries.routing import desk, prospect_of

Consents = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a door knows about somebody."""

    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    business_name: str = ""
    industry: str = ""
    city: str = ""
    country: str = ""

    @property
    def name(self) -> str:
        """The person's name, else the business's."""
        return f"{self.first_name} {self.last_name}".strip() or self.business_name

    def lead_facts(self) -> dict[str, str]:
        """Return the columns of a lead that this fills."""
        return {"business_name": self.business_name, "industry": self.industry, "city": self.city}

    def contact_facts(self) -> dict[str, str]:
        """Return the columns of a contact that this fills."""
        return {
            "first_name": self.first_name,
            "last_name": self.last_name,
            "company_name": self.business_name,
            "industry": self.industry,
            "city": self.city,
            "country": self.country[:2].upper(),
            "email": self.email.strip(),
            "phone": self.phone.strip(),
        }


def take_in(
    newcomer: Newcomer,
    actor: Actor,
    *,
    contact: Contact | None,
    owner: User | None,
    joins: bool,
    consent: Consents,
    note: str,
    **columns: Any,
) -> Lead:
    """Join the newcomer's open lead, or refuse it ("duplicate"), or insert a new one; then note the rest."""
    known, is_new = contact_of(newcomer, contact, actor, columns["source"])
    present = None if is_new else open_lead_of(known.pk)
    if present is not None and not joins:
        raise Refused("Lead already exists", code="duplicate")
    if not is_new:
        fill_gaps(known, newcomer)
    if present is not None:
        lead = join_lead(present, actor, newcomer, columns)
    else:
        columns["title"] = columns["title"] or newcomer.business_name or known.name
        lead = Lead(contact=known, **newcomer.lead_facts(), **columns)
        insert_lead(lead, actor, owner)
        if lead.owner_id is not None and known.owner_id is None:
            best = {"score": lead.score} if is_new else {}
            known.store(owner_id=lead.owner_id, **best)
    if not is_new or lead.owner_id is None:
        refresh_contact_score(known.pk)
    record_consents(lead.contact, actor, consent)
    if note:
        jot_on_lead(lead, actor, "Note" if actor.is_person else "What they wrote", note)
    return lead


def find_contact(newcomer: Newcomer) -> Contact | None:
    """Return the contact that the newcomer is, locked; raises Invalid for wrong addresses."""
    folded, phone = _addresses(newcomer)
    if not folded and not phone:
        raise Invalid(_("Give an email address or a phone number."))
    found = known_contact(folded=folded, phone=phone, name=newcomer.name, company=newcomer.business_name)
    return locked(found) if found else None


def contact_of(newcomer: Newcomer, contact: Contact | None, actor: Actor, source: str) -> tuple[Contact, bool]:
    """Return the newcomer's contact, locked, and whether it was just made."""
    if contact is not None:
        if actor.is_person and not actor.can("contact:read", contact):
            raise NotFound
        chosen = locked(contact)
        _addresses(newcomer, chosen)
        return chosen, False
    if (known := find_contact(newcomer)) is not None:
        return known, False
    try:
        return new_contact(newcomer, actor, source), True
    except Refused:
        # Somebody else took the same newcomer in at this very moment.
        known = find_contact(newcomer)
        if known is None:
            raise
        return known, False


def new_contact(newcomer: Newcomer, actor: Actor, source: str) -> Contact:
    """Insert the contact of a newcomer: a person where a name is known, else a business."""
    is_person = bool(newcomer.first_name or newcomer.last_name or not newcomer.business_name)
    kind = Contact.Kind.PERSON if is_person else Contact.Kind.COMPANY
    facts = newcomer.contact_facts()
    return insert_contact(actor, owner=None, source=source, is_looked_for=True, kind=kind.value, **facts)


def insert_lead(lead: Lead, actor: Actor, owner: User | None) -> None:
    """Score, assign and insert a lead. Publishes LeadCreated and LeadAssigned."""
    contact = lead.contact
    set_score(lead)
    lead.owner_id, lead.team_id, lead.assigned_reason = choose_owner(lead, contact, actor, owner)
    lead.insert()
    facts = {"lead_id": lead.pk, "contact_id": contact.pk}
    publish(LeadCreated(**facts, owner_id=lead.owner_id, source=lead.source), actor=actor)
    if lead.owner_id is not None:
        publish(LeadAssigned(**facts, owner_id=lead.owner_id, reason=lead.assigned_reason), actor=actor)


def join_lead(present: Lead, actor: Actor, newcomer: Newcomer, columns: Mapping[str, Any]) -> Lead:
    """Refresh the facts of a lead that came in again, and its score. Publishes LeadJoined."""
    lead = lock(present)
    assert isinstance(lead, Lead)
    for name, value in newcomer.lead_facts().items():
        setattr(lead, name, getattr(lead, name) or value)
    told = {key: value for key, value in columns["facts"].items() if value}
    lead.facts = {**lead.facts, **told}
    lead.utm = lead.utm or columns["utm"]
    lead.custom = {**lead.custom, **columns["custom"]}
    touch(contact=lead.contact)
    rescore(lead, actor)
    lead.store(*newcomer.lead_facts(), "facts", "utm", "custom", *SCORE_FIELDS)
    joined = LeadJoined(lead_id=lead.pk, contact_id=lead.contact_id, source=columns["source"])
    publish(joined, actor=actor)
    return lead


def fill_gaps(contact: Contact, newcomer: Newcomer) -> None:
    """Give a known contact what it lacks; nothing that is known is overwritten."""
    facts = newcomer.contact_facts()
    region = region_of(newcomer.country, contact.country)
    if not contact.email and not _is_taken("email_folded", fold_email(facts["email"])):
        contact.email_folded = fold_email(facts["email"]) or None
    else:
        facts["email"] = ""
    phone = e164(facts["phone"], region)
    if not contact.phone and not _is_taken("phone_e164", phone):
        contact.phone_e164 = phone
        if region != region_of(contact.country, region):
            facts["phone"] = phone  # the contact's own country would read it as another number
    else:
        facts["phone"] = ""
    news = {name: value for name, value in facts.items() if value and not getattr(contact, name)}
    if contact.first_name or contact.last_name or contact.kind == Contact.Kind.COMPANY:
        news.pop("first_name", None)
        news.pop("last_name", None)
    if news:
        contact.store("email_folded", "phone_e164", **news)
        keep_addresses(contact)


def record_consents(contact: Contact, actor: Actor, consent: Consents) -> None:
    """Record what the newcomer agreed to at the door."""
    given = [consent] if isinstance(consent, Mapping) else consent or []
    for row in given:
        record_consent(contact, actor, **{"channel": "email", **row})


def choose_owner(lead: Lead, contact: Contact, actor: Actor, owner: User | None) -> tuple[int | None, int | None, str]:
    """Return (owner id, team id, reason): named, the rep who typed it in, the contact's, or routed."""
    chosen = first_owner(actor, owner, "lead:reassign")
    if chosen is not None:
        own = chosen.pk == actor.user_id
        return chosen.pk, None, "Added by the owner." if own else f"Chosen by {actor}."
    if held := seller(contact.owner):
        return held.pk, None, f"{held} looks after this contact."
    workspace = Workspace.current()
    reps, areas = desk(workspace, in_turn=True)
    found = routing.assign(
        prospect_of(lead, contact),
        reps,
        at=clock.now(),
        senior_from_minor=workspace.high_value_threshold_minor,
        areas=areas,
    )
    return found.user_id, found.team_id, found.reason[:300]


def _addresses(newcomer: Newcomer, contact: Contact | None = None) -> tuple[str, str]:
    """Return the folded email address and phone number; raises Invalid for one that is none."""
    region = region_of(newcomer.country, contact.country if contact else "")
    folded, phone = fold_email(newcomer.email), e164(newcomer.phone, region)
    errors = {}
    if newcomer.email and not folded:
        errors["email"] = [_("Enter a valid email address.")]
    if newcomer.phone and not phone:
        errors["phone"] = [_("Enter a whole phone number, such as +91 98765 43210.")]
    if errors:
        raise Invalid(errors)
    return folded, phone


def _is_taken(column: str, value: str) -> bool:
    return not value or Contact.objects.filter(**{column: value}).exists()
