"""Teaching the score: training, learning one outcome, taking it back, scoring anew."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import clock
from core.actions import action
from core.errors import Refused
from core.events import publish
from crm import learning
from crm.actions.scores import SCORE_FIELDS, refresh_contact_score, set_score
from crm.events import ScoreTrained
from crm.models import Lead, ScoreModel
from crm.queries.scoring import known_outcomes, lead_facts, learned_facts
from crm.scoring import LEARNED, OUTCOME, Scorer

MOST = 20_000  # outcomes that are learned from
PART = 500


@action("score.train", permission="scoring:manage")
def train_score(*, actor: Actor) -> ScoreModel:
    """Train a new model on the leads whose outcome is known, the newest of very many, and use it from now on."""
    examples = [(learned_facts(lead), won) for lead, won in known_outcomes(most=MOST)]
    try:
        model = learning.train(examples)
    except ValueError as error:
        raise Refused(
            _("%(error)s Close more leads as won or lost, or import old ones with their outcome.") % {"error": error}
        ) from error
    return use_model(actor=actor, model=model, auc=learning.held_out_auc(examples))


@action("score.use", permission=None)
def use_model(*, actor: Actor, model: dict[str, Any], auc: float | None) -> ScoreModel:
    """Put a freshly trained model into use; the earlier ones stay as history."""
    ScoreModel.objects.filter(is_active=True).update(is_active=False)
    n = model["won"] + model["lost"]
    row = ScoreModel.objects.create(
        name=f"Learned from {n:,} leads", weights=model, auc=auc, n=n, trained_at=clock.now(), is_active=True
    )
    publish(ScoreTrained(row.pk, n, auc), actor=actor)
    return row


@action("lead.learn", permission=None)
def learn_outcome(lead: Lead, *, actor: Actor, outcome: str) -> Lead:
    """Let the score know how a lead ended: "won", "lost", or "" to un-learn it. Counts each lead once."""
    before = lead.facts.get(OUTCOME, "")
    if before == outcome:
        return lead
    row = ScoreModel.objects.select_for_update().filter(is_active=True).first()
    if row is not None:
        if before:
            row.weights = learning.unlearn(row.weights, learned_facts(lead), won=before == "won")
        if outcome:
            row.weights = learning.learn(row.weights, lead_facts(lead), won=outcome == "won")
        row.save(update_fields=["weights"])
    facts = {key: value for key, value in lead.facts.items() if key not in (OUTCOME, LEARNED)}
    lead.facts = facts | ({OUTCOME: outcome, LEARNED: lead_facts(lead)} if outcome else {})
    Lead.objects.filter(pk=lead.pk).update(facts=lead.facts)  # not an edit, so the version stays
    return lead


@action("score.apply", permission=None)
def rescore_leads(*, actor: Actor, leads: Sequence[int], model: dict[str, Any] | None) -> int:
    """Score many leads anew in one go, without an event for each, then their contacts; returns how many changed."""
    scorer, changed = Scorer(model), []
    for lead in (
        Lead.objects.filter(pk__in=leads)
        .select_related("contact")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    ):
        before = (lead.score, lead.score_reasons)
        set_score(lead, scorer)
        if before != (lead.score, lead.score_reasons):
            changed.append(lead)
    Lead.objects.bulk_update(changed, SCORE_FIELDS, batch_size=200)
    refresh_contact_score(*{lead.contact_id for lead in changed})
    return len(changed)


def rescore_all(leads: QuerySet[Lead], *, actor: Actor, model: dict[str, Any] | None) -> None:
    """Score any number of leads anew, each slice in a transaction of its own; call it outside one."""
    ids = list(leads.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), PART):
        rescore_leads(actor=actor, leads=ids[start : start + PART], model=model)
