"""Scoring: the lead's points with their reasons, and the contact's best."""

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from accounts.actor import Actor
from core import clock
from core.events import publish
from crm.events import LeadScored
from crm.models import Contact, Lead
from crm.queries.scoring import score_of
from crm.scoring import Scorer

SCORE_FIELDS = ("score", "score_reasons", "score_model", "scored_at")


def set_score(lead: Lead, scorer: Scorer | None = None) -> None:
    """Set the lead's score, reasons and model, unsaved; an interested lead has at least 30."""
    found = score_of(lead, scorer)
    lead.score, lead.score_reasons = found.points, found.reasons
    lead.score_model, lead.scored_at = found.model, clock.now()


def rescore(lead: Lead, actor: Actor) -> None:
    """Set the score and say so when it changed. Publishes LeadScored. The caller stores SCORE_FIELDS."""
    previous = lead.score
    set_score(lead)
    if lead.score != previous:
        publish(
            LeadScored(lead_id=lead.pk, contact_id=lead.contact_id, score=lead.score, previous=previous), actor=actor
        )


def refresh_contact_score(*contact_ids: int) -> None:
    """Give each contact the score of its best open lead; not an edit, so its version stays."""
    best = Lead.objects.filter(contact=OuterRef("pk")).open().order_by("-score").values("score")
    Contact.objects.filter(pk__in=contact_ids).update(score=Coalesce(Subquery(best[:1]), 0))
