"""What may be said about a list: a view of it under a name, and which columns it shows."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.lists import SPECS


class UpdateViewForm(forms.Form):
    """A view's name and place."""

    name = forms.CharField(label=_("Name"), max_length=60)
    is_shared = forms.BooleanField(required=False, label=_("Everybody sees it"))
    is_pinned = forms.BooleanField(required=False, label=_("Pin it to my menu"))
    position = forms.IntegerField(
        required=False, min_value=0, max_value=999, label=_("Place"), help_text=_("1 stands first.")
    )

    def clean_position(self) -> int:
        """An empty place is the first."""
        return self.cleaned_data.get("position") or 0


class SaveViewForm(UpdateViewForm):
    """A list's filters, order and columns under a name."""

    page = forms.SlugField(max_length=80, widget=forms.HiddenInput)
    query = forms.CharField(max_length=1000, required=False, widget=forms.HiddenInput)

    def clean_page(self) -> str:
        """Only lists that there are."""
        page: str = self.cleaned_data["page"]
        if page not in SPECS:
            known = ", ".join(sorted(SPECS))
            raise forms.ValidationError(gettext("There is no such list. Choose one of %(known)s.") % {"known": known})
        return page


class ArrangeListForm(forms.Form):
    """The columns of one view of a list, in their order."""

    page = forms.SlugField(max_length=80)
    view = forms.SlugField(max_length=20, required=False)
    columns = forms.JSONField()
    is_dense = forms.BooleanField(required=False)

    def clean_columns(self) -> list[str]:
        """At most a hundred names."""
        names: Any = self.cleaned_data["columns"]
        if not isinstance(names, list) or len(names) > 100:
            raise forms.ValidationError(gettext("Send a list of at most 100 columns."))
        return [str(name)[:80] for name in names]
