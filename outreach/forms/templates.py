"""Inputs of message templates."""

from typing import Any

from django import forms

from core.fields import field_names

FIELDS = ("first_name", "last_name", "business_name", "city", "sender_name", "workspace_name")


class SaveTemplateForm(forms.Form):
    """Ready-made words with `{{ first_name|there }}`-style holes."""

    name = forms.CharField(max_length=120)
    subject = forms.CharField(max_length=200, required=False)
    body = forms.CharField(
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Holes: "
        + ", ".join(f"{{{{ {field} }}}}" for field in FIELDS)
        + ". Write {{ first_name|there }} to say what stands there when it is missing.",
    )
    is_active = forms.BooleanField(required=False, initial=True)

    def clean(self) -> dict[str, Any]:
        """Refuse holes that nothing fills, and subjects of two lines."""
        values: dict[str, Any] = super().clean() or {}
        for name in ("subject", "body"):
            unknown = [hole for hole in field_names(values.get(name, "")) if hole not in FIELDS]
            if unknown:
                self.add_error(
                    name, f"Nothing fills {unknown[0]!r}. Use one of: {', '.join(FIELDS)}."
                )
        if not values.get("subject", "").isprintable():
            self.add_error("subject", "Write the subject on one line.")
        return values
