"""What happens at the wall, for whoever wants to act on it."""

from core.events import event


@event("message.queued")
class MessageQueued:
    """An outgoing message may leave; nothing has left yet."""

    message_id: int
    contact_id: int
    lead_id: int | None


@event("message.sent")
class MessageSent:
    """The receiving server took the message."""

    message_id: int
    contact_id: int
    lead_id: int | None
    purpose: str
    subject_ref: str


@event("message.failed")
class MessageFailed:
    """The message did not leave, for the reason given."""

    message_id: int
    contact_id: int
    lead_id: int | None
    purpose: str
    subject_ref: str
    reason: str


@event("message.unknown")
class MessageUnknown:
    """Nobody can say whether the message arrived; a person decides."""

    message_id: int
    contact_id: int
    lead_id: int | None


@event("message.settled")
class MessageSettled:
    """A person decided that an unknown message counts as sent."""

    message_id: int
    contact_id: int
    lead_id: int | None
    purpose: str
    subject_ref: str


@event("message.received")
class MessageReceived:
    """A message came in and has its place in a conversation."""

    message_id: int
    contact_id: int
    lead_id: int | None
    kind: str


@event("message.bounced")
class MessageBounced:
    """An address of ours was reported: hard, soft, policy or complaint."""

    message_id: int
    contact_id: int
    lead_id: int | None
    cls: str
    status: str


@event("message.classified")
class ReplyClassified:
    """The intent of a reply is known, or was corrected by a person."""

    message_id: int
    contact_id: int
    lead_id: int | None
    intent: str
    confidence: float
    via: str
    agreed: bool


@event("suggestion.ready")
class SuggestionReady:
    """A draft waits for a decision."""

    suggestion_id: int
    lead_id: int | None
    contact_id: int
    kind: str


@event("suggestion.requested")
class SuggestionRequested:
    """A person, or a workflow whose day has come, asked for a draft."""

    conversation_id: int
    contact_id: int
    lead_id: int | None
    workflow: str = ""


@event("suggestion.decided")
class SuggestionDecided:
    """A draft was approved, edited, rejected or overtaken."""

    suggestion_id: int
    lead_id: int | None
    contact_id: int
    state: str


@event("receipt.stored")
class HookReceived:
    """A delivery of a vendor is stored and can be read."""

    receipt_id: int
    vendor: str


@event("template.saved")
class TemplateSaved:
    """Ready-made words were added or changed."""

    template_id: int
    name: str


@event("workflow.changed")
class WorkflowChanged:
    """The dial of a workflow was turned."""

    workflow_id: int
    key: str
    autonomy: str
    is_on: bool


@event("channel.tested")
class ChannelTested:
    """A person asked for a test mail to their own address."""

    user_id: int
    effect_id: int
