"""How far the set-up of the workspace is."""

from django.db import models


class SetupStep(models.Model):
    """One step of the set-up that somebody began: when, and when it was done or skipped."""

    key = models.CharField(max_length=12, unique=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    is_skipped = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.key

    @property
    def seconds(self) -> int | None:
        """How long it took, None while it lasts."""
        return int((self.ended_at - self.started_at).total_seconds()) if self.ended_at else None
