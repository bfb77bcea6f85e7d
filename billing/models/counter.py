"""The number counters."""

from django.db import models


class Counter(models.Model):
    """The last number given out in a series; moved only by the transaction that uses it."""

    series = models.CharField(max_length=40, unique=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.series}: {self.last}"
