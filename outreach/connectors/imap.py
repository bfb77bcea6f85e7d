"""An IMAP mailbox, read by UID without marking anything as seen."""

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from core import clock
from core.effects import RetryLater
from outreach.connectors.ports import Connector
from outreach.values import InboxCursor

CONNECTOR = Connector("imap", "IMAP mailbox", ("read_mail",), "IMAP_URL")
TIMEOUT = 30.0
FIRST_DAYS = 2
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class Imap:
    """Reads the folder that an address like imaps://user:password@host/INBOX names."""

    def __init__(self, address: str, max_bytes: int = 20_000_000, timeout: float = TIMEOUT) -> None:
        self.parts = urlsplit(address)
        self.max_bytes = max_bytes
        self.timeout = timeout

    def fetch(self, cursor: InboxCursor, limit: int = 50) -> Iterator[tuple[InboxCursor, bytes]]:
        """Yield messages after the cursor, oldest first; a new or renumbered folder begins with recent unread mail.

        A message that is too large is skipped; its cursor comes with empty bytes.
        """
        from imap_tools import ImapToolsError

        try:
            yield from self._fetch(cursor, limit)
        except (OSError, ImapToolsError) as error:
            raise RetryLater(f"The mailbox could not be read: {type(error).__name__}: {error}"[:250]) from error

    def _fetch(self, cursor: InboxCursor, limit: int) -> Iterator[tuple[InboxCursor, bytes]]:
        from imap_tools import AND, BaseMailBox, MailBox, MailBoxUnencrypted

        parts = self.parts
        secure = parts.scheme != "imap"
        port = parts.port or (993 if secure else 143)
        box: BaseMailBox = (MailBox if secure else MailBoxUnencrypted)(
            parts.hostname or "localhost", port=port, timeout=self.timeout
        )
        folder = unquote(parts.path.strip("/")) or "INBOX"
        with box.login(unquote(parts.username or ""), unquote(parts.password or ""), initial_folder=None):
            status = box.folder.status(folder, ["UIDVALIDITY", "UIDNEXT"])
            validity = status["UIDVALIDITY"]
            box.folder.set(folder, readonly=True)
            if cursor.uidvalidity == validity:
                wanted = f"UID {cursor.uid + 1}:*"
                uids = [int(uid) for uid in box.uids(wanted)]
            else:
                since = (clock.now() - timedelta(days=FIRST_DAYS)).date()
                uids = [int(uid) for uid in box.uids(AND(seen=False, date_gte=since))]
                cursor = InboxCursor(validity, 0)
            for uid in sorted(uid for uid in uids if uid > cursor.uid)[:limit]:
                yield InboxCursor(validity, uid), self._raw(box, uid)

    def _raw(self, box: "object", uid: int) -> bytes:
        client = box.client  # type: ignore[attr-defined]
        _ok, answer = client.uid("FETCH", str(uid), "(RFC822.SIZE)")
        sizes = [found for line in answer if isinstance(line, bytes) and (found := _SIZE.search(line))]
        if sizes and int(sizes[0][1]) > self.max_bytes:
            return b""
        _ok, answer = client.uid("FETCH", str(uid), "(BODY.PEEK[])")
        return next((bytes(part[1]) for part in answer if isinstance(part, tuple)), b"")
