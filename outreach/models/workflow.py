"""The dial of a workflow: how much of it runs without a person."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

KNOWN: dict[str, dict[str, Any]] = {
    "lead_intake": {
        "name": gettext_noop("First message to a new lead"),
        "about": _("A lead arrives, the writer drafts the first message, you approve it or it leaves by itself."),
    },
    "reply_to_cash": {
        "name": gettext_noop("Reply to cash"),
        "about": _("An interested reply becomes a deal and a proposal; payment, invoice and welcome follow."),
    },
    "answer_reply": {
        "name": gettext_noop("Answers to replies"),
        "about": _("A question comes in and an answer is drafted from the conversation and your catalogue."),
    },
    "follow_up": {
        "name": gettext_noop("Follow-up"),
        "about": _("A lead that was written to and stays silent gets a short reminder. It stops at the first reply."),
    },
}


class Workflow(models.Model):
    """One row a workflow; `approve` asks a person each time, `auto` acts within the limits."""

    class Autonomy(models.TextChoices):
        """How much it may do alone."""

        APPROVE = "approve", _("Ask me each time")
        AUTO = "auto", _("Run by itself")

    key = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=120)
    autonomy = models.CharField(max_length=8, choices=Autonomy.choices, default=Autonomy.APPROVE)
    is_on = models.BooleanField(default=True)
    per_contact_per_day = models.PositiveSmallIntegerField(default=1)
    per_hour = models.PositiveSmallIntegerField(default=60)

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def about(self) -> str:
        """One sentence on what it does."""
        return str(KNOWN.get(self.key, {}).get("about", ""))

    @property
    def runs_alone(self) -> bool:
        """Whether it is on and may act without a person."""
        return self.is_on and self.autonomy == self.Autonomy.AUTO
