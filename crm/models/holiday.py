"""The days on which nobody works."""

from typing import ClassVar

from django.db import models

from core.links import route


class Holiday(models.Model):
    """A day on which nobody is expected to work, whatever day of the week it is."""

    on = models.DateField(unique=True)
    name = models.CharField(max_length=80)

    class Meta:
        ordering: ClassVar = ["on"]

    def __str__(self) -> str:
        return f"{self.name}, {self.on:%-d %b %Y}"

    def get_absolute_url(self) -> str:
        return route("crm:holiday-list")
