"""The rows of the mechanisms: events, deliveries, effects, keys, job runs."""

from typing import ClassVar

from django.db import models


class Event(models.Model):
    """One happening: the only row that timeline, audit, live pages, webhooks and analytics read."""

    name = models.CharField(max_length=80)
    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField(null=True)
    contact_id = models.BigIntegerField(null=True)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=120)
    via = models.CharField(max_length=12)
    request_id = models.CharField(max_length=40, blank=True)
    ip = models.CharField(max_length=45, blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    mac = models.CharField(max_length=64)
    # Of a row whose words were taken out: what holds it in the chain instead of its link (core.audit).
    seal = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["subject_type", "subject_id", "-id"], name="event_subject"),
            models.Index(fields=["contact_id", "-id"], name="event_contact"),
            models.Index(fields=["name", "-id"], name="event_name"),
            models.Index(fields=["actor_id", "-id"], name="event_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject_type}:{self.subject_id}"


class AuditHead(models.Model):
    """The end of the chain: last event, how many there are, and a seal that a cut tail breaks."""

    last_event_id = models.BigIntegerField(default=0)
    length = models.BigIntegerField(default=0)
    mac = models.CharField(max_length=64, blank=True)
    seal = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.length} events, last {self.last_event_id}"


class Delivery(models.Model):
    """One event on its way to one subscriber: due, leased, done, or buried with its error."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    subscriber = models.CharField(max_length=120)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    buried_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["event", "subscriber"], name="delivery_once")]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"], name="delivery_due", condition=models.Q(done_at__isnull=True, buried_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.subscriber} of event {self.event_id}"


class Effect(models.Model):
    """One thing that leaves the house: planned in the transaction that decided it, claimed late, done once."""

    PLANNED, CLAIMED, DONE, FAILED, UNKNOWN, SETTLED = (
        "planned", "claimed", "done", "failed", "unknown", "settled",
    )  # fmt: skip
    STATES: ClassVar = [(state, state) for state in (PLANNED, CLAIMED, DONE, FAILED, UNKNOWN, SETTLED)]

    key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=40)
    subject_type = models.CharField(max_length=40, blank=True)
    subject_id = models.BigIntegerField(null=True)
    is_repeatable = models.BooleanField()
    state = models.CharField(max_length=8, choices=STATES, default=PLANNED)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    external_id = models.CharField(max_length=255, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "due_at"], name="effect_state"),
            models.Index(fields=["subject_type", "subject_id"], name="effect_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.state}"


class IdempotencyKey(models.Model):
    """What a key already led to: a row of an action, or the whole answer of a REST call."""

    scope = models.CharField(max_length=120)
    key = models.CharField(max_length=160)
    fingerprint = models.CharField(max_length=64, blank=True)
    result_type = models.CharField(max_length=80, blank=True)
    result_id = models.BigIntegerField(null=True)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["scope", "key"], name="idempotency_key_once")]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="idempotency_created")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"


class JobRun(models.Model):
    """One run of a job in one period (a local date, a slot of time, or by hand): the row makes it happen once."""

    job = models.CharField(max_length=120)
    period = models.CharField(max_length=40)
    worker = models.CharField(max_length=80, blank=True)
    tries = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "period"], name="job_once_a_period")]
        indexes: ClassVar = [models.Index(fields=["job"], name="job_running", condition=models.Q(finished_at=None))]

    def __str__(self) -> str:
        return f"{self.job} {self.period}"


class Heartbeat(models.Model):
    """When each worker was last seen alive."""

    name = models.CharField(max_length=80, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
