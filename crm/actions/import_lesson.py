"""What an import of leads with outcomes teaches the score."""

from typing import Any

from crm import learning
from crm.actions.scoring import MOST, rescore_all
from crm.columns import reference_prefix
from crm.forms.imports import RowReader
from crm.models import ImportRun, Lead
from crm.queries.scoring import known_outcomes, learned_facts
from crm.staging import Stage


def learn_from(run: ImportRun, stage: Stage, reader: RowReader) -> tuple[Any, float | None] | None:
    """A model of the file's outcomes, evenly spread, and of those known before, with its measure; None for too few.

    It is kept with the rows: the same for every slice of a run.
    """
    outcomes = sum((stage.noted("outcomes") or {}).values())
    if run.kind != ImportRun.Kind.LEADS or not outcomes:
        return None
    if (kept := stage.noted("lesson", 0)) != 0:
        return kept and (kept[0], kept[1])
    before = list(known_outcomes(without_run=run.pk))
    seen = {lead.contact.email_folded for lead, _ in before}
    seen |= {lead.contact.external_ref for lead, _ in before} - {None}
    prefix, every = reference_prefix(run.mapping, "external_ref"), -(-outcomes // MOST)
    fresh = []
    for at, row in enumerate(map(reader.read, stage.every_row())):
        known = seen & {row.get("email_folded") or 0, f"{prefix}{row.get('external_ref')}"}
        if row.outcome and not row.problems and not known and at % every == 0:
            fresh.append((row.facts, row.outcome == "won"))
    examples = [(learned_facts(lead), won) for lead, won in before] + fresh
    try:
        found = (learning.train(examples), learning.held_out_auc(examples)) if fresh else None
    except ValueError:
        found = None
    stage.note(lesson=found)
    return found


def rescore_others(run: ImportRun, *, actor: Any, model: Any) -> None:
    """Score the open leads of before with what the file taught."""
    rescore_all(Lead.objects.open().exclude(import_run=run), actor=actor, model=model)
