"""What an agent was asked and what it answered; never the words themselves, only their hash."""

from typing import ClassVar

from django.db import models

from core.clock import now


class AgentRun(models.Model):
    """One thought of one agent, with its cost."""

    owner_paths: ClassVar[tuple[str, ...]] = ("lead__owner",)

    agent = models.CharField(max_length=32)
    prompt_version = models.CharField(max_length=64, blank=True)
    input_hash = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=64, blank=True)
    via = models.CharField(max_length=8)
    tokens = models.PositiveIntegerField(default=0)
    cost_micros = models.PositiveBigIntegerField(default=0)
    latency_ms = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict, blank=True)
    error = models.CharField(max_length=255, blank=True)
    lead = models.ForeignKey("crm.Lead", models.CASCADE, null=True, blank=True, related_name="agent_runs")
    message = models.ForeignKey("outreach.Message", models.CASCADE, null=True, blank=True, related_name="agent_runs")
    created_at = models.DateTimeField(default=now, editable=False, db_index=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["agent", "created_at"], name="agentrun_agent_at")]

    def __str__(self) -> str:
        return f"{self.agent} {self.pk}"
