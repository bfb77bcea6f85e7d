"""On the clock: mail that has to be fetched, and leads that stay silent."""

import hashlib
import logging
from datetime import timedelta

from django.conf import settings

from accounts.actor import Actor
from core.effects import RetryLater
from core.jobs import job
from outreach.actions.hooks import accept_hook, move_cursor
from outreach.actions.suggestions import request_draft
from outreach.connectors import registry
from outreach.drops import mail_facts, put_away, waiting_files
from outreach.queries.followups import silent_leads
from outreach.queries.matching import mailbox_cursor
from outreach.queries.workflows import may_think

PER_POLL = 50
log = logging.getLogger(__name__)


@job(every=timedelta(seconds=5))
def read_drop_directory() -> None:
    """Store every mail that lies in the drop directory; a file is put away only after its row is committed."""
    for path in waiting_files():
        if path.stat().st_size > settings.UPLOAD_MAX_BYTES:
            put_away(path, "refused")
            log.warning("a dropped mail is too large", extra={"file": path.name})
            continue
        accept_hook(actor=Actor.job("drop directory"), **mail_facts(path.read_bytes()))
        put_away(path, "done")


@job(every=timedelta(seconds=30))
def poll_mailbox() -> None:
    """Fetch new mail where IMAP_URL names a mailbox; the cursor moves only after a mail is stored."""
    inbox = registry.inbox()
    if inbox is None:
        return
    actor = Actor.job("mailbox")
    mailbox = hashlib.sha256(settings.IMAP_URL.encode()).hexdigest()[:32]
    try:
        for cursor, raw in inbox.fetch(mailbox_cursor(mailbox), PER_POLL):
            if raw:
                accept_hook(actor=actor, **mail_facts(raw))
            move_cursor(actor=actor, mailbox=mailbox, uidvalidity=cursor.uidvalidity, uid=cursor.uid)
    except RetryLater as error:
        log.warning("the mailbox could not be read", extra={"reason": str(error)})


@job(every=timedelta(minutes=15))
def draft_follow_ups() -> None:
    """Ask for the next follow-up to every silent lead whose patience is over; each step once."""
    if not may_think("follow_up"):
        return
    for lead, key in silent_leads():
        request_draft(lead, actor=Actor.job("follow-up"), workflow="follow_up", key=key)
