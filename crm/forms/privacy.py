"""What somebody says who erases a person."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class EraseContactForm(forms.Form):
    """Why, and that it is meant."""

    reason = forms.CharField(label=_("Reason"), max_length=200, required=False, help_text=_("Without a name."))
    confirm = forms.CharField(label=_("Type “erase”"), max_length=20, required=True)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.pop("confirm", "").strip().casefold() not in ("erase", gettext("erase")):
            self.add_error("confirm", gettext("Type “erase” to confirm. It cannot be undone."))
        return cleaned
