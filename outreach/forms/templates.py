"""Inputs of message templates."""

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.fields import field_names
from outreach.forms.messages import SubjectField

FIELDS = ("first_name", "last_name", "business_name", "city", "sender_name", "workspace_name")


class SaveTemplateForm(forms.Form):
    """Ready-made words with `{{ first_name|there }}`-style holes."""

    name = forms.CharField(label=_("Name"), max_length=120)
    subject = SubjectField()
    body = forms.CharField(
        label=_("Body"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=format_lazy(
            _("Holes: {holes}. Write {example} to say what stands there when it is missing."),
            holes=", ".join(f"{{{{ {field} }}}}" for field in FIELDS),
            example="{{ first_name|there }}",
        ),
    )
    is_active = forms.BooleanField(label=_("Is active"), required=False, initial=True)

    def clean(self) -> dict[str, Any]:
        """Refuse holes that nothing fills."""
        values: dict[str, Any] = super().clean() or {}
        for name in ("subject", "body"):
            unknown = [hole for hole in field_names(values.get(name, "")) if hole not in FIELDS]
            if unknown:
                self.add_error(
                    name,
                    gettext("Nothing fills %(unknown)s. Use one of: %(known)s.")
                    % {"unknown": repr(unknown[0]), "known": ", ".join(FIELDS)},
                )
        return values
