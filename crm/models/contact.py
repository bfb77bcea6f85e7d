"""Contacts: people and companies, and their addresses."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.links import route
from crm.models.search import Searchable
from crm.models.tag import Tag
from crm.search import sort_key


class Channel(models.TextChoices):
    """How somebody can be reached."""

    EMAIL = "email", _("Email")
    SMS = "sms", "SMS"
    WHATSAPP = "whatsapp", _("WhatsApp")
    PHONE = "phone", _("Phone")


class Contact(Searchable):
    """A person or a company, found again by its folded email or its E.164 phone."""

    owner_paths: ClassVar[tuple[str, ...]] = ("owner",)
    searched: ClassVar[tuple[str, ...]] = (
        "first_name", "last_name", "company_name", "email", "phone", "phone_e164", "external_ref",
    )  # fmt: skip

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        COMPANY = "company", _("Company")

    class Source(models.TextChoices):
        WEB = "web", _("Web form")
        REFERRAL = "referral", _("Referral")
        COLD_OUTREACH = "cold-outreach", _("Cold outreach")
        CAMPAIGN = "campaign", _("Campaign")
        IMPORT = "import", _("Import")
        API = "api", "API"
        FINDER = "finder", _("Lead finder")
        EMAIL = "email", _("Email")
        WHATSAPP = "whatsapp", _("WhatsApp")
        AD = "ad", _("Ad")
        MANUAL = "manual", _("Typed in")

    class Stage(models.TextChoices):
        PROSPECT = "prospect", _("Prospect")
        QUALIFIED = "qualified", _("Qualified")
        CUSTOMER = "customer", _("Customer")
        CHURNED = "churned", _("Churned")

    kind = models.CharField(max_length=8, choices=Kind, default=Kind.PERSON)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    company_name = models.CharField(max_length=200, blank=True)
    company_folded = models.CharField(max_length=200, blank=True, editable=False)
    company = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="people")
    job_title = models.CharField(max_length=120, blank=True)
    industry = models.CharField(max_length=120, blank=True)
    city = models.CharField(max_length=120, blank=True)
    country = models.CharField(_("country (two letters)"), max_length=2, blank=True)
    email = models.EmailField(max_length=254, blank=True)
    email_folded = models.CharField(max_length=254, null=True, editable=False)
    phone = models.CharField(max_length=40, blank=True)
    phone_e164 = models.CharField(max_length=16, null=True, editable=False)
    # The key that an imported file knew this contact by: finds rows without any address again.
    external_ref = models.CharField(max_length=160, null=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="contacts",
        db_index=False,
    )  # fmt: skip
    source = models.CharField(max_length=20, choices=Source, default=Source.MANUAL)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.PROSPECT)
    score = models.PositiveSmallIntegerField(default=0)
    language = models.CharField(max_length=10, blank=True)
    timezone = models.CharField(max_length=64, blank=True)
    do_not_contact = models.BooleanField(default=False)
    do_not_ai = models.BooleanField(_("no machine writes to this contact"), default=False)
    last_activity_at = models.DateTimeField(null=True, blank=True)
    price_list = models.ForeignKey("crm.PriceList", models.SET_NULL, null=True, blank=True, related_name="customers")
    custom = models.JSONField(default=dict, blank=True)
    tags = models.ManyToManyField(Tag, blank=True, related_name="contacts")
    import_run = models.ForeignKey(
        "crm.ImportRun", models.SET_NULL, null=True, blank=True, related_name="contacts",
        editable=False, db_index=False,
    )  # fmt: skip

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="contact_person_reachable",
                condition=Q(kind="company")
                | Q(email_folded__isnull=False)
                | Q(phone_e164__isnull=False)
                | Q(external_ref__isnull=False),
            ),
            models.CheckConstraint(name="contact_score_0_100", condition=Q(score__lte=100)),
            models.UniqueConstraint(fields=["email_folded"], name="contact_email_once"),
            models.UniqueConstraint(fields=["phone_e164"], name="contact_phone_once"),
            models.UniqueConstraint(fields=["external_ref"], name="contact_reference_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["owner", "-created_at", "-id"], name="contact_owner"),
            models.Index(fields=["-created_at", "-id"], name="contact_newest"),
            models.Index(fields=["stage", "-created_at", "-id"], name="contact_stage"),
            models.Index(fields=["sort_name", "id"], name="contact_name"),
            models.Index(fields=["owner", "sort_name", "id"], name="contact_owner_name"),
            models.Index(fields=["company_folded"], name="contact_company"),
            models.Index(fields=["-score", "-id"], name="contact_score"),
            models.Index(fields=["last_activity_at", "id"], name="contact_quiet"),
            models.Index(fields=["import_run", "id"], name="contact_imported", condition=Q(import_run__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return route("crm:contact-detail", self.pk)

    @property
    def name(self) -> str:
        """The person's name, else the company's, else the address that we have, else an import's reference."""
        person = f"{self.first_name} {self.last_name}".strip()
        reference = (self.external_ref or "").rpartition(":")[2][:8]
        known = person or self.company_name or self.email or self.phone
        return known or (f"Ref. {reference}" if reference else "Nameless")

    @staticmethod
    def search_names(row: Any) -> tuple[str, ...]:
        """Return the person's names and the company's."""
        return row.first_name, row.last_name, row.company_name

    @staticmethod
    def search_addresses(row: Any) -> tuple[str, ...]:
        """Return the main addresses."""
        return row.email, row.phone_e164 or row.phone

    @staticmethod
    def search_order(row: Any) -> str:
        """Return a person's family name and first name, else what else it is called."""
        person = f"{row.last_name} {row.first_name}"
        return sort_key(person, row.company_name, row.email, row.phone, row.external_ref or "")

    @classmethod
    def search_held(cls, ids: Sequence[int]) -> Iterable[tuple[int, str]]:
        """Return all other addresses, those that no longer hold included."""
        rows = ContactAddress.objects.filter(contact__in=ids).exclude(folded="").order_by("pk")
        for pk, channel, value, folded in rows.values_list("contact_id", "channel", "value", "folded"):
            yield pk, folded if channel == "phone" else value


class AddressQuerySet(models.QuerySet["ContactAddress"]):
    """Filters that read as clauses."""

    def current(self) -> "AddressQuerySet":
        """Addresses that still hold: nothing ever goes to a retired one."""
        return self.filter(valid_until=None)


class ContactAddress(models.Model):
    """One address of a contact on one channel, with the days between which it held."""

    owner_paths: ClassVar[tuple[str, ...]] = ("contact__owner",)
    part_of: ClassVar[tuple[str, ...]] = ("contact_id",)

    class Channel(models.TextChoices):
        EMAIL = "email", _("Email")
        PHONE = "phone", _("Phone")
        POSTAL = "postal", _("Postal")

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="addresses")
    channel = models.CharField(max_length=8, choices=Channel)
    value = models.CharField(max_length=400)
    folded = models.CharField(max_length=400, blank=True)
    label = models.CharField(max_length=40, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    is_primary = models.BooleanField("main", default=False)

    objects = AddressQuerySet.as_manager()

    class Meta:
        verbose_name = "address"
        verbose_name_plural = "addresses"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="address_main_is_current", condition=Q(is_primary=False) | Q(valid_until__isnull=True)
            )
        ]
        indexes: ClassVar = [models.Index(fields=["channel", "folded"], name="address_folded")]

    def __str__(self) -> str:
        return self.value

    def get_absolute_url(self) -> str:
        return route("crm:contact-detail", self.contact_id)
