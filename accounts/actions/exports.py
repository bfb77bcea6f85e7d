"""Long lists become files in the background, written as the person who asked for them may see them."""

from datetime import timedelta
from tempfile import TemporaryFile

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actions.notify import notify
from accounts.actor import Actor
from accounts.events import ExportRequested
from accounts.models import Export
from core import clock, files, jobs
from core.actions import action
from core.errors import HouseError, Refused
from core.events import publish
from core.exports import write
from core.lists import content_of, export_of, read

FOLDER = "exports"
KEPT, WRITER = timedelta(days=3), Actor.job("exports")
MOST = 5  # that wait, of one person


@action("export.request", permission="profile:update")
def request_export(*, actor: Actor, noun: str, query: str, form: str) -> None:
    """Have a list written to a file by the worker. Publishes ExportRequested. Refused while many of one's own wait."""
    export_of(noun, actor)
    if actor.user is None or actor.user.exports.filter(ended_at=None).count() >= MOST:
        raise Refused(_("%(most)s of your files are still being written. Wait for them first.") % {"most": MOST})
    row = Export.objects.create(user=actor.user, list=noun, query=query, format=form)
    publish(ExportRequested(row.pk, noun, form), actor=actor)
    jobs.request("accounts.jobs.write_exports")


def write_export(row: Export) -> None:
    """Write the file of an export and tell its person, or why not. Call it outside a transaction."""
    path, text = "", f"Your file is ready: {row}. It is kept for {KEPT.days} days."
    try:
        actor = Actor.for_user(row.user)
        asked = read(export_of(row.list, actor), actor, QueryDict(row.query), row.user.lists.get(row.list), strict=True)
        with TemporaryFile() as file:
            write(row.format, file, *content_of(asked, asked.shown(), row.format))
            file.seek(0)
            path = files.keep(file, FOLDER, ".bin")
    except HouseError as error:
        text = f"{row} could not be written. {error.message}"
    except Exception:  # one that cannot be written must not keep the others waiting
        end_export(row, actor=WRITER, path="", text=f"{row} could not be written. Ask for it again.")
        raise
    end_export(row, actor=WRITER, path=path, text=text)


@action("export.end", permission=None)
def end_export(row: Export, *, actor: Actor, path: str, text: str) -> None:
    """Note where the file of an export lies, "" for nowhere, and tell its person."""
    row.path, row.ended_at = path, clock.now()
    row.save(update_fields=["path", "ended_at"])
    url = reverse("accounts:export-file", args=(row.pk,)) if path else ""
    notify(row.user, actor=actor, kind="export.ended", text=text, url=url, email=True)
