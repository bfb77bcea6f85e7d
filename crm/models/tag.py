"""Tags: short words that people put on contacts."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower


class Tag(models.Model):
    """One word, the same for everybody."""

    name = models.CharField(max_length=40)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("name"), name="tag_name_once")]

    def __str__(self) -> str:
        return self.name
