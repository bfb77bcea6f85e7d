"""Writing down that somebody was refused, for the audit and the administrators."""

from django.utils.translation import override

from accounts.actions.sign_in import note_denied
from accounts.actor import Actor
from core.doors import Request


def record(request: Request, error: Exception) -> None:
    """Publish `access.denied` in a transaction of its own; the refused one has changed nothing."""
    actor: Actor = request.actor
    with override("en"):
        reason = str(error)
    note_denied(actor=actor, reason=reason, method=str(request.method), path=request.path)
