"""Plain, frozen values that cross the wall between vendors, agents, queries and actions."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

MessageKind = Literal["reply", "auto_reply", "out_of_office", "bounce", "complaint", "delay"]
BounceClass = Literal["hard", "soft", "policy", "content", "complaint", "unknown"]
Via = Literal["model", "rules"]

INTENTS = ("interested", "asking_price", "question", "not_interested", "unsubscribe", "out_of_office", "unclear")


@dataclass(frozen=True)
class BounceRecipient:
    """One address named by a delivery report, and what the report means for that address."""

    address: str
    status: str = ""
    cls: BounceClass = "unknown"
    detail: str = ""


@dataclass(frozen=True)
class InboundAttachment:
    """A file that arrived with a message; content is never trusted, nor its name."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class InboundMessage:
    """A message as it arrived, read once: who, what kind, and the words that are new in it."""

    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    from_address: str = ""
    from_name: str = ""
    to_addresses: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    received_at: datetime | None = None
    kind: MessageKind = "reply"
    reply_text: str = ""
    recipients: tuple[BounceRecipient, ...] = ()
    original_message_id: str = ""
    answerable: bool = True
    attachments: tuple[InboundAttachment, ...] = ()
    channel: str = "email"


@dataclass(frozen=True)
class Attachment:
    """A file to send."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class OutboundMail:
    """Everything needed to compose one message; `mailbuild.compose` turns it into bytes."""

    key: str
    from_address: str
    from_name: str
    to_address: str
    subject: str
    text: str
    to_name: str = ""
    html: str = ""
    reply_to: str = ""
    return_path: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    automated: Literal["", "auto-generated", "auto-replied"] = ""
    list_unsubscribe_url: str = ""
    list_unsubscribe_mailto: str = ""
    list_id: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    date: datetime | None = None


@dataclass(frozen=True)
class ComposedMail:
    """A finished message: its id, its envelope and its bytes with CRLF line ends."""

    message_id: str
    sender: str
    recipient: str
    content: bytes
    smtputf8: bool = False


@dataclass(frozen=True)
class InboxCursor:
    """Where the last poll of a mailbox ended; the caller stores it."""

    uidvalidity: int = 0
    uid: int = 0


@dataclass(frozen=True)
class LeadBrief:
    """What an agent may know of a lead: the task's facts and nothing else of the person."""

    lead_id: int
    first_name: str = ""
    business_name: str = ""
    industry: str = ""
    city: str = ""
    source: str = ""
    score: int = 0
    reasons: tuple[str, ...] = ()
    note: str = ""
    language: str = "en"
    sender_name: str = ""
    workspace_name: str = ""
    tone: str = "friendly"
    offer: str = ""
    allowed_domains: tuple[str, ...] = ()
    automated: bool = False
    do_not_ai: bool = False
    attempt: int = 0


@dataclass(frozen=True)
class HistoryEntry:
    """One earlier message of a conversation."""

    direction: Literal["in", "out"]
    text: str
    at: datetime | None = None


@dataclass(frozen=True)
class ReplyContext:
    """A reply and what is needed to understand or answer it."""

    text: str
    subject: str = ""
    kind: MessageKind = "reply"
    history: tuple[HistoryEntry, ...] = ()
    lead: LeadBrief | None = None
    intent: str = ""
    message_id: int | None = None
    do_not_ai: bool = False


@dataclass(frozen=True)
class Usage:
    """What one model answer cost, to be stored with the run that asked."""

    model: str = ""
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0
    latency_ms: int = 0
    cached: bool = False
    error: str = ""
    input_hash: str = ""


@dataclass(frozen=True)
class Draft:
    """Words proposed for a message; a person or the workflow's dial decides whether they leave."""

    subject: str
    body: str
    confidence: float
    sources: tuple[str, ...] = ()
    via: Via = "rules"
    prompt_version: str = ""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class Classification:
    """The intent of a reply, with the words that show it."""

    intent: str
    confidence: float
    quote: str = ""
    via: Via = "rules"
    agreed: bool = True
    rules_intent: str = ""
    prompt_version: str = ""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class CatalogItem:
    """An item that may be proposed, at the only price it may be proposed for."""

    item_id: int
    sku: str
    name: str
    unit_price_minor: int
    currency: str
    description: str = ""


@dataclass(frozen=True)
class ProposalBrief:
    """What a proposal is to answer."""

    lead: LeadBrief
    wishes: str = ""
    currency: str = ""
    budget_minor: int | None = None


@dataclass(frozen=True)
class ProposalLineDraft:
    """One catalog item in a drafted proposal; name and price are the catalog's."""

    item_id: int
    name: str
    quantity: Decimal
    unit_price_minor: int
    currency: str
    description: str = ""


@dataclass(frozen=True)
class ProposalDraft:
    """A drafted proposal: lines from the catalog only, words from the writer."""

    title: str
    summary: str
    lines: tuple[ProposalLineDraft, ...]
    confidence: float = 0.0
    sources: tuple[str, ...] = ()
    via: Via = "rules"
    prompt_version: str = ""
    usage: Usage = field(default_factory=Usage)
