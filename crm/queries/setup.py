"""Reading the set-up: its steps, the minutes left, and the sample data."""

from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.models import Event
from crm.models import Contact, ImportRun, Operation, SetupStep

SAMPLE: Final = "Sample data.csv"
CHECKLIST: Final = "checklist"


class Step(NamedTuple):
    """One step: its name, its minutes, what it is for, and how far it is."""

    key: str
    label: str | Promise
    minutes: int
    text: str | Promise
    row: SetupStep | None = None

    @property
    def is_over(self) -> bool:
        """Whether it is done or skipped."""
        return self.row is not None and self.row.ended_at is not None


STEPS: Final = (
    Step("business", _("Business"), 3, _("Your name, hours and tone. Drafts are written from what you sell.")),
    Step("team", _("Team"), 2, _("Invite colleagues by email. Each gets a role; you can change it later.")),
    Step("leads", _("Bring leads"), 4, _("Load sample data to look around, import a file, or share your form.")),
    Step("channels", _("Channels"), 3, _("Where mail leaves and arrives. Without a mail server it goes to a folder.")),
    Step("pipeline", _("Pipeline"), 1, _("The stages that your deals go through, from the first word to the yes.")),
    Step("workflow", _("First workflow"), 2, _("Choose what is done by itself, and what waits for your yes.")),
)  # fmt: skip


def setup_steps() -> list[Step]:
    """Return the steps with how far they are."""
    rows = {row.key: row for row in SetupStep.objects.all()}
    return [step._replace(row=rows.get(step.key)) for step in STEPS]


def next_step(steps: list[Step], after: str = "") -> Step | None:
    """Return the first step after one that is still to do, else the first of all."""
    at = next((number for number, step in enumerate(steps, 1) if step.key == after), 0)
    return next((step for step in [*steps[at:], *steps[:at]] if not step.is_over), None)


def is_dismissed() -> bool:
    """Whether somebody put the checklist away."""
    return SetupStep.objects.filter(key=CHECKLIST).exists()


def sample_run() -> ImportRun | None:
    """Return the import of the sample data that is still here, or on its way."""
    runs = ImportRun.objects.filter(file_name=SAMPLE).exclude(operation__state=Operation.State.UNDONE)
    return runs.exclude(state=ImportRun.State.FAILED).order_by("-pk").first()


def worked_on(run: ImportRun) -> list[Contact]:
    """Return the contacts of the sample data with which people did something: that stays when it is cleared."""
    mine = Contact.objects.filter(import_run=run).order_by("pk")
    done = Event.objects.filter(
        contact_id__in=mine.values("pk"), actor_kind="user", at__gt=run.finished_at or run.created_at
    )
    return list(mine.filter(pk__in=done.values("contact_id"))[:50])
