"""Which vendor does what in this install, read from the settings."""

import importlib
import pkgutil

from django.conf import settings

from core.quarantine import is_quiet
from outreach import connectors
from outreach.connectors.imap import Imap
from outreach.connectors.ports import Connector, Inbox, Sender
from outreach.connectors.sink import Sink
from outreach.connectors.smtp import Smtp


def sender() -> Sender:
    """Return what sends mail: the server of EMAIL_URL, else, and in a restored copy, the mail sink."""
    return Smtp(settings.EMAIL_URL) if settings.EMAIL_URL and not is_quiet() else Sink()


def inbox() -> Inbox | None:
    """Return the mailbox of IMAP_URL, or None when none is set."""
    return Imap(settings.IMAP_URL, settings.UPLOAD_MAX_BYTES) if settings.IMAP_URL else None


def known() -> list[Connector]:
    """Return every vendor that this package can talk to, in the order of their keys."""
    found = []
    for module in pkgutil.iter_modules(connectors.__path__):
        connector = getattr(importlib.import_module(f"{connectors.__name__}.{module.name}"), "CONNECTOR", None)
        if isinstance(connector, Connector):
            found.append(connector)
    return sorted(found, key=lambda connector: connector.key)
