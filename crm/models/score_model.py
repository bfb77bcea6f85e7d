"""The learned weights of the score."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from core import clock


class ScoreModel(models.Model):
    """One training: additive weights, how many leads they come from, how well they tell apart."""

    name = models.CharField(max_length=60)
    weights: Any = models.JSONField(default=dict)
    trained_at = models.DateTimeField(default=clock.now)
    auc = models.FloatField(null=True, blank=True)
    n = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["is_active"], condition=Q(is_active=True), name="score_model_one_active")
        ]

    def __str__(self) -> str:
        return self.name
