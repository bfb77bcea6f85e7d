"""What an import asks of the person, and what it asks of every row of the file."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.money import CURRENCIES
from core.numbers import is_number
from crm import columns
from crm.forms.custom import read_custom
from crm.matching import country_code, e164, fold_email
from crm.models import LEGAL_PAIRS, Contact, CustomField, ImportRun
from crm.queries.custom_fields import fields_of
from crm.scoring import is_blank
from crm.tables import Row

MOST_MINOR = Decimal(10) ** 13
YES = frozenset({"yes", "y", "1", "true", "x"})
PAID = "A paid lead cannot be imported: that a lead is PAID comes from a verified payment alone."
NOT_REACHED = "The row has no email, no phone and no reference; one of them is needed."
NEEDED = {"accounts": ("business_name",), "users": ("name",), "items": ("name", "unit_price"), "deals": ("stage",)}
_PLAIN_EMAIL = re.compile(
    r"[A-Za-z0-9_%+'-]+(?:\.[A-Za-z0-9_%+'-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
)


class UploadImportForm(forms.Form):
    """A file, and what is in it when its headers do not tell."""

    file = forms.FileField(
        label=_("File"),
        max_length=200,
        help_text=_("CSV or XLSX. The first row names the columns."),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
    )
    kind = forms.ChoiceField(
        label=_("What is in it"), choices=[("", _("Recognise it")), *ImportRun.Kind.choices], required=False
    )


class MapImportForm(forms.Form):
    """Which column fills which field; `offered` are the choices of each kind that the person has."""

    kind = forms.ChoiceField(label=_("What is in it"), choices=ImportRun.Kind)
    mode = forms.ChoiceField(label=_("If some rows are wrong"), choices=ImportRun.Mode)
    known = forms.ChoiceField(label=_("What is here already"), choices=ImportRun.Known, required=False)
    mapping = forms.JSONField(required=False)

    def __init__(self, data: Any = None, *args: Any, is_admin: bool = False, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        self.is_admin = is_admin

    def clean_known(self) -> str:
        """Nothing said means that what is here stays."""
        return self.cleaned_data["known"] or ImportRun.Known.FILL.value

    def clean_mapping(self) -> dict[str, str]:
        """Each field at most once, and only fields that exist."""
        mapping = self.cleaned_data["mapping"] or {}
        if not isinstance(mapping, dict) or not all(isinstance(to, str) for to in mapping.values()):
            raise ValidationError(gettext("Send an object that maps each column to a field."))
        kind = self.cleaned_data.get("kind", "")
        allowed = dict(own_choices(kind, list(mapping), is_admin=self.is_admin)) if kind else {}
        used: dict[str, str] = {}
        for header, target in mapping.items():
            if target not in allowed:
                raise ValidationError(gettext("%(header)s: choose one of the offered fields.") % {"header": header})
            if target and target in used:
                raise ValidationError(
                    gettext("%(first)s and %(header)s both fill %(field)s. Choose one of them.")
                    % {"first": used[target], "header": header, "field": allowed[target]}
                )
            used[target] = header
        return mapping


class MendImportForm(forms.Form):
    """Other words for cells of wrong rows, by the row's number and the column's header."""

    rows = forms.JSONField(help_text=_('Such as {"2": {"Email": "asha@example.com"}}.'))

    def __init__(self, *args: Any, headers: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = {header: at for at, header in enumerate(headers)}

    def clean_rows(self) -> dict[int, dict[int, str]]:
        """Rows by number, cells by the place of their column."""
        rows = self.cleaned_data["rows"]
        if not isinstance(rows, dict) or not all(isinstance(one, dict) for one in rows.values()):
            raise ValidationError(gettext("Send an object of rows, each an object of cells."))
        if strange := [key for key in rows if not (is_number(key) and len(key) < 10)]:
            raise ValidationError(gettext("%(strange)s is no number of a row.") % {"strange": strange[0][:40]})
        named = [pair for cells in rows.values() for pair in cells.items()]
        if lost := [header for header, _text in named if header not in self.places]:
            raise ValidationError(gettext("There is no column %(lost)s.") % {"lost": lost[0][:40]})
        if not all(isinstance(text, str) for _header, text in named):
            raise ValidationError(gettext("Send the cells as text."))
        return {int(key): {self.places[header]: text for header, text in cells.items()} for key, cells in rows.items()}


def own_choices(kind: str, headers: Sequence[str], *, is_admin: bool) -> list[tuple[str, str]]:
    """What the columns of a file may fill, this install's custom fields among it."""
    return columns.choices(kind, headers, own_fields(kind), is_admin=is_admin)


def own_fields(kind: str) -> dict[str, str]:
    """The custom fields that a file of this kind may fill: key to label."""
    return {one.key: one.label for one in fields_of(columns.NOUNS.get(kind, ""))}


@dataclass(slots=True)
class CleanRow:
    """One row as values, facts and outcome, with everything that is wrong with it and the columns at fault."""

    number: int
    cells: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    outcome: str = ""
    problems: list[str] = field(default_factory=list)
    at_fault: list[str] = field(default_factory=list)
    keys: list[str] | None = None  # whom it is about, once an importer has looked

    def get(self, key: str) -> Any:
        """A cleaned value, "" where the file has none."""
        return self.values.get(key, "")

    def blame(self, key: str, text: str) -> None:
        """Say what is wrong with a field."""
        self.problems.append(text)
        self.at_fault.append(key)


Reader = Callable[[str], Any]


class RowReader:
    """Cleans the rows of one file; telephone numbers without a country are read as of `country`.

    `dates` are rows by which is told whether days come before months.
    """

    def __init__(
        self, kind: str, headers: Sequence[str], mapping: Mapping[str, str], country: str, dates: Iterable[Row] = ()
    ) -> None:
        self.kind, self.country, self.mapping, self.headers = kind, country, mapping, headers
        targets = {target.key: target for target in columns.TARGETS[kind]}
        custom = {one.key: one for one in fields_of(columns.NOUNS.get(kind, ""))}
        self.labels = {target.key: target.label for target in targets.values()}
        self.places: dict[str, int] = {}
        self.fields: list[tuple[int, str, Reader]] = []
        for at, header in enumerate(headers):
            if not (key := mapping.get(header, "")):
                continue
            self.places[key] = at
            target = targets.get(key) or columns.Target(key, header, holds="fact", most=400)
            self.labels.setdefault(key, header)
            if target.holds == "day":
                is_day_first = columns.day_first(row.cells[at] for row in dates)
                read = _day(is_day_first)
            else:
                read = READERS.get(target.holds) or _text(target.most)
            if one := custom.get(key.removeprefix(columns.CUSTOM)):
                read = _custom(one)
            self.fields.append((at, key, read))
        self.needed = NEEDED.get(kind, ())
        self.is_of_people = kind in {"leads", "contacts", "accounts"}

    def read(self, source: Row) -> CleanRow:
        """Return one row with its values, or with all that is wrong with it."""
        row = CleanRow(source.number, source.cells)
        if source.problem:
            row.problems.append(source.problem)
            return row
        values, cells = row.values, source.cells
        for at, key, read in self.fields:
            text = cells[at]
            if not text or (len(text) < 8 and is_blank(text)):
                values[key] = ""
                continue
            try:
                values[key] = read(text)
            except ValueError as error:
                row.blame(key, f"{self.labels[key]}: {error}")
            except ValidationError as error:
                row.blame(key, f"{self.labels[key]}: {' '.join(error.messages)}")
        if not row.problems:
            self._judge(row)
        return row

    def _judge(self, row: CleanRow) -> None:
        for key in self.needed:
            if row.get(key) in ("", None):
                row.blame(key, f"{self.labels[key]} is missing.")
        if self.is_of_people:
            self._identify(row)
        if self.kind == "leads":
            raw = columns.values_of(self.mapping, self.headers, row.cells)
            row.facts = columns.facts_of_row(raw)
            row.outcome = row.values.pop("outcome", "")
            if row.get("stage") == "PAID":
                row.blame("stage", PAID)
            elif row.get("status") and (row.get("status"), row.get("stage")) not in LEGAL_PAIRS:
                row.blame("status", "Lead status and Lead stage do not go together.")

    def _identify(self, row: CleanRow) -> None:
        values, email, phone = row.values, row.get("email"), row.get("phone")
        if country := row.get("country"):
            values["country"] = country_code(country)
        values["email_folded"] = fold_email(email) if email else ""
        values["phone_e164"] = e164(phone, row.get("country") or self.country) if phone else ""
        if phone and not values["phone_e164"]:
            row.blame("phone", f"Phone: {phone} is no phone number. Write it as +91 98765 43210.")
        if not (phone or email or row.get("external_ref") or self.kind == "accounts"):
            is_named = row.get("kind") == Contact.Kind.COMPANY and row.get("business_name")
            if not is_named:
                row.problems.append(NOT_REACHED)
                row.at_fault += [k for k in ("email", "phone", "external_ref") if k in self.places]
        full = str(values.pop("name", "")).split()
        if full and not row.get("first_name") and not row.get("last_name"):
            values["first_name"], values["last_name"] = full[0][:100], " ".join(full[1:])[:100]


def _text(most: int) -> Reader:
    def read(text: str) -> str:
        if len(text) > most:
            raise ValueError(f"at most {most:,} characters fit; it has {len(text):,}.")
        return text

    return read


def _email(text: str) -> str:
    if len(text) > 254 or not (_PLAIN_EMAIL.fullmatch(text) or _is_email(text)):
        raise ValueError("Enter a valid email address.")
    return text


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return bool(fold_email(text))


def _amount(text: str) -> Decimal:
    """An amount as people write it, with signs and thousands separators."""
    try:
        amount = Decimal(text.strip("₹$€£ ").replace(",", ""))
    except InvalidOperation:
        raise ValueError("Enter a number.") from None
    if not 0 <= amount <= MOST_MINOR:
        raise ValueError("Enter an amount from 0 to 10,000,000,000,000.")
    return amount


def _day(is_day_first: bool) -> Reader:
    """A day as 2026-11-21, 21/11/2026 or 11/21/2026; the file's habit decides between the last two."""
    forms_ = ("%Y/%m/%d", *(("%d/%m/%Y", "%d/%m/%y") if is_day_first else ("%m/%d/%Y", "%m/%d/%y")))

    @lru_cache(maxsize=5_000)
    def read(text: str) -> date:
        plain = re.split("[ T]", text, maxsplit=1)[0].replace(".", "/").replace("-", "/")
        for form in forms_:
            try:
                return datetime.strptime(plain, form).date()  # noqa: DTZ007 - a day has no time zone
            except ValueError:
                continue
        raise ValueError(f"{text[:40]} is no date. Write it as 2026-11-21.")

    return read


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]} is no time. Write it as 2026-11-21T09:30:00+05:30.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _json(kind: type) -> Reader:
    def read(text: str) -> Any:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, kind) or "\\u0000" in text:
            raise ValueError("this is not as our exports write it. Leave the cell as it was.")
        return found

    return read


def _outcome(text: str) -> str:
    outcome = columns.outcome_of(text)
    if outcome is None:
        raise ValueError(f"{text[:40]} is neither won nor lost. Use 1 or 0, yes or no.")
    return outcome


def _currency(text: str) -> str:
    if text.upper() not in CURRENCIES:
        raise ValueError(f"use one of {', '.join(CURRENCIES)}.")
    return text.upper()


def _one_of(choices: Any) -> Reader:
    known = {str(word).casefold(): pair[0] for pair in choices for word in pair}

    def read(text: str) -> str:
        found = known.get(text.casefold())
        if found is None:
            raise ValueError(f"use one of {', '.join(str(label) for _, label in choices)}.")
        return str(found)

    return read


def _number(text: str) -> int:
    if not text.isdigit() or int(text) > 100:
        raise ValueError("Enter a whole number from 0 to 100.")
    return int(text)


def _custom(one: CustomField) -> Reader:
    return lambda text: read_custom(one, text)


READERS: dict[str, Reader] = {
    "email": _email,
    "amount": _amount,
    "moment": _moment,
    "object": _json(dict),
    "list": _json(list),
    "outcome": _outcome,
    "currency": _currency,
    "number": _number,
    "yes-no": lambda text: text.casefold() in YES,
    "kind": _one_of(Contact.Kind.choices),
    "contact stage": _one_of(Contact.Stage.choices),
    "fact": lambda text: text[:400],
}
