"""Custom fields: what an install wants to know beyond our columns, defined without code."""

from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class CustomField(models.Model):
    """One typed question about a noun; the answers live in each row's `custom`, under `key`."""

    class Noun(models.TextChoices):
        CONTACT = "contact", _("Contacts")
        LEAD = "lead", _("Leads")
        DEAL = "deal", _("Deals")

    class Type(models.TextChoices):
        TEXT = "text", _("Text")
        NUMBER = "number", _("Number")
        DATE = "date", _("Date")
        CHOICE = "choice", _("One of a list")
        YES_NO = "yes-no", _("Yes or no")
        URL = "url", _("Web address")

    noun = models.CharField("about", max_length=8, choices=Noun)
    key = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    type = models.CharField(max_length=8, choices=Type)
    choices = models.JSONField(default=list, blank=True)
    is_required = models.BooleanField("required", default=False)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["noun", "order", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["noun", "key"], name="custom_field_key_once")]

    def __str__(self) -> str:
        return self.label

    @property
    def name(self) -> str:
        """The label: what crumbs and titles show."""
        return self.label

    @property
    def input_name(self) -> str:
        """The name of its input in a form."""
        return f"custom_{self.key}"

    def shown(self, value: Any) -> str:
        """Return a stored value as people read it, "" for none; a value of another type as it is."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return gettext("Yes") if value else gettext("No")
        if self.type == self.Type.DATE:
            try:
                return date_format(date.fromisoformat(str(value)), "j M Y")
            except ValueError:
                return str(value)
        return str(value)
