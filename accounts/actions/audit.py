"""Taking the audit out of the house is itself in the audit."""

from accounts.actor import Actor
from accounts.events import AuditExported
from core.actions import action
from core.events import publish


@action("audit.export", permission="audit:read")
def note_export(*, actor: Actor, rows: int, name: str = "") -> None:
    """Write down that somebody exported so many events, and by which filter of names."""
    publish(AuditExported(rows, name), actor=actor)
