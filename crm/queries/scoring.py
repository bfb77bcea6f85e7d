"""What the score looks at in a stored lead, the model in use, and the leads from which it learns."""

from collections.abc import Iterator
from typing import Any

from core import clock
from crm import scoring
from crm.lead_rules import QUALIFYING_SCORE, WORKING
from crm.models import Lead, ScoreModel

INTERESTED = ("INTERESTED", "PROPOSAL_SENT", "PAID")


def active_model() -> dict[str, Any] | None:
    """The learned weights in use, or None while the hand-set points are."""
    return ScoreModel.objects.filter(is_active=True).values_list("weights", flat=True).first()


def score_of(lead: Lead, scorer: scoring.Scorer | None = None) -> scoring.Score:
    """The score that a lead has now: its facts, its silence, and the least that shown interest gives."""
    scorer = scorer or scoring.Scorer(active_model())
    since = lead.contact.last_activity_at or lead.created_at
    silent = (clock.now() - since).days if lead.status in WORKING else 0
    floor = QUALIFYING_SCORE if lead.stage in INTERESTED and lead.status != "disqualified" else 0
    return scorer.score(lead_facts(lead), silent_days=silent, floor=floor)


def lead_facts(lead: Lead) -> dict[str, Any]:
    """What the score looks at in a lead: the door's facts, then what the record tells."""
    contact = lead.contact
    return scoring.facts_of(
        lead.facts,
        email=contact.email,
        job_title=contact.job_title,
        phone=contact.phone,
        source=lead.source,
        business_name=lead.business_name or contact.company_name,
        industry=lead.industry or contact.industry,
        city=lead.city or contact.city,
        country=contact.country,
        estimated_value=lead.estimated_value_minor,
    )


def learned_facts(lead: Lead) -> dict[str, Any]:
    """What the score learned from when the lead was won or lost; what it looks at now where that was not kept."""
    kept = lead.facts.get(scoring.LEARNED)
    return kept if isinstance(kept, dict) else lead_facts(lead)


def known_outcomes(*, without_run: int | None = None, most: int | None = None) -> Iterator[tuple[Lead, bool]]:
    """Leads that were won or lost, newest first; those of one import may be left out."""
    leads = Lead.objects.filter(facts__outcome__in=("won", "lost")).select_related("contact").order_by("-pk")
    if without_run is not None:
        leads = leads.exclude(import_run=without_run)
    for lead in leads[:most].iterator(chunk_size=2000):
        yield lead, lead.facts[scoring.OUTCOME] == "won"
