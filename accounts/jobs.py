"""Nightly tidying: ended sessions, shares of rows that are gone, old news."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from guardian.utils import clean_orphan_obj_perms

from accounts.actions.exports import FOLDER, KEPT, write_export
from accounts.models import Export, Notification
from core import clock, files
from core.jobs import job

KEEP_READ = timedelta(days=180)


@job(every=timedelta(minutes=1))
def write_exports() -> None:
    """Write the long lists that people wait for."""
    while row := Export.objects.select_related("user").filter(ended_at=None).order_by("created_at").first():
        write_export(row)


@job(daily="03:40")
def tidy_accounts() -> None:
    """Remove ended sessions, shares of deleted rows, old exports, and notifications read half a year ago."""
    exports = Export.objects.filter(created_at__lt=clock.now() - KEPT)
    exports.delete()  # house: ok door-writes, because its file goes with it and has no consequence
    for path in files.older_than(FOLDER, KEPT):
        files.remove(path)
    ended = Session.objects.filter(expire_date__lt=clock.now())
    ended.delete()  # house: ok door-writes, because an ended session is nobody's record
    old = Notification.objects.filter(read_at__lt=clock.now() - KEEP_READ)
    old.delete()  # house: ok door-writes, because read news has no consequence
    clean_orphan_obj_perms()
