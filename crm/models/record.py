"""What every record carries: when it came, when it changed, how often (optimistic locking)."""

from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused


class Record(models.Model):
    """A row with times and a version that grows by one with each change."""

    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True

    def check_version(self, version: int | None) -> None:
        """Raise Refused("stale") when `version` is given and is not the row's."""
        if version is not None and version != self.version:
            raise Refused(_("Somebody changed this while you were editing. Look at it again, then save."), code="stale")

    def store(self, *fields: str, **values: Any) -> None:
        """Set `values`, count the change, and write only them and `fields` (set before)."""
        for name, value in values.items():
            setattr(self, name, value)
        self.version += 1
        self.updated_at = clock.now()
        self.save(update_fields=[*fields, *values, "version", "updated_at"])
