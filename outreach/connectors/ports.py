"""What the house may ask of a vendor, whoever it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from core.effects import Claim
from outreach.values import ComposedMail, InboxCursor


class Sender(Protocol):
    """Hands one message over."""

    def send(self, mail: ComposedMail, claim: Claim) -> str:
        """Hand the message over and return the receiver's id for it.

        Takes the claim at the last moment at which nothing has happened yet. Raises RetryLater when it certainly did
        not happen and may be tried again, Rejected when it was refused for good; any other exception after the claim
        means that nobody knows.
        """


class Inbox(Protocol):
    """Fetches messages that wait somewhere."""

    def fetch(self, cursor: InboxCursor, limit: int) -> Iterator[tuple[InboxCursor, bytes]]:
        """Yield new messages, oldest first, each with the cursor to store once it is kept."""


@dataclass(frozen=True)
class Connector:
    """A vendor as lists and checks name it."""

    key: str
    label: str
    capabilities: tuple[str, ...]
    setting: str = ""
