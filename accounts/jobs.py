"""Nightly tidying: ended sessions, shares of rows that are gone, old news."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from guardian.utils import clean_orphan_obj_perms

from accounts.models import Notification
from core import clock
from core.jobs import job

KEEP_READ = timedelta(days=180)


@job(daily="03:40")
def tidy_accounts() -> None:
    """Remove ended sessions, shares of deleted rows, and notifications read half a year ago."""
    ended = Session.objects.filter(expire_date__lt=clock.now())
    ended.delete()  # house: ok door-writes, because an ended session is nobody's record
    old = Notification.objects.filter(read_at__lt=clock.now() - KEEP_READ)
    old.delete()  # house: ok door-writes, because read news has no consequence
    clean_orphan_obj_perms()
