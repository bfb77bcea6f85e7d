"""The operator's door to messages, drafts, dials and what came in; everything is read here, dials are turned."""

from typing import Any, ClassVar

from django.contrib import admin

from core.admin import HouseAdmin
from outreach.models import AgentRun, Conversation, Message, Receipt, Suggestion, Template, ToolCall, Workflow


@admin.register(Conversation)
class ConversationAdmin(HouseAdmin):
    """Who is being spoken with."""

    list_display = ("contact", "lead", "last_message_at", "needs_reply")
    list_filter = ("needs_reply",)
    search_fields = ("contact__email", "contact__first_name", "contact__last_name")


@admin.register(Message)
class MessageAdmin(HouseAdmin):
    """Every message and how far it got."""

    list_display = ("subject", "direction", "state", "purpose", "intent", "contact", "created_at")
    list_filter = ("direction", "state", "purpose", "kind", "intent", "automatic")
    search_fields = ("subject", "to_address", "from_address", "message_id")
    verbs = ("message.resend", "message.settle", "message.correct_classification")


@admin.register(Suggestion)
class SuggestionAdmin(HouseAdmin):
    """What machines drafted and what people made of it."""

    list_display = ("contact", "kind", "state", "confidence", "via", "decided_by", "decided_at", "created_at")
    list_filter = ("state", "kind", "via", "workflow_key")
    search_fields = ("to_address", "subject")
    verbs = ("suggestion.approve", "suggestion.reject")


@admin.register(Workflow)
class WorkflowAdmin(HouseAdmin):
    """The dials."""

    list_display = ("name", "is_on", "autonomy", "per_contact_per_day", "per_hour")
    create_action = "workflow.set"


@admin.register(Template)
class TemplateAdmin(HouseAdmin):
    """Ready-made words for the composer."""

    create_action, update_action = "template.create", "template.update"
    list_display = ("name", "subject", "is_active")
    search_fields = ("name", "subject")

    def initial_values(self, obj: Template) -> dict[str, Any]:
        """Answer the words as they stand."""
        return {name: getattr(obj, name) for name in ("name", "subject", "body", "is_active")}


@admin.register(Receipt)
class ReceiptAdmin(HouseAdmin):
    """What vendors delivered."""

    list_display = ("vendor", "external_id", "state", "note", "received_at")
    list_filter = ("vendor", "state")
    search_fields = ("external_id",)

    def shown(self, asked: list[str]) -> list[str]:
        """Leave the body out: it is a whole mail."""
        return [name for name in super().shown(asked) if name != "body"]


@admin.register(AgentRun)
class AgentRunAdmin(HouseAdmin):
    """What agents thought and what it cost."""

    list_display = ("agent", "via", "model", "tokens", "cost_micros", "latency_ms", "created_at")
    list_filter = ("agent", "via")


@admin.register(ToolCall)
class ToolCallAdmin(HouseAdmin):
    """Every call to a vendor."""

    list_display: ClassVar[Any] = ("connector", "capability", "outcome", "latency_ms", "created_at")
    list_filter = ("connector", "outcome")
