"""What a report can be asked, when it goes out by mail, and what a team wants to reach."""

from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User, Workspace
from core.exports import FORMS
from core.money import CURRENCIES, Money
from core.numbers import is_number
from crm.forms.fields import DateInput, OwnerField
from crm.models import Contact, Goal, Pipeline
from crm.queries.periods import PERIODS, month_of
from crm.queries.reports import REPORTS


def _row_field(model: Any, label: Any, empty: Any) -> forms.ModelChoiceField:
    return forms.ModelChoiceField(model.objects.order_by("name"), label=label, required=False, empty_label=empty)


class PeopleField(forms.ModelMultipleChoiceField):
    """Some of those who may sign in."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(User.objects.filter(is_active=True).order_by("name", "email"), **kwargs)

    def clean(self, value: Any) -> Any:
        """Refuse what is no number of a row before a database sees it."""
        many = value if isinstance(value, (list, tuple)) else ()
        if wrong := [one for one in many if not is_number(str(getattr(one, "pk", one)))]:
            raise forms.ValidationError(self.error_messages["invalid_choice"], params={"value": str(wrong[0])[:40]})
        return super().clean(value)


class ReportForm(forms.Form):
    """The filters of a report: a period, or days of one's own, and whose business."""

    period = forms.ChoiceField(label=_("Period"), choices=[*PERIODS.items(), ("", _("Days of my own"))], required=False)
    first = forms.DateField(label=_("From"), required=False, widget=DateInput)
    last = forms.DateField(label=_("To"), required=False, widget=DateInput)
    pipeline = _row_field(Pipeline, _("Pipeline"), _("All"))
    owner = OwnerField(label=_("Owner"), empty_label=_("Everybody"))
    team = _row_field(Team, _("Team"), _("All"))
    source = forms.ChoiceField(label=_("Source"), choices=[("", _("All")), *Contact.Source.choices], required=False)
    currency = forms.ChoiceField(
        label=_("Currency"), choices=[("", _("The usual")), *((one, one) for one in CURRENCIES)], required=False
    )

    def clean(self) -> dict[str, Any]:
        """Refuse days that end before they begin, and more of them than reports look at."""
        values = super().clean() or {}
        first, last = values.get("first"), values.get("last")
        if last and not first:
            self.add_error("first", gettext("Give the first day, too."))
        if first and last and not 0 <= (last - first).days <= 3_660:
            self.add_error("last", gettext("Choose a last day after the first, within ten years."))
        if first and not date(1970, 1, 2) <= first <= date(2100, 1, 1):
            self.add_error("first", gettext("Choose a day from 1970 on."))
        return values


class ScheduleReportForm(forms.Form):
    """A report, its filters, how, when and to whom it goes."""

    report = forms.ChoiceField(label=_("Report"), choices=[(one.key, one.label) for one in REPORTS.values()])
    query = forms.CharField(max_length=400, required=False, widget=forms.HiddenInput)
    format = forms.ChoiceField(label=_("File"), choices=list(FORMS.items()), initial="pdf")
    weekday = forms.TypedChoiceField(
        label=_("Day"), choices=[("", _("Every day")), *WEEKDAYS.items()], coerce=int, empty_value=None, required=False
    )
    hour = forms.IntegerField(label=_("Hour, in the workspace's time"), min_value=0, max_value=23, initial=8)
    recipients = PeopleField(label=_("To"))

    def clean_query(self) -> str:
        """Keep only what the report's own form understands."""
        asked = ReportForm(QueryDict(self.cleaned_data["query"]))
        if not asked.is_valid():
            raise forms.ValidationError(gettext("These filters are not understood. Open the report again."))
        kept = QueryDict(mutable=True)
        kept.update({name: asked.data[name] for name in asked.fields if asked.data.get(name)})
        return kept.urlencode()

    @staticmethod
    def values(row: Any) -> dict[str, Any]:
        """Return what the form starts with."""
        names = ("report", "query", "format", "weekday", "hour")
        people = list(row.recipients.values_list("user", flat=True))
        return {name: getattr(row, name) for name in names} | {"recipients": people}


class SetGoalForm(forms.Form):
    """What a team, or the whole house, wants of one figure in a month; empty takes the goal away."""

    team = _row_field(Team, _("Team"), _("Everybody"))
    month = forms.DateField(label=_("Any day of the month"), widget=DateInput)
    figure = forms.ChoiceField(label=_("Figure"), choices=Goal.Figure.choices)
    amount = forms.DecimalField(
        label=_("Goal"), min_value=0, max_digits=12, decimal_places=2, required=False,
        help_text=_("Money in the workspace's currency. Empty: no goal."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Turn the month into its first day and money into minor units."""
        values = super().clean() or {}
        if values.get("month"):
            values["month"] = month_of(values["month"])
        if (amount := values.get("amount")) is not None:
            is_money, currency = Goal(figure=values.get("figure", "")).is_money, Workspace.current().currency
            values["amount"] = Money.of(amount, currency).minor if is_money else int(amount)
        return values
