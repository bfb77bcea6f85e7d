"""One message, in or out, and the machine that says how far it got."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from core.clock import now
from crm.models.state import StateModel


class MessageQuerySet(models.QuerySet["Message"]):
    """Filters over messages."""

    def outgoing(self) -> "MessageQuerySet":
        """Messages of ours."""
        return self.filter(direction="out")

    def incoming(self) -> "MessageQuerySet":
        """Messages of theirs."""
        return self.filter(direction="in")

    def unknown(self) -> "MessageQuerySet":
        """Messages of which nobody can say whether they arrived."""
        return self.filter(state="unknown")

    def automatic_since(self, moment: datetime) -> "MessageQuerySet":
        """Messages that a workflow let go by itself since `moment`, unless they never left."""
        return self.outgoing().filter(automatic=True, created_at__gte=moment).exclude(state="failed")


class Message(StateModel):
    """A message of a conversation; outgoing ones leave only through the ledger of effects."""

    owner_paths: ClassVar[tuple[str, ...]] = ("lead__owner", "contact__owner")
    permission_noun: ClassVar[str] = "conversation"

    class Purpose(models.TextChoices):
        """Why a message is sent; decides what the lead's stage must allow."""

        FIRST_MESSAGE = "first_message", _("First message")
        FOLLOW_UP = "follow_up", _("Follow-up")
        REPLY = "reply", _("Reply")
        PROPOSAL = "proposal", _("Proposal")
        RECEIPT = "receipt", _("Receipt")
        NOTICE = "notice", _("Notice")

    STATES: ClassVar[tuple[tuple[str, str], ...]] = (
        ("queued", _("Queued")),
        ("sent", _("Sent")),
        ("failed", _("Not sent")),
        ("unknown", _("Unknown")),
        ("settled", _("Settled")),
        ("received", _("Received")),
    )
    DIRECTIONS: ClassVar[tuple[tuple[str, str], ...]] = (("in", _("In")), ("out", _("Out")))
    KINDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("reply", _("Reply")),
        ("auto_reply", _("Automatic reply")),
        ("out_of_office", _("Out of office")),
        ("bounce", _("Not delivered")),
        ("complaint", _("Complaint")),
        ("delay", _("Delayed")),
    )

    conversation = models.ForeignKey("outreach.Conversation", models.CASCADE, related_name="messages")
    contact = models.ForeignKey("crm.Contact", models.CASCADE, related_name="messages")
    lead = models.ForeignKey("crm.Lead", models.SET_NULL, null=True, blank=True, related_name="messages")
    ticket = models.ForeignKey("crm.Ticket", models.SET_NULL, null=True, blank=True, related_name="messages")
    direction = models.CharField(max_length=3, choices=DIRECTIONS)
    channel = models.CharField(max_length=16, default="email")
    state = FSMField(max_length=16, choices=STATES, default="queued", protected=True)
    purpose = models.CharField(max_length=16, choices=Purpose.choices, blank=True)
    subject_ref = models.CharField(max_length=64, blank=True)
    subject = models.CharField(max_length=255, blank=True)
    body_text = models.TextField(blank=True)
    attachments = models.JSONField(default=list, blank=True)
    from_address = models.CharField(max_length=320, blank=True)
    to_address = models.CharField(max_length=320, blank=True)
    message_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    in_reply_to = models.CharField(max_length=255, blank=True)
    references = models.JSONField(default=list, blank=True)
    kind = models.CharField(max_length=16, choices=KINDS, blank=True)
    reply_text = models.TextField(blank=True)
    answerable = models.BooleanField(default=True)
    intent = models.CharField(max_length=32, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    intent_via = models.CharField(max_length=8, blank=True)
    intent_quote = models.CharField(max_length=255, blank=True)
    intent_agreed = models.BooleanField(default=False)
    corrected_from = models.CharField(max_length=32, blank=True)
    written_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    sent_by_ai = models.BooleanField(default=False)
    automatic = models.BooleanField(default=False)
    workflow_key = models.CharField(max_length=32, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    external_id = models.CharField(max_length=255, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now, editable=False, db_index=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["conversation", "created_at"], name="message_conversation_at"),
            models.Index(fields=["state", "direction"], name="message_state"),
        ]

    def __str__(self) -> str:
        return self.subject or f"Message {self.pk}"

    def get_absolute_url(self) -> str:
        """The message in its conversation."""
        return f"{reverse('outreach:inbox-thread', args=[self.conversation_id])}#message-{self.pk}"

    @property
    def effect_key(self) -> str:
        """The key under which the ledger of outward effects knows this message."""
        return f"message:{self.pk}"

    @property
    def words(self) -> str:
        """What the other side sees as new: the reply without its quoted past, or the whole text."""
        return self.reply_text or self.body_text

    @property
    def shows_money(self) -> bool:
        """Whether its words say what somebody pays: a proposal or a receipt."""
        return self.purpose in (self.Purpose.PROPOSAL, self.Purpose.RECEIPT)

    @transition(field=state, source="queued", target="sent")
    def mark_sent(self, external_id: str) -> None:
        """The receiving server took the message."""
        self.external_id, self.error, self.sent_at = external_id, "", now()

    @transition(field=state, source="queued", target="failed")
    def mark_failed(self, error: str) -> None:
        """The message certainly did not leave."""
        self.error = error

    @transition(field=state, source="queued", target="unknown")
    def mark_unknown(self, error: str) -> None:
        """The connection ended after the claim: it may or may not have arrived."""
        self.error = error

    @transition(field=state, source=["unknown", "failed"], target="queued")
    def queue_again(self) -> None:
        """A person decided to send it once more."""
        self.error = ""

    @transition(field=state, source="unknown", target="settled")
    def settle(self) -> None:
        """A person decided that it counts as sent and will not be sent again."""
        self.sent_at = self.sent_at or now()
