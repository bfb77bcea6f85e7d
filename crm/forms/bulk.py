"""What may be said about many rows at once."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.numbers import is_number

MOST_IDS = 1_000


class IdsField(forms.JSONField):
    """A list of ids, each once."""

    def to_python(self, value: Any) -> list[int] | None:
        ids = super().to_python(value)
        if ids is None:
            return None
        if not isinstance(ids, list) or not all(is_number(str(one)) for one in ids):
            raise forms.ValidationError(gettext("Send a list of ids, such as [12, 15]."))
        if len(ids) > MOST_IDS:
            raise forms.ValidationError(
                gettext("At most %(most)s ids fit here. Choose all that match a filter instead.")
                % {"most": f"{MOST_IDS:,}"}
            )
        return sorted({int(one) for one in ids if int(one) < 2**63})


class BulkForm(forms.Form):
    """Which rows (ids, or all that match the filters of their list), and what becomes of each."""

    verb = forms.CharField(max_length=20, help_text=_("A verb of the single row, such as update, reassign or delete."))
    ids = IdsField(required=False, help_text=_("The ids of the rows."))
    filters = forms.CharField(
        max_length=2_000, required=False, help_text=_("Instead of ids: the query string of the list. Takes all=true.")
    )
    all = forms.BooleanField(required=False, help_text=_("All rows that match the filters."))
    data = forms.JSONField(required=False, help_text=_("What the verb needs, as for a single row."))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if bool(cleaned.get("ids")) == bool(cleaned.get("all")) and "ids" not in self.errors:
            raise forms.ValidationError(gettext("Choose rows: send their ids, or all=true with filters."))
        if not isinstance(cleaned.setdefault("data", None) or {}, dict):
            self.add_error("data", gettext("Send an object."))
        cleaned["data"] = cleaned.get("data") or {}
        return cleaned
