"""The reminder of the day's tasks."""

from datetime import date

from django.db.models import Q
from django.urls import reverse

from accounts.actions.notify import notify
from accounts.actor import Actor
from accounts.models import User
from core.actions import action
from core.hours import moment
from crm.models import Activity


@action("reminder.day", permission=None)
def claim_day(user: User, *, actor: Actor, on: date) -> User:
    """Tell a person what is due on this day of theirs; once a day, whoever asks and however often."""
    if user.reminded_on is not None and user.reminded_on >= on:
        return user
    User.objects.filter(pk=user.pk).update(reminded_on=on)
    ends = moment(on, "00:00", user.timezone), moment(on, "24:00", user.timezone)
    timed = Q(due_on=None, due_at__gte=ends[0], due_at__lt=ends[1])
    due = Activity.objects.filter(timed | Q(due_on=on), actor=user, completed_at=None)
    subjects = list(due.order_by("due_at", "id").values_list("subject", flat=True))
    if subjects:
        more = f" and {len(subjects) - 1} more" if len(subjects) > 1 else ""
        notify(
            user,
            actor=actor,
            kind="activity.due",
            text=f"Due today: {subjects[0]}{more}.",
            url=reverse("accounts:today"),
            email=True,
        )
    return user
