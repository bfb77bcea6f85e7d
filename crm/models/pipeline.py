"""Pipelines and their stages."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from crm.models.record import Record


class Pipeline(Record):
    """A way of selling: an ordered list of stages."""

    name = models.CharField(max_length=80, unique=True)
    is_default = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="pipeline_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Stage(models.Model):
    """A step of a pipeline: the chance that its deals are won, the days after which they rot."""

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="stages")
    name = models.CharField(max_length=80)
    order = models.PositiveSmallIntegerField()
    probability = models.PositiveSmallIntegerField(default=0)
    rot_days = models.PositiveSmallIntegerField(null=True, blank=True)
    is_proposal_sent = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pipeline", "name"], name="stage_name_once"),
            models.CheckConstraint(
                name="stage_probability_0_100", condition=Q(probability__lte=100)
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["pipeline", "order", "id"], name="stage_order")]

    def __str__(self) -> str:
        return self.name
