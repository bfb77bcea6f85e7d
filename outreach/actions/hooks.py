"""Storing what a vendor delivers, once, before it is read."""

from accounts.actor import Actor
from core.actions import action
from core.clock import now
from core.events import publish
from outreach.events import HookReceived
from outreach.models import Cursor, Receipt


@action("receipt.store", permission=None)
def accept_hook(*, actor: Actor, vendor: str, external_id: str, body: str) -> Receipt:
    """Store a delivery and announce it; the same (vendor, external id) again changes nothing.

    The caller has verified the signature. Publishes HookReceived for the first delivery only.
    """
    receipt, is_new = Receipt.objects.get_or_create(
        vendor=vendor, external_id=external_id[:255], defaults={"body": body.replace("\x00", "")}
    )
    if is_new:
        publish(HookReceived(receipt_id=receipt.pk, vendor=vendor), actor=actor)
    return receipt


@action("receipt.close", permission=None)
def close_receipt(receipt: Receipt, *, actor: Actor, state: str, note: str = "") -> Receipt:
    """Note what became of a delivery: done, ignored or failed, with the reason."""
    receipt.state, receipt.note, receipt.closed_at = state, note[:255], now()
    receipt.save(update_fields=["state", "note", "closed_at"])
    return receipt


@action("cursor.move", permission=None)
def move_cursor(*, actor: Actor, mailbox: str, uidvalidity: int, uid: int) -> Cursor:
    """Remember how far a mailbox has been read; called after what was read is stored."""
    cursor, _ = Cursor.objects.update_or_create(key=mailbox, defaults={"uidvalidity": uidvalidity, "uid": uid})
    return cursor
