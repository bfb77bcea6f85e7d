"""Playbooks, and the processes that follow them."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.contact import Contact
from crm.models.deal import Deal
from crm.models.record import Record


class Playbook(Record):
    """Steps with tasks, as data: `steps` is a list of {key, name, guard, tasks}.

    A task is {subject, role, days, only_if, done_when}; `days` are working days after the step began.
    """

    class Starts(models.TextChoices):
        CONVERSION = "lead.converted", _("A lead is converted")
        WIN = "deal.won", _("A deal is won or paid")

    key = models.CharField(max_length=40, unique=True, editable=False)
    slug = models.CharField(max_length=40, unique=True, editable=False)
    name = models.CharField(max_length=80)
    starts_on = models.CharField(max_length=20, choices=Starts, editable=False)
    wins_deal = models.BooleanField(default=False, editable=False)
    is_active = models.BooleanField(_("starts by itself"), default=True)
    steps = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.name


class Process(Record):
    """A deal on its way through a playbook; `steps` are the playbook's as they were at the start."""

    owner_paths: ClassVar[tuple[str, ...]] = ("deal__owner",)
    is_derived = True  # it goes with its deal: undoing a conversion is not held up by it

    class State(models.TextChoices):
        RUNNING = "running", _("Under way")
        DONE = "done", _("Done")
        STOPPED = "stopped", _("Stopped")

    playbook = models.ForeignKey(Playbook, models.PROTECT, related_name="processes")
    deal = models.ForeignKey(Deal, models.CASCADE, related_name="processes")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="processes")
    steps = models.JSONField()
    at = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)

    class Meta:
        verbose_name_plural = "processes"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["playbook", "deal"], name="process_once"),
            models.CheckConstraint(name="process_state_known", condition=Q(state__in=("running", "done", "stopped"))),
        ]
        indexes: ClassVar = [models.Index(fields=["contact", "state"], name="process_contact")]

    def __str__(self) -> str:
        return f"{self.playbook}: {self.step['name']}"

    @property
    def step(self) -> dict[str, Any]:
        """The step that is being worked on."""
        found: dict[str, Any] = self.steps[self.at]
        return found

    @property
    def guards(self) -> bool:
        """Whether it holds an open deal to the guards of its steps."""
        is_running = self.state == self.State.RUNNING
        return is_running and self.playbook.starts_on == Playbook.Starts.CONVERSION

    def prefix(self, step: int) -> str:
        """What the keys of a step's tasks start with; it makes each task happen once."""
        return f"{self.playbook.slug}:{self.deal_id}:{self.steps[step]['key']}:"
