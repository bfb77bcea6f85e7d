"""Reports go out by mail: worked out as they are sent, with the rights of the one who reads them."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.http import QueryDict
from django.urls import reverse

from accounts.actor import Actor
from accounts.models import User, Workspace
from core.actions import clean
from core.events import Meta, on
from core.exports import TYPES, to_bytes
from core.mail import deliver
from crm.actions.reports import mail_key
from crm.events.analytics import ReportDue
from crm.forms.reports import ReportForm
from crm.models import ReportSchedule
from crm.queries.periods import asked_of
from crm.queries.reports import REPORTS
from crm.queries.summary import days_of


@on(ReportDue)
def mail_report(event: ReportDue, meta: Meta) -> None:
    """Mail a report as its reader may see it now; nothing when they may not any more, or it was switched off."""
    schedule = ReportSchedule.objects.filter(pk=event.report_id, is_active=True).first()
    user = User.objects.active().filter(pk=event.user_id, report_subscriptions__schedule=schedule)
    reader = user.first()
    if schedule is None or reader is None or not Actor.for_user(reader).can("analytics:read"):
        return
    message = as_mail(schedule, Actor.for_user(reader), reader.email)
    deliver(mail_key(schedule.pk, reader.pk, event.on), message)


def as_mail(schedule: ReportSchedule, actor: Actor, address: str) -> EmailMessage:
    """Return the mail of a report with its file, worked out now with the actor's rights."""
    report = REPORTS[schedule.report]
    asked = asked_of(clean(ReportForm, QueryDict(schedule.query)))
    made = report.of(actor, asked)
    heads, rows = made.table()
    title, kind = f"{report.label}, {days_of(asked.span)}", schedule.format
    page = reverse("crm:report-detail", args=(report.key,))
    page += f"?{schedule.query}" if schedule.query else ""
    text = (
        f"{title}\n\n{made.chart.needs or made.chart.finding}\n\nOpen it: {settings.SITE_URL}{page}\n"
        f"Get it no more: {settings.SITE_URL}{reverse('crm:schedule-list')}\n"
    )
    message = EmailMessage(f"{Workspace.current().name}: {title}"[:200], text, to=[address])
    message.attach(f"{report.key}-{asked.span.last}.{kind}", to_bytes(kind, heads, rows, title), TYPES[kind])
    return message
