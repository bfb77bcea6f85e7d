"""The one running exchange with a person, over every channel."""

from typing import ClassVar

from django.db import models

from core.clock import now
from core.links import route


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Filters of the inbox."""

    def waiting(self) -> "ConversationQuerySet":
        """Conversations whose last word is the other side's."""
        return self.filter(needs_reply=True)


class Conversation(models.Model):
    """Everything said to and by one contact; it survives conversion and a change of owner."""

    owner_paths: ClassVar[tuple[str, ...]] = ("lead__owner", "contact__owner")

    contact = models.OneToOneField("crm.Contact", on_delete=models.CASCADE, related_name="conversation")
    lead = models.ForeignKey("crm.Lead", on_delete=models.SET_NULL, null=True, blank=True, related_name="conversations")
    subject = models.CharField(max_length=255, blank=True)
    last_message_at = models.DateTimeField(null=True, blank=True, db_index=True)
    last_line = models.CharField(max_length=160, blank=True)
    needs_reply = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now, editable=False)

    objects = ConversationQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Conversation with {self.contact}"

    def get_absolute_url(self) -> str:
        """The conversation opened in the inbox."""
        return route("outreach:inbox-thread", self.pk)
