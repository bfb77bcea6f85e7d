"""What a machine would send, waiting for a person or for the workflow's dial."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from core.clock import now
from core.links import route
from crm.models.state import StateModel

UNSURE_BELOW = 0.6


def content_fingerprint(
    *, to_address: str, channel: str, subject: str, body: str, attachments: Iterable[dict[str, Any]] = ()
) -> str:
    """SHA-256 of exactly what would leave and to whom; an approval is good for this and nothing else."""
    files = [[file["name"], file["path"]] for file in attachments]
    content = json.dumps([to_address.strip().lower(), channel, subject, body, files], ensure_ascii=True)
    return hashlib.sha256(content.encode()).hexdigest()


class Suggestion(StateModel):
    """A drafted message; it leaves at most once, and only as approved."""

    owner_paths: ClassVar[tuple[str, ...]] = ("lead__owner", "contact__owner")
    permission_noun: ClassVar[str] = "conversation"

    class Kind(models.TextChoices):
        """What the draft is."""

        FIRST_MESSAGE = "first_message", _("First message")
        REPLY = "reply", _("Suggested reply")
        FOLLOW_UP = "follow_up", _("Follow-up")

    STATES: ClassVar[tuple[tuple[str, str], ...]] = (
        ("pending", _("Waits for you")),
        ("approved", _("Approved")),
        ("modified", _("Edited and sent")),
        ("rejected", _("Rejected")),
        ("void", _("Out of date")),
    )
    REASONS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("facts", _("Wrong facts")),
        ("tone", _("Tone")),
        ("not_now", _("Not now")),
        ("other", _("Other")),
    )

    contact = models.ForeignKey("crm.Contact", models.CASCADE, related_name="suggestions")
    lead = models.ForeignKey("crm.Lead", models.CASCADE, null=True, blank=True, related_name="suggestions")
    conversation = models.ForeignKey("outreach.Conversation", models.CASCADE, related_name="suggestions")
    in_reply_to = models.ForeignKey("outreach.Message", models.SET_NULL, null=True, blank=True, related_name="+")
    workflow_key = models.CharField(max_length=32, blank=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    channel = models.CharField(max_length=16, default="email")
    to_address = models.CharField(max_length=320)
    subject = models.CharField(max_length=255, blank=True)
    body = models.TextField()
    fingerprint = models.CharField(max_length=64)
    state = FSMField(max_length=16, choices=STATES, default="pending", protected=True)
    confidence = models.FloatField(default=0.0)
    sources = models.JSONField(default=list, blank=True)
    via = models.CharField(max_length=8, default="rules")
    prompt_version = models.CharField(max_length=64, blank=True)
    agent_run = models.ForeignKey("outreach.AgentRun", models.SET_NULL, null=True, blank=True, related_name="+")
    held_because = models.CharField(max_length=255, blank=True)
    decided_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    decided_via = models.CharField(max_length=32, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=16, choices=REASONS, blank=True)
    difference = models.TextField(blank=True)
    message = models.OneToOneField(
        "outreach.Message", models.SET_NULL, null=True, blank=True, related_name="suggestion"
    )
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["state", "created_at"], name="suggestion_state")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["conversation"], condition=models.Q(state="pending"), name="suggestion_one_pending"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} for {self.contact}"

    def get_absolute_url(self) -> str:
        """The lead page, or the conversation when there is no lead."""
        if self.lead_id:
            return route("crm:lead-detail", self.lead_id)
        return route("outreach:inbox-thread", self.conversation_id)

    @property
    def is_sure(self) -> bool:
        """Whether the draft may be approved without opening it first."""
        return self.confidence >= UNSURE_BELOW

    @property
    def percent(self) -> int:
        """How sure the machine is, as a whole percent."""
        return round(self.confidence * 100)

    @transition(field=state, source="pending", target="approved")
    def approve(self) -> None:
        """Leaves exactly as drafted."""

    @transition(field=state, source="pending", target="modified")
    def modify(self, difference: str) -> None:
        """Leaves as a person rewrote it; the difference is kept."""
        self.difference = difference

    @transition(field=state, source="pending", target="rejected")
    def reject(self, reason: str) -> None:
        """Never leaves."""
        self.reason = reason

    @transition(field=state, source="pending", target="void")
    def void(self) -> None:
        """Overtaken by events: a newer message, another draft, an opt-out."""
