"""The dials as they stand, and what their limits leave."""

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from accounts.models import Workspace
from core.clock import now
from outreach.models import Message, Suggestion, Workflow
from outreach.models.workflow import KNOWN

REPLIES_PER_THREAD = 3


def workflow_for(key: str) -> Workflow:
    """Return the dial of a workflow; one that nobody turned yet is on and asks each time."""
    return Workflow.objects.filter(key=key).first() or Workflow(key=key, name=KNOWN.get(key, {}).get("name", key))


def workflows() -> list[Workflow]:
    """Return the dials of all known workflows, in their order."""
    return [workflow_for(key) for key in KNOWN]


def may_think(key: str) -> bool:
    """Whether a workflow may ask its agents now: it is on and automation is not paused."""
    return not stopped(key, Workspace.current(), alone=False)


def stopped(key: str, workspace: Workspace, *, alone: bool = True) -> str:
    """Return why a workflow may not act (`alone`: without a person) now, or ""."""
    workflow = workflow_for(key)
    if workspace.automation_paused:
        return _("Automation is paused.")
    if not workflow.is_on:
        return f"“{workflow.name}” is switched off."
    if alone and workflow.autonomy != Workflow.Autonomy.AUTO:
        return f"“{workflow.name}” asks a person each time."
    return ""


def over_limit(workflow: Workflow, suggestion: Suggestion) -> str:
    """Return why a workflow may not send this draft by itself now, or ""; call it with the dial locked."""
    reason = stopped(workflow.key, Workspace.current())
    if reason:
        return reason
    if not suggestion.is_sure:
        return _("The draft is not sure enough to leave by itself.")
    if suggestion.contact.do_not_ai:
        return _("This contact asked not to be handled by machines.")
    sent = Message.objects.automatic_since(now() - timedelta(days=1)).filter(contact=suggestion.contact)
    if sent.count() >= workflow.per_contact_per_day:
        return f"At most {workflow.per_contact_per_day} a day leave by themselves to one person."
    lately = Message.objects.automatic_since(now() - timedelta(hours=1)).filter(workflow_key=workflow.key)
    if lately.count() >= workflow.per_hour:
        return f"At most {workflow.per_hour} an hour leave by themselves."
    if suggestion.kind == Suggestion.Kind.REPLY:
        answers = Message.objects.outgoing().filter(
            conversation=suggestion.conversation, automatic=True, purpose="reply"
        )
        if answers.count() >= REPLIES_PER_THREAD:
            return f"At most {REPLIES_PER_THREAD} answers of a conversation leave by themselves."
    return ""


def workflow_activity(key: str) -> dict[str, int]:
    """Return what a workflow did in the last 24 hours: drafted, sent by itself, waiting."""
    since = now() - timedelta(days=1)
    drafts = Suggestion.objects.filter(workflow_key=key)
    return {
        "drafted": drafts.filter(created_at__gte=since).count(),
        "sent": Message.objects.automatic_since(since).filter(workflow_key=key).count(),
        "waiting": drafts.filter(state="pending").count(),
    }
