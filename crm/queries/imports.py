"""Reading imports: those of the actor, every one for administrators."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import clock, files
from crm.models import ImportRun
from crm.queries.filters import one
from crm.staging import Ending, Stage

KEPT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a check or an import is; `of` is 0 while nobody knows how long the file is."""

    doing: str
    done: int
    of: int


def imports_for(actor: Actor) -> QuerySet[ImportRun]:
    """The imports that the actor may see, newest first."""
    runs = actor.visible("contact:import", ImportRun.objects.all()).select_related("created_by")
    if not actor.can("settings:manage"):
        runs = runs.filter(created_by=actor.user_id)
    return runs.order_by("-created_at", "-pk")


def import_for(actor: Actor, pk: int) -> ImportRun:
    """One import that the actor may see; raises NotFound."""
    rows = imports_for(actor)
    return one(rows, pk, _("There is no such import. Only the person who uploaded the file sees it."))


def remembered(actor: Actor, headers: Sequence[str], kind: str = "") -> ImportRun | None:
    """The last import of these very columns: the actor's own, else anybody's."""
    runs = ImportRun.objects.filter(headers=list(headers), started_at__isnull=False)
    runs = runs.filter(kind=kind) if kind else runs
    own = runs.filter(created_by=actor.user_id).order_by("-pk").first()
    return own or runs.order_by("-pk").first()


def stage_for(run: ImportRun) -> Stage | None:
    """The rows of an import to read, None when they are gone."""
    path = files.path_of(run.file_path).with_suffix(".rows") if run.file_path else None
    return Stage(path) if path is not None and path.is_file() else None


def progress_of(run: ImportRun) -> Progress:
    """How far a working import is."""
    if run.state == ImportRun.State.RUNNING:
        return Progress(_("Importing"), run.next_row, run.total)
    stage = stage_for(run)
    if stage is None:
        return Progress(_("Waiting to start"), 0, 0)
    with stage:
        if not stage.noted("read"):
            return Progress(_("Reading"), stage.last(), 0)
        if not stage.noted("lined_up"):
            grouped = stage.count("rows", f"number <= {int(stage.noted('grouped', 0))}")
            return Progress(_("Checking"), grouped, stage.count())
        return Progress(_("Counting"), stage.noted("planned", 0), stage.count())


def endings_of(run: ImportRun, outcome: str, after: int, limit: int) -> list[tuple[Ending, list[str]]]:
    """What became of rows, with their cells, in the file's order; nothing when the rows are gone."""
    stage = stage_for(run)
    if stage is None:
        return []
    with stage:
        endings = stage.endings(outcome, after, limit)
        cells = {row.number: row.cells for row in stage.pick(e.number for e in endings)}
    return [(ending, cells.get(ending.number, [])) for ending in endings]


def failures_of(run: ImportRun) -> Iterator[list[str]]:
    """Every row that was not imported, with its reason and its cells, to be mended and uploaded again."""
    after = 0
    while found := endings_of(run, "error", after, 1_000):
        yield from ([str(e.number), e.message, *cells] for e, cells in found)
        after = found[-1][0].number


def expired_imports() -> QuerySet[ImportRun]:
    """Imports whose uploaded rows are of no more use: untouched for as long as an undo is offered."""
    before = clock.now() - timedelta(days=KEPT_DAYS)
    working = ("checking", "queued", "running")
    kept = ImportRun.objects.exclude(file_path="").exclude(state__in=working)
    return kept.filter(updated_at__lt=before)


def broken_imports() -> list[str]:
    """Imports that ended, and whose rows did not all end in exactly one way."""
    wrong = ImportRun.objects.filter(state=ImportRun.State.FINISHED).exclude(next_row=F("total"))
    return [f"import {run.pk}: {run.total} rows in the file, {run.next_row} counted" for run in wrong]
