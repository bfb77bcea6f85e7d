"""Ready-made words for the composer."""

from typing import ClassVar

from django.db import models

from core.clock import now


class Template(models.Model):
    """A message with `{{ first_name }}`-style holes, filled when it is used."""

    name = models.CharField(max_length=120, unique=True)
    subject = models.CharField(max_length=255, blank=True)
    body = models.TextField()
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name
