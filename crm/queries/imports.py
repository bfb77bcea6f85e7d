"""Reading imports: those of the actor, every one for administrators."""

from django.db.models import QuerySet

from accounts.actor import Actor
from crm.models import ImportRow, ImportRun
from crm.queries.filters import one


def imports_for(actor: Actor) -> QuerySet[ImportRun]:
    """The imports that the actor may see, newest first."""
    runs = actor.visible("contact:import", ImportRun.objects.all()).select_related("created_by")
    if not actor.can("settings:manage"):
        runs = runs.filter(created_by=actor.user_id)
    return runs.order_by("-created_at", "-pk")


def import_for(actor: Actor, pk: int) -> ImportRun:
    """One import that the actor may see; raises NotFound."""
    rows = imports_for(actor)
    return one(rows, pk, "There is no such import. Only the person who uploaded the file sees it.")


def rows_of(run: ImportRun, outcome: str = "") -> QuerySet[ImportRow]:
    """What became of each row of an import, in the file's order."""
    rows = run.rows.select_related("contact", "lead", "deal")
    return rows.filter(outcome=outcome) if outcome else rows


def failures_of(run: ImportRun) -> list[list[str]]:
    """Every row that was not imported, with its reason and its cells, to be mended and uploaded again."""
    rows = run.rows.filter(outcome__in=("error", "skipped")).order_by("number")
    return [[str(row.number), row.get_outcome_display(), row.message, *row.raw] for row in rows]


def broken_imports() -> list[str]:
    """Imports whose rows do not end in exactly one outcome each (the database holds what the file had)."""
    wrong = []
    for run in ImportRun.objects.exclude(state__in=("draft", "queued")):
        rows = run.rows.count()
        ended = run.created_count + run.updated_count + run.skipped_count + run.error_count
        if rows != ended or (not run.is_working and rows != run.total):
            wrong.append(
                f"import {run.pk}: {run.total} rows in the file, {rows} kept, {ended} counted"
            )
    return wrong
