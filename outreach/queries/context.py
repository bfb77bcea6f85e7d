"""What an agent may know: the task's facts, and nothing of anybody else."""

from urllib.parse import urlsplit

from django.conf import settings

from accounts.models import Workspace
from crm.models import Lead
from outreach.models import Message
from outreach.values import HistoryEntry, LeadBrief, ReplyContext

HISTORY = 12


def lead_brief(lead: Lead, *, automated: bool = False, attempt: int = 0) -> LeadBrief:
    """Describe a lead to the writer."""
    workspace = Workspace.current()
    contact = lead.contact
    return LeadBrief(
        lead_id=lead.pk,
        first_name=contact.first_name,
        business_name=lead.business_name or contact.company_name,
        industry=lead.industry or contact.industry,
        city=lead.city or contact.city,
        source=lead.source,
        score=lead.score,
        reasons=tuple(str(reason.get("label", "")) for reason in lead.score_reasons[:5]),
        note=_note(lead),
        language=contact.language or workspace.default_language,
        sender_name=str(lead.owner) if lead.owner else workspace.sender_name or workspace.name,
        workspace_name=workspace.name,
        tone=workspace.tone,
        offer=workspace.about,
        allowed_domains=own_domains(workspace),
        automated=automated,
        do_not_ai=contact.do_not_ai,
        attempt=attempt,
    )


def reply_context(message: Message) -> ReplyContext:
    """Describe a reply and what was said before it."""
    earlier = message.conversation.messages.filter(pk__lt=message.pk).exclude(state__in=("failed", "queued"))
    history = [
        HistoryEntry(direction="in" if row.direction == "in" else "out", text=row.words[:4000], at=row.created_at)
        for row in earlier.order_by("-pk")[:HISTORY]
    ]
    return ReplyContext(
        text=message.words,
        subject=message.subject,
        kind=message.kind or "reply",  # type: ignore[arg-type]
        history=tuple(reversed(history)),
        lead=lead_brief(message.lead) if message.lead else None,
        intent=message.intent,
        message_id=message.pk,
        do_not_ai=message.contact.do_not_ai,
    )


def _note(lead: Lead) -> str:
    """Return what the lead wrote when it came in."""
    first = lead.activities.filter(type="note").order_by("pk").values_list("body", flat=True).first()
    return (first or "")[:2000]


def own_domains(workspace: Workspace) -> tuple[str, ...]:
    """Return the domains that a drafted message may link to."""
    hosts = {urlsplit(address).hostname for address in (workspace.website, settings.SITE_URL)}
    return tuple(sorted(host for host in hosts if host))
