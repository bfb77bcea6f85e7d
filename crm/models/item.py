"""The catalog: what is sold, at which price, on which list."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.links import route
from core.money import Money
from crm.models.record import Record


class ItemQuerySet(models.QuerySet["Item"]):
    """Filters that read as clauses."""

    def active(self) -> "ItemQuerySet":
        """Items that may still be sold."""
        return self.filter(is_active=True)


class Item(Record):
    """A product or a service with its list price."""

    sku = models.CharField(_("article number"), max_length=60, unique=True)
    name = models.CharField(max_length=200)
    name_folded = models.CharField(max_length=200, editable=False)
    description = models.TextField(blank=True)
    series = models.CharField(max_length=80, blank=True)
    unit_price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    is_active = models.BooleanField(_("on sale"), default=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="item_price_not_negative", condition=Q(unit_price_minor__gte=0))
        ]
        indexes: ClassVar = [
            models.Index(fields=["name_folded"], name="item_name_folded"),
            models.Index(fields=["-created_at", "-id"], name="item_newest"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return route("crm:item-edit", self.pk)

    @property
    def price(self) -> Money:
        """The list price as money."""
        return Money(self.unit_price_minor, self.currency)


class PriceList(Record):
    """Prices for some customers, in one currency."""

    name = models.CharField(max_length=80, unique=True)
    currency = models.CharField(max_length=3)
    is_active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return route("crm:price-list-detail", self.pk)


class PriceListEntry(models.Model):
    """What one item costs on one list."""

    price_list = models.ForeignKey(PriceList, models.CASCADE, related_name="entries")
    item = models.ForeignKey(Item, models.CASCADE, related_name="entries")
    unit_price_minor = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["price_list", "item"], name="price_list_item_once"),
            models.CheckConstraint(name="price_list_price_not_negative", condition=Q(unit_price_minor__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.item} on {self.price_list}"
