"""The nightly backup, and tidying: ended sessions, shares of rows that are gone, old news, work that is long done."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.urls import reverse
from guardian.utils import clean_orphan_obj_perms

from accounts.actions.exports import FOLDER, KEPT, write_export
from accounts.actions.notify import notify
from accounts.actor import Actor
from accounts.models import Export, Notification
from accounts.queries.jobs import backup_trouble
from accounts.queries.people import administrators
from core import backups, clock, files
from core.jobs import job
from core.models import Delivery, IdempotencyKey

KEEP_READ = timedelta(days=180)
KEEP_DONE = timedelta(days=90)


@job(daily="02:00")
def back_up_everything() -> None:
    """Write database, files and keys into one encrypted file, read it back, and remove old ones that are not kept."""
    backups.make_daily()


@job(every=timedelta(minutes=15))
def watch_backups() -> None:
    """Tell the administrators once when a backup failed, or when the newest is too old."""
    if words := backup_trouble():
        newest = "".join(one.path.name for one in backups.stored()[:1])
        for admin in administrators():
            notify(
                admin, actor=Actor.job("backup"), key=f"backup:{newest}:{admin.pk}", kind="backup.missing", email=True,
                text=words, url=reverse("accounts:job-list"),
            )  # fmt: skip


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
    done = Delivery.objects.filter(done_at__lt=clock.now() - KEEP_DONE)
    done.delete()  # house: ok door-writes, because the event stays
    keys = IdempotencyKey.objects.filter(created_at__lt=clock.now() - KEEP_DONE).exclude(scope__startswith="action:")
    keys.delete()  # house: ok door-writes, because an answer is kept for a day; what workflows did stays done
