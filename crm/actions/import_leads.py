"""The leads of imported rows: scored, assigned, joined with an open one, or brought back as an export told them."""

from collections.abc import Sequence
from typing import Any

from crm import routing, scoring
from crm.actions.import_parts import CREATED, LOST_REASON, UPDATED, Draft, last_stage, own_id, won_deal
from crm.forms.imports import CleanRow
from crm.models import Activity, Contact, Deal, Lead
from crm.queries.routing import desk, prospect_of
from crm.queries.scoring import lead_facts
from crm.scoring import OUTCOME

SOURCES = frozenset(Contact.Source.values)
TOLD = (
    "status", "stage", "disqualification_reason", "assigned_reason", "created_at", "converted_at",
)  # fmt: skip
FACTS = ("title", "business_name", "industry", "city", "region", "next_step")
READ = (
    "id", "version", "contact_id", "import_run_id", "external_ref", "status", "facts", "custom", "currency",
    "estimated_value_minor", *FACTS,
)  # fmt: skip


class Leads:
    """Sees to the lead of each row; a part of the people's importer."""

    def __init__(self, importer: Any, model: dict[str, Any] | None) -> None:
        self.of = importer
        self.scorer = scoring.Scorer(model)
        self.reps, self.areas = desk(importer.workspace)
        self.stage: Any = None

    def look_up(self, rows: Sequence[CleanRow], contacts: Sequence[int]) -> None:
        """Load the leads of these contacts, and the leads and deals that the rows name."""
        code = self.of.workspace.code
        self.by_ref: dict[str, Draft] = {}
        self.latest: dict[int, Draft] = {}
        references = {row.get("lead_ref") for row in rows} - {""}
        own = {own_id(ref, code, "L") for ref in references} - {0}
        named = Lead.objects.filter(external_ref__in=references) | Lead.objects.filter(pk__in=own)
        found = (named | Lead.objects.filter(contact__in=contacts)).order_by("pk")
        self.mine: set[int] = set()
        if contacts or references:
            for values in found.values(*READ):
                lead = self.of.known(Lead, values["id"], values)
                self.latest[values["contact_id"]] = lead
                self.by_ref[values["external_ref"] or f"{code}-L{lead.pk}"] = lead
            ids = [lead.pk or 0 for lead in self.by_ref.values()]
            allowed = self.of.actor.visible("lead:update", Lead.objects.filter(pk__in=ids))
            self.mine = set(allowed.values_list("pk", flat=True))
        wanted = {row.get("deal_ref") for row in rows} - {""}
        self.deals: dict[str, Draft] = {}
        if wanted:
            own = {own_id(ref, code, "D") for ref in wanted} - {0}
            deals = Deal.objects.filter(external_ref__in=wanted) | Deal.objects.filter(pk__in=own)
            for values in deals.values("id", "version", "lead_id", "external_ref"):
                deal = self.of.known(Deal, values["id"], values)
                self.deals[values["external_ref"] or f"{code}-D{deal.pk}"] = deal

    def problem(self, row: CleanRow) -> str:
        """Why a row's lead cannot come; "" when it can."""
        if row.get("status") != "converted" or row.get("lead_ref") in self.by_ref:
            return ""
        deal = self.deals.get(row.get("deal_ref"))
        if deal is None:
            return "The lead is converted, and its deal is not here. Import the deals first."
        return "Its deal came from another lead." if deal.lead_id else ""

    def see_to(self, row: CleanRow, contact: Draft, lead: Draft | None) -> tuple[Draft, str]:
        """Return the row's lead, and whether it was created, updated or neither."""
        reference = row.get("lead_ref")
        if reference:
            lead = self.by_ref.get(reference)
        elif lead is None:
            lead = self.latest.get(contact.pk or 0)
        if lead is None or not (reference or _still_counts(lead)):
            lead = self._new(row, contact)
            if reference:
                self.by_ref[reference] = lead
                if deal := self.deals.get(row.get("deal_ref")):
                    deal.put(lead_id=lead)
            return lead, CREATED
        return lead, UPDATED if self._refresh(lead, row) else ""

    def _new(self, row: CleanRow, contact: Draft) -> Draft:
        run, at = self.of.run, self.of.at
        value, source = row.get("estimated_value"), str(row.get("source")).casefold()
        currency = row.get("currency") or self.of.workspace.currency
        lead: Draft = self.of.new(
            Lead,
            contact_id=contact,
            title=(row.get("title") or row.get("business_name") or contact.name)[:200],
            source=source if source in SOURCES else Contact.Source.IMPORT.value,
            facts=_facts(row) | ({OUTCOME: row.outcome} if row.outcome else {}),
            estimated_value_minor=None if value in ("", None) else self.of.money(value, currency),
            currency=row.get("currency") or ("" if value in ("", None) else currency),
            custom=self.of.custom(row),
            import_run_id=run.pk,
            owner_id=self.of.owner_of(row) if self.of.may_assign else None,
            **{name: row.get(name) for name in FACTS[1:]},
            **self._ends(row),
        )
        if not self.of.is_dry:
            self._score(lead, row, contact)
        if not row.get("lead_ref"):
            self._assign(lead, row, contact)
        if row.outcome == "won":
            contact.put(stage=Contact.Stage.CUSTOMER.value)
            self.stage = self.stage or last_stage()
            won = won_deal(lead, contact, self.stage, at, self.of.workspace)
            deal = self.of.new(Deal, **won, lead_id=lead)
            lead.put(converted_deal_id=deal)
        if row.get("note"):
            self.of.new(
                Activity, type="note", contact_id=contact, lead_id=lead, actor_id=self.of.actor.user_id,
                subject="Note from the import", body=row.get("note"), completed_at=at,
            )  # fmt: skip
        return lead

    def _ends(self, row: CleanRow) -> dict[str, Any]:
        """The columns that say where sales stands; those of an open new lead are the defaults."""
        if row.get("lead_ref"):
            told = {name: row.get(name) for name in TOLD if row.get(name)}
            if told.get("status") == "disqualified":
                told.setdefault("disqualification_reason", LOST_REASON)
            told["team_id"] = self.of.people.teams.get(str(row.get("team")).casefold())
            told["external_ref"] = row.get("lead_ref")
            if deal := self.deals.get(row.get("deal_ref")):
                told["converted_deal_id"] = deal.pk
            return told
        if row.outcome == "won":
            return {"status": "converted", "stage": "INTERESTED", "converted_at": self.of.at}
        if row.outcome == "lost":
            return {"status": "disqualified", "disqualification_reason": LOST_REASON}
        return {}

    def _refresh(self, lead: Draft, row: CleanRow) -> bool:
        """Add what the row tells; what the score has learned from stays as it was learned."""
        if not lead.is_new and lead.pk not in self.mine:
            return False
        news: dict[str, Any] = {}
        told = {k: v for k, v in _facts(row).items() if v != "" and lead.facts.get(k) != v}
        if told and OUTCOME not in lead.facts:
            news["facts"] = lead.facts | told
        for name in FACTS if row.get("lead_ref") or self.of.is_replacing else ():
            self.of.compare(lead, name, row.get(name), news)
        if custom := self.of.added_custom(lead, row):
            news["custom"] = custom
        lead.put(**news)
        return bool(news)

    def _score(self, lead: Draft, row: CleanRow, contact: Draft) -> None:
        lead.put(facts=lead.facts | scoring.facts_of(note=row.get("note")))
        score = self.scorer.score(lead_facts(lead))  # type: ignore[arg-type]
        lead.put(score=score.points, score_reasons=score.reasons, score_model=score.model, scored_at=self.of.at)
        if not row.outcome and score.points > contact.values.get("score", 0):
            contact.put(score=score.points)

    def _assign(self, lead: Draft, row: CleanRow, contact: Draft) -> None:
        owner, names = contact.owner_id, self.of.people.names
        if lead.owner_id:
            lead.put(assigned_reason="Named in the imported file.")
        elif owner and owner in names:
            lead.put(owner_id=owner, assigned_reason=f"{names[owner]} looks after this contact.")
        elif not row.outcome:
            given = routing.assign(
                prospect_of(lead, contact),
                self.reps,
                at=self.of.at,
                senior_from_minor=self.of.workspace.high_value_threshold_minor,
                areas=self.areas,
            )
            lead.put(owner_id=given.user_id, team_id=given.team_id, assigned_reason=given.reason[:300])
            self.reps = routing.after(self.reps, given)
        if contact.is_new and not contact.pk:
            contact.put(owner_id=contact.owner_id or lead.owner_id)


def _still_counts(lead: Draft) -> bool:
    is_open = lead.values.get("status", "new") not in ("converted", "disqualified")
    return lead.is_new or lead.import_run_id is not None or is_open


def _facts(row: CleanRow) -> dict[str, Any]:
    """What the score may look at: an export tells it whole, in one column."""
    return dict(row.get("facts") or {}) if row.get("lead_ref") else row.facts
