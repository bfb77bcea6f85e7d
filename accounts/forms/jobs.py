"""Which job is run by hand."""

from django import forms
from django.utils.translation import gettext_lazy as _

from core import jobs


class RunJobForm(forms.Form):
    """A job by its name."""

    name = forms.ChoiceField(label=_("Job"), choices=lambda: [(name, name) for name in jobs.JOBS])
