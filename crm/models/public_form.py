"""Public forms: how strangers become leads."""

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.models.record import Record


class PublicForm(Record):
    """A form on a public page: the fields it asks, the consent it records, who gets its leads."""

    class OwnerRule(models.TextChoices):
        ROUTE = "route", _("By the routing rules")
        FIXED = "fixed", _("Always the same person")

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    intro = models.TextField(blank=True)
    fields = models.JSONField(default=list, blank=True)
    consent_text = models.TextField(blank=True)
    thank_you = models.TextField(default="Thank you. We will write to you soon.")
    is_active = models.BooleanField(default=True)
    owner_rule = models.CharField(max_length=5, choices=OwnerRule, default=OwnerRule.ROUTE)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("crm:public-form", args=[self.slug])
