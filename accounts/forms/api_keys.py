"""What may be said about API keys."""

from datetime import timedelta

from django import forms

from accounts.roles import MATRIX
from core import clock


def scope_choices() -> list[tuple[str, str]]:
    """Answer the scopes: everything, every noun, every permission."""
    nouns = dict.fromkeys(name.partition(":")[0] for name in MATRIX)
    return [
        ("*", "Everything that I may do"),
        *((f"{noun}:*", f"Everything about {noun}") for noun in nouns),
        *((name, name) for name in MATRIX),
    ]


class CreateApiKeyForm(forms.Form):
    """A key's name, what it may do and how long."""

    name = forms.CharField(max_length=100, help_text="Which program uses it.")
    scopes = forms.MultipleChoiceField(
        choices=scope_choices, help_text="A key never may do more than you."
    )
    days = forms.TypedChoiceField(
        label="Works for",
        choices=[("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("", "until revoked")],
        coerce=int,
        empty_value=None,
        required=False,
    )

    def clean(self) -> dict[str, object]:
        """Turn the number of days into the moment when the key stops working."""
        values = super().clean() or {}
        days = values.pop("days", None)
        values["expires_at"] = clock.now() + timedelta(days=days) if days else None
        return values
