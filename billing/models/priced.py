"""What a document with a sum says of it: before tax, the tax, to pay."""

from django.db import models

from billing.totals import percent
from core.money import Money


class Priced(models.Model):
    """A document whose columns hold subtotal, tax and total in one currency."""

    class Meta:
        abstract = True

    @property
    def total(self) -> Money:
        """The amount to pay."""
        return Money(self.total_minor, self.currency)

    @property
    def subtotal(self) -> Money:
        """The amount before tax."""
        return Money(self.subtotal_minor, self.currency)

    @property
    def tax(self) -> Money:
        """The tax in the total."""
        return Money(self.tax_minor, self.currency)

    @property
    def tax_percent(self) -> str:
        """The tax rate as people write it."""
        return percent(self.tax_rate_bp)
