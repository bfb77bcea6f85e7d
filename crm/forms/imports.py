"""What an import asks of the person, and what it asks of every row of the file."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from core.money import CURRENCIES
from crm import columns
from crm.matching import country_code, e164, fold_email
from crm.models import ImportRun
from crm.tables import Row, Table


class UploadImportForm(forms.Form):
    """A file, and what is in it when its headers do not tell."""

    file = forms.FileField(
        label="File",
        max_length=200,
        help_text="CSV or XLSX. The first row names the columns.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
    )
    kind = forms.ChoiceField(
        label="What is in it",
        choices=[("", "Recognise it"), *ImportRun.Kind.choices],
        required=False,
    )


class MapImportForm(forms.Form):
    """Which column fills which field."""

    kind = forms.ChoiceField(label="What is in it", choices=ImportRun.Kind)
    mode = forms.ChoiceField(
        label="If some rows are wrong", choices=ImportRun.Mode, widget=forms.RadioSelect
    )
    mapping = forms.JSONField(required=False)

    def clean_mapping(self) -> dict[str, str]:
        """Each field at most once, and only fields that exist."""
        mapping = self.cleaned_data["mapping"] or {}
        if not isinstance(mapping, dict):
            raise ValidationError("Send an object that maps each column to a field.")
        kind = self.cleaned_data.get("kind", "")
        allowed = dict(columns.choices(kind, list(mapping))) if kind else {}
        used: dict[str, str] = {}
        for header, target in mapping.items():
            if target not in allowed:
                raise ValidationError(f"{header}: choose one of the offered fields.")
            if target and target in used:
                raise ValidationError(
                    f"{used[target]} and {header} both fill {allowed[target]}. Choose one of them."
                )
            used[target] = header
        return mapping


class AmountField(forms.DecimalField):
    """An amount as people write it, with signs and thousands separators."""

    def to_python(self, value: Any) -> Decimal | None:
        return super().to_python(str(value).strip("₹$€£ ").replace(",", "") if value else None)


class DayField(forms.CharField):
    """A day as 2026-11-21, 21/11/2026 or 11/21/2026; the file's habit decides between the last two."""

    day_first = True

    def clean(self, value: Any) -> date | None:
        text = (
            str(value or "")
            .strip()
            .partition(" ")[0]
            .partition("T")[0]
            .replace(".", "/")
            .replace("-", "/")
        )
        if not text:
            return None
        for form in (
            "%Y/%m/%d",
            "%d/%m/%Y" if self.day_first else "%m/%d/%Y",
            "%d/%m/%y" if self.day_first else "%m/%d/%y",
        ):
            try:
                return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no time zone
            except ValueError:
                continue
        raise ValidationError(f"{value} is no date. Write it as 2026-11-21.")


class RowForm(forms.Form):
    """The fields of a row, whatever the kind; a file fills those that its columns are mapped to."""

    email = forms.EmailField(max_length=254)
    phone = forms.CharField(max_length=40)
    first_name = forms.CharField(max_length=100)
    last_name = forms.CharField(max_length=100)
    name = forms.CharField(max_length=200)
    business_name = forms.CharField(label="Company", max_length=200)
    job_title = forms.CharField(max_length=120)
    industry = forms.CharField(max_length=120)
    city = forms.CharField(max_length=120)
    country = forms.CharField(max_length=120)
    external_ref = forms.CharField(label="Reference", max_length=120)
    reference = forms.CharField(max_length=120)
    owner = forms.CharField(max_length=200)
    manager = forms.CharField(max_length=150)
    region = forms.CharField(max_length=100)
    parent = forms.CharField(max_length=200)
    tags = forms.CharField(max_length=400)
    title = forms.CharField(max_length=200)
    source = forms.CharField(max_length=120)
    note = forms.CharField(max_length=10_000)
    sku = forms.CharField(label="Article number", max_length=60)
    series = forms.CharField(max_length=80)
    description = forms.CharField(max_length=10_000)
    currency = forms.CharField(max_length=3)
    item = forms.CharField(label="Product", max_length=200)
    stage = forms.CharField(max_length=80)
    estimated_value = AmountField(min_value=Decimal(0), max_value=Decimal(10) ** 13)
    unit_price = AmountField(label="Price", min_value=Decimal(0), max_value=Decimal(10) ** 13)
    value = AmountField(min_value=Decimal(0), max_value=Decimal(10) ** 13)
    opened_on = DayField()
    closed_on = DayField()


FIELDS: dict[str, forms.Field] = dict(RowForm.base_fields)
for _field in FIELDS.values():
    _field.required = False
NEEDED = {
    "accounts": ("business_name",),
    "users": ("name",),
    "items": ("name", "unit_price"),
    "deals": ("stage",),
}


@dataclass
class CleanRow:
    """One row as values, facts and outcome, with everything that is wrong with it."""

    number: int
    cells: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    outcome: str = ""
    problems: list[str] = field(default_factory=list)

    def get(self, key: str) -> Any:
        """A cleaned value, "" where the file has none."""
        return self.values.get(key, "")


def clean_rows(kind: str, table: Table, mapping: Mapping[str, str], country: str) -> list[CleanRow]:
    """Read every row of a file by the mapping; phone numbers without a country are read as of `country`."""
    reader = _Reader(kind, table, mapping, country)
    return [reader.read(row) for row in table.rows]


class _Reader:
    def __init__(self, kind: str, table: Table, mapping: Mapping[str, str], country: str) -> None:
        self.kind, self.headers, self.mapping, self.country = kind, table.headers, mapping, country
        self.fields = copy.deepcopy(FIELDS)
        for at, header in enumerate(table.headers):
            day = self.fields.get(mapping.get(header, ""))
            if isinstance(day, DayField):
                day.day_first = columns.day_first(row.cells[at] for row in table.rows)

    def read(self, source: Row) -> CleanRow:
        row = CleanRow(source.number, source.cells)
        if source.problem:
            row.problems.append(source.problem)
            return row
        raw = columns.values_of(self.mapping, self.headers, source.cells)
        for key, text in raw.items():
            known = self.fields.get(key)
            try:
                row.values[key] = known.clean(text) if known else text[:400]
            except ValidationError as error:
                row.problems += [f"{_label(key)}: {message}" for message in error.messages]
        if not row.problems:
            self._judge(row, raw)
        return row

    def _judge(self, row: CleanRow, raw: Mapping[str, str]) -> None:
        row.problems += [
            f"{_label(key)} is missing."
            for key in NEEDED.get(self.kind, ())
            if row.get(key) in ("", None)
        ]
        if row.get("currency") and row.values["currency"].upper() not in CURRENCIES:
            row.problems.append(f"Currency: use one of {', '.join(CURRENCIES)}.")
        if self.kind in {"leads", "contacts"}:
            self._identify(row)
        if self.kind == "leads":
            row.facts = columns.facts_of_row(raw)
            outcome = columns.outcome_of(raw.get("outcome", ""))
            if outcome is None:
                row.problems.append(
                    f"Outcome: {raw['outcome']} is neither won nor lost. Use 1 or 0, yes or no."
                )
            row.outcome = outcome or ""

    def _identify(self, row: CleanRow) -> None:
        phone, email = row.get("phone"), row.get("email")
        row.values["country_code"] = country_code(row.get("country"))
        row.values["phone_e164"] = (
            e164(phone, row.get("country_code") or self.country) if phone else ""
        )
        row.values["email_folded"] = fold_email(email) if email else ""
        if phone and not row.get("phone_e164"):
            row.problems.append(f"Phone: {phone} is no phone number. Write it as +91 98765 43210.")
        if email and not row.get("email_folded"):
            row.problems.append(f"Email: {email} is no email address.")
        if not (phone or email or row.get("external_ref")):
            row.problems.append(
                "The row has no email, no phone and no reference; one of them is needed."
            )
        full = str(row.values.pop("name", "")).split()
        if full and not row.get("first_name") and not row.get("last_name"):
            row.values["first_name"], row.values["last_name"] = (
                full[0][:100],
                " ".join(full[1:])[:100],
            )


def _label(key: str) -> str:
    return str(FIELDS[key].label or key.replace("_", " ").capitalize())
