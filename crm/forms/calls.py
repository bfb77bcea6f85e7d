"""How a call went, in two taps: an outcome and a next step."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from core import clock
from crm.models import Contact, Deal, Lead

OUTCOMES = (  # stored as they stand here
    gettext_noop("Spoke"),
    gettext_noop("No answer"),
    gettext_noop("Call back"),
    gettext_noop("Interested"),
    gettext_noop("Not now"),
    gettext_noop("Wrong number"),
)
NEXT = (
    ("tomorrow", _("Tomorrow 10 am")),
    ("today", _("Today 5 pm")),
    ("three", _("In 3 days")),
    ("week", _("In a week")),
    ("none", _("None")),
)
DAYS = {"today": 0, "tomorrow": 1, "three": 3, "week": 7}


class LogCallForm(forms.Form):
    """What came of a call, and when the next one is due."""

    outcome = forms.ChoiceField(
        label=_("Outcome"), choices=[(word, _(word)) for word in OUTCOMES], widget=forms.RadioSelect, initial="Spoke"
    )
    next = forms.ChoiceField(choices=NEXT, widget=forms.RadioSelect, initial="tomorrow", label=_("Next step"))
    note = forms.CharField(label=_("Note"), max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    is_inbound = forms.BooleanField(required=False, label=_("They called us"))
    contact = forms.ModelChoiceField(Contact.objects.all(), required=False, widget=forms.HiddenInput)
    lead = forms.ModelChoiceField(Lead.objects.all(), required=False, widget=forms.HiddenInput)
    deal = forms.ModelChoiceField(Deal.objects.all(), required=False, widget=forms.HiddenInput)


def due_after(step: str, zone: str) -> datetime | None:
    """When the chosen next step is due in the person's zone, None for no next step."""
    if step == "none":
        return None
    day = clock.today(zone) + timedelta(days=DAYS[step])
    return datetime.combine(day, time(17 if step == "today" else 10), ZoneInfo(zone))
