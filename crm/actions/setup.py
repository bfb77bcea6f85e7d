"""The set-up moves on, and sample data comes and goes."""

from pathlib import Path

from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import clock
from core.actions import action
from core.errors import Refused
from core.events import publish
from crm.actions.imports import start_import, upload_import
from crm.actions.operations import undo_operation
from crm.events.upkeep import SetupMoved
from crm.forms.setup import EndStepForm
from crm.models import ImportRun, Operation, SetupStep
from crm.queries.setup import CHECKLIST, SAMPLE, next_step, sample_run, setup_steps

FILE = Path(__file__).resolve().parents[1] / "sample.csv"


@action("setup.end_step", permission="settings:manage", form=EndStepForm)
def end_step(*, actor: Actor, step: str, skipped: bool = False) -> SetupStep:
    """Note that a step is done or skipped; the next one begins. Publishes SetupMoved."""
    now = clock.now()
    row, _is_new = SetupStep.objects.get_or_create(key=step, defaults={"started_at": now})
    row.ended_at, row.is_skipped = now, skipped
    row.save(update_fields=["ended_at", "is_skipped"])
    following = next_step(setup_steps(), step)
    if following and step != CHECKLIST:
        SetupStep.objects.get_or_create(key=following.key, defaults={"started_at": now})
    publish(SetupMoved(row.pk, step, row.seconds or 0, skipped), actor=actor)
    return row


def load_sample(*, actor: Actor) -> ImportRun:
    """Import leads of businesses that do not exist. Refused while the sample data is here."""
    actor.require("settings:manage")
    if sample_run() is not None:
        raise Refused(_("The sample data is here already."))
    with FILE.open("rb") as file:
        run = upload_import(actor=actor, file=file, file_name=SAMPLE, kind="leads")
    return start_import(run, actor=actor)


def clear_sample(*, actor: Actor) -> Operation:
    """Take the sample data away; what people changed or added stays and is listed. Refused when there is none."""
    actor.require("settings:manage")
    run = sample_run()
    if run is None or run.operation is None:
        raise Refused(_("There is no sample data, or it is still on its way. Wait a moment."))
    return undo_operation(run.operation, actor=actor)
