"""Recording what agents thought and what vendors were asked."""

from typing import Any

from accounts.actor import Actor
from core.actions import action
from crm.models import Lead
from outreach.models import AgentRun, Message, ToolCall
from outreach.values import Classification, Draft, ProposalDraft


@action("agent_run.record", permission=None)
def record_run(
    *,
    actor: Actor,
    agent: str,
    answer: Draft | Classification | ProposalDraft,
    lead: Lead | None = None,
    message: Message | None = None,
    result: dict[str, Any] | None = None,
) -> AgentRun:
    """Record one thought of an agent: version, cost, way and result, so that it can be explained later."""
    usage = answer.usage
    return AgentRun.objects.create(
        agent=agent,
        prompt_version=answer.prompt_version,
        input_hash=usage.input_hash,
        model=usage.model,
        via=answer.via,
        tokens=usage.input_tokens + usage.output_tokens,
        cost_micros=usage.cost_micros,
        latency_ms=usage.latency_ms,
        result=result or {},
        error=usage.error[:255],
        lead=lead,
        message=message,
    )


@action("tool_call.record", permission=None)
def record_tool_call(
    *,
    actor: Actor,
    connector: str,
    capability: str,
    outcome: str,
    subject: tuple[str, int] = ("", 0),
    latency_ms: int = 0,
    error: str = "",
) -> ToolCall:
    """Record one call of a connector and how it ended."""
    return ToolCall.objects.create(
        connector=connector,
        capability=capability,
        outcome=outcome,
        subject_type=subject[0],
        subject_id=subject[1] or None,
        latency_ms=latency_ms,
        error=error[:255],
    )
