"""What may be said about notifications and lists."""

from django import forms


class SaveViewForm(forms.Form):
    """A list's filters under a name."""

    page = forms.SlugField(max_length=80)
    name = forms.CharField(max_length=60)
    query = forms.CharField(max_length=1000, required=False)
    is_shared = forms.BooleanField(required=False)
    is_pinned = forms.BooleanField(required=False)
