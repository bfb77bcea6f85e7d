"""Writing rows of leads and contacts: planned in memory first, so that a rehearsal counts what a commit does."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from accounts.actor import Actor
from accounts.models import User, Workspace
from accounts.roles import REP
from core import clock
from core.money import Money
from crm import routing, scoring
from crm.actions.import_parts import (
    CREATED,
    LOST_REASON,
    NOTHING_NEW,
    SKIPPED,
    UPDATED,
    People,
    Result,
    WonDeals,
    addresses_of,
    refused,
    write_changes,
    write_tags,
)
from crm.columns import CUSTOM, slug
from crm.forms.imports import CleanRow
from crm.matching import fold_company
from crm.models import (
    Activity,
    Consent,
    Contact,
    ContactAddress,
    Deal,
    ImportRun,
    Lead,
)
from crm.queries.routing import rep_loads
from crm.queries.scoring import lead_facts
from crm.scoring import OUTCOME


@dataclass
class Chunk:
    """What one chunk of rows adds and changes."""

    contacts: list[Contact] = field(default_factory=list)
    addresses: list[ContactAddress] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    notes: list[Activity] = field(default_factory=list)
    refusals: list[Consent] = field(default_factory=list)
    tags: list[tuple[Contact, str]] = field(default_factory=list)
    changed: dict[int, Contact | Lead] = field(default_factory=dict)
    scored: dict[int, Contact] = field(default_factory=dict)  # no edit, so their version stays


class PeopleImporter:
    """Imports leads (with their contacts) or contacts alone."""

    def __init__(
        self, run: ImportRun, actor: Actor, model: dict[str, Any] | None, *, dry: bool
    ) -> None:
        self.run, self.actor, self.dry = run, actor, dry
        self.scorer = scoring.Scorer(model)
        self.workspace = Workspace.current()
        self.reps = rep_loads()
        self.people = People()
        self.won = WonDeals()
        self.at = clock.now()
        self.known: dict[str, tuple[Contact, Lead | None]] = {}
        self.mine_to_change: set[int] = set()
        self.chunk = Chunk()
        self.reference_name = next(
            (slug(h) for h, target in run.mapping.items() if target == "external_ref"), ""
        )
        user = actor.user
        self.may_assign = actor.can("lead:reassign").allowed
        self.keeper = user if user and REP in user.roles and not self.may_assign else None

    def plan(self, rows: Sequence[CleanRow]) -> list[Result]:
        """Decide about each row, in memory; a rehearsal stops here."""
        if not self.dry:
            self.known = {}
        self.chunk = Chunk()
        self._look_up([row for row in rows if not row.problems])
        return [
            refused(row, *row.problems) if row.problems else self._plan_row(row) for row in rows
        ]

    def write(self) -> None:
        """Write what was planned for this chunk; call inside the transaction."""
        chunk = self.chunk
        Contact.objects.bulk_create(chunk.contacts)
        ContactAddress.objects.bulk_create([*addresses_of(chunk.contacts), *chunk.addresses])
        Lead.objects.bulk_create(chunk.leads)
        self.won.write(chunk.deals)
        Activity.objects.bulk_create(chunk.notes)
        Consent.objects.bulk_create(chunk.refusals)
        write_tags(chunk.tags)
        write_changes(chunk.changed.values(), self.at)
        Contact.objects.bulk_update(chunk.scored.values(), ["score", "stage"], batch_size=400)

    def _look_up(self, rows: Sequence[CleanRow]) -> None:
        addresses = {row.get(key) for row in rows for key in ("email_folded", "phone_e164")} - {""}
        held = ContactAddress.objects.filter(folded__in=addresses, valid_until=None).order_by("pk")
        aliases = list(held.values_list("contact_id", "channel", "folded"))
        found = Contact.objects.filter(
            Q(external_ref__in={self._reference(row) for row in rows} - {""})
            | Q(email_folded__in=addresses)
            | Q(phone_e164__in=addresses)
            | Q(pk__in={contact_id for contact_id, *_ in aliases})
        )
        contacts = list(found if self.dry else found.select_for_update())
        ids = [contact.pk for contact in contacts]
        allowed = self.actor.visible("contact:update", Contact.objects.filter(pk__in=ids))
        self.mine_to_change |= set(allowed.values_list("pk", flat=True))
        latest = {
            lead.contact_id: lead for lead in Lead.objects.filter(contact__in=ids).order_by("pk")
        }
        for contact in contacts:
            self._remember(contact, latest.get(contact.pk))

    def _remember(self, contact: Contact, lead: Lead | None) -> None:
        for key in _keys(contact.external_ref, contact.email_folded, contact.phone_e164):
            if self.known.get(key, (contact,))[0] is contact:
                self.known[key] = (contact, lead)

    def _plan_row(self, row: CleanRow) -> Result:
        reference = self._reference(row)
        keys = _keys(reference, row.get("email_folded"), row.get("phone_e164"))
        contact, lead = next((self.known[key] for key in keys if key in self.known), (None, None))
        message, joined = "", contact is not None
        if contact is None:
            contact, outcome = self._new_contact(row, reference), CREATED
        else:
            foreign = any(key in self.known and self.known[key][0] is not contact for key in keys)
            outcome = (
                UPDATED
                if self._fill(contact, row, reference, with_addresses=not foreign)
                else SKIPPED
            )
            message = NOTHING_NEW if outcome == SKIPPED else f"Joined {contact.name}."
            if foreign:
                message += (
                    " Another address in the row belongs to somebody else and was left there."
                )
        if self.run.kind == "leads":
            if lead is None or not _still_counts(lead):
                lead, outcome = self._new_lead(row, contact), CREATED
                message = f"New lead of {contact.name}." if joined else ""
            elif self._refresh(lead, row):
                outcome, message = UPDATED, f"Joined {contact.name}."
        if outcome in (CREATED, UPDATED):
            self._refuse_channels(row, contact)
            self.chunk.tags += [(contact, tag) for tag in _words(row.get("tags"))]
        self._remember(contact, lead)
        return Result(row, outcome, message, reference, contact, lead)

    def _new_contact(self, row: CleanRow, reference: str) -> Contact:
        company, owner = row.get("business_name"), self._named_owner(row) or self.keeper
        contact = Contact(
            **{
                name: row.get(name)
                for name in (
                    "first_name",
                    "last_name",
                    "job_title",
                    "industry",
                    "city",
                    "email",
                    "phone",
                )
            },
            company_name=company,
            company_folded=fold_company(company)[:200],
            country=row.get("country_code"),
            email_folded=row.get("email_folded") or None,
            phone_e164=row.get("phone_e164") or None,
            external_ref=reference or None,
            owner_id=owner.pk if owner else None,
            source=Contact.Source.IMPORT,
            custom={
                k.removeprefix(CUSTOM): v
                for k, v in row.values.items()
                if k.startswith(CUSTOM) and v
            },
        )
        self.chunk.contacts.append(contact)
        return contact

    def _fill(
        self, contact: Contact, row: CleanRow, reference: str, *, with_addresses: bool
    ) -> bool:
        """Fill what the contact does not have yet; nothing that is there is overwritten."""
        if contact.pk and contact.pk not in self.mine_to_change:
            return False
        news = {
            name: row.get(name)
            for name in ("first_name", "last_name", "job_title", "industry", "city")
        }
        news |= {"company_name": row.get("business_name"), "country": row.get("country_code")}
        if with_addresses:
            news |= {
                name: row.get(name) for name in ("email", "email_folded", "phone", "phone_e164")
            }
            news["external_ref"] = reference
        news = {name: value for name, value in news.items() if value and not getattr(contact, name)}
        for name, value in news.items():
            setattr(contact, name, value)
        contact.company_folded = fold_company(contact.company_name)[:200]
        if news:
            self._changed(contact)
        if contact.pk:
            self.chunk.addresses += [row for row in addresses_of([contact]) if row.channel in news]
        return bool(news)

    def _new_lead(self, row: CleanRow, contact: Contact) -> Lead:
        value, source = row.get("estimated_value"), str(row.get("source")).casefold()
        ends: dict[str, dict[str, Any]] = {
            "won": {"status": "converted", "stage": "INTERESTED", "converted_at": self.at},
            "lost": {"status": "disqualified", "disqualification_reason": LOST_REASON},
        }
        lead = Lead(
            contact=contact,
            title=(row.get("title") or row.get("business_name") or contact.name)[:200],
            business_name=row.get("business_name"),
            source=source if source in Contact.Source.values else Contact.Source.IMPORT,
            industry=row.get("industry"),
            city=row.get("city"),
            facts=row.facts | ({OUTCOME: row.outcome} if row.outcome else {}),
            estimated_value_minor=Money.of(value, self.workspace.currency).minor if value else None,
            currency=self.workspace.currency if value else "",
            import_run=self.run,
            **ends.get(row.outcome, {}),
        )
        if not self.dry:
            self._score(lead, row, contact)
        self._assign(lead, row, contact)
        if row.outcome == "won":
            contact.stage = Contact.Stage.CUSTOMER
            self._scored(contact)
            self.chunk.deals.append(self.won.deal(lead, contact, self.at, self.workspace))
        self.chunk.leads.append(lead)
        if row.get("note"):
            words = {
                "subject": "Note from the import",
                "body": row.get("note"),
                "completed_at": self.at,
            }
            self.chunk.notes.append(
                Activity(type="note", contact=contact, lead=lead, actor=self.actor.user, **words)
            )
        return lead

    def _refresh(self, lead: Lead, row: CleanRow) -> bool:
        """Add what the row tells; what the score has learned from stays as it was learned."""
        news = {
            key: value
            for key, value in row.facts.items()
            if value != "" and lead.facts.get(key) != value
        }
        if not news or OUTCOME in lead.facts:
            return False
        lead.facts = lead.facts | news
        self._changed(lead)
        return True

    def _score(self, lead: Lead, row: CleanRow, contact: Contact) -> None:
        lead.facts |= scoring.facts_of(note=row.get("note"))
        score = self.scorer.score(lead_facts(lead))
        lead.score, lead.score_reasons, lead.score_model = score.points, score.reasons, score.model
        lead.scored_at = self.at
        if not row.outcome and score.points > contact.score:
            contact.score = score.points
            self._scored(contact)

    def _assign(self, lead: Lead, row: CleanRow, contact: Contact) -> None:
        named = self._named_owner(row)
        if named is not None:
            lead.owner_id, lead.assigned_reason = named.pk, "Named in the imported file."
        elif contact.owner_id and contact.owner_id in self.people.names:
            lead.owner_id = contact.owner_id
            lead.assigned_reason = (
                f"{self.people.names[contact.owner_id]} looks after this contact."
            )
        elif not row.outcome:
            value = lead.estimated_value_minor or 0
            prospect = routing.Prospect(lead.region, lead.city, contact.country, lead.score, value)
            large = self.workspace.high_value_threshold_minor
            given = routing.assign(prospect, self.reps, at=self.at, senior_from_minor=large)
            lead.owner_id, lead.team_id, lead.assigned_reason = (
                given.user_id,
                given.team_id,
                given.reason[:300],
            )
            self.reps = routing.after(self.reps, given)
        if not contact.pk:
            contact.owner_id = contact.owner_id or lead.owner_id

    def _named_owner(self, row: CleanRow) -> User | None:
        return self.people.find(row.get("owner")) if row.get("owner") and self.may_assign else None

    def _refuse_channels(self, row: CleanRow, contact: Contact) -> None:
        for key, channel in (("do_not_email", "email"), ("do_not_call", "phone")):
            if str(row.get(key)).casefold() in {"yes", "y", "1", "true", "x"}:
                proof = f"{self.run.file_name}, row {row.number}"
                said = Consent(
                    contact=contact,
                    channel=channel,
                    state="withdrawn",
                    source="import",
                    proof=proof,
                )
                self.chunk.refusals.append(said)

    def _reference(self, row: CleanRow) -> str:
        return f"{self.reference_name}:{row.get('external_ref')}" if row.get("external_ref") else ""

    def _changed(self, record: Contact | Lead) -> None:
        if record.pk:
            self.chunk.changed[id(record)] = record

    def _scored(self, contact: Contact) -> None:
        if contact.pk:
            self.chunk.scored[id(contact)] = contact


def _still_counts(lead: Lead) -> bool:
    return (
        lead.import_run_id is not None
        or not lead.pk
        or lead.status not in ("converted", "disqualified")
    )


def _keys(*values: str | None) -> list[str]:
    return [
        f"{kind}:{value}"
        for kind, value in zip(("ref", "mail", "tel"), values, strict=True)
        if value
    ]


def _words(text: Any) -> list[str]:
    words = (word.strip()[:40] for word in re.split(r"[,;|]", str(text)))
    return list(dict.fromkeys(word for word in words if word))
