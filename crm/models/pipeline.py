"""Pipelines and their stages."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.links import route
from crm.deal_rules import NEEDS
from crm.models.record import Record


class Pipeline(Record):
    """A way of selling: an ordered list of stages."""

    name = models.CharField(max_length=80, unique=True)
    is_default = models.BooleanField(default=False)
    is_active = models.BooleanField(_("takes new deals"), default=True)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="pipeline_one_default")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return route("crm:pipeline-detail", self.pk)


class Stage(models.Model):
    """A step of a pipeline: the chance that its deals are won, the working days after which they rot.

    `needs` names what a deal must have to enter (`crm.deal_rules.NEEDS`), `step` the playbook step that begins here.
    """

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="stages")
    name = models.CharField(max_length=80)
    order = models.PositiveSmallIntegerField()
    probability = models.PositiveSmallIntegerField(default=0)
    rot_days = models.PositiveSmallIntegerField(null=True, blank=True)
    is_proposal_sent = models.BooleanField(default=False)
    needs = models.JSONField(default=list, blank=True)
    step = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pipeline", "name"], name="stage_name_once"),
            models.CheckConstraint(name="stage_probability_0_100", condition=Q(probability__lte=100)),
        ]
        indexes: ClassVar = [models.Index(fields=["pipeline", "order", "id"], name="stage_order")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return route("crm:pipeline-detail", self.pipeline_id)

    @property
    def asks(self) -> list[str]:
        """What a deal must have to come here, in words."""
        return [str(NEEDS[name][0]) for name in self.needs if name in NEEDS]
