"""The four answers an action may give instead of its result; each door translates them once."""

import re
from collections.abc import Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext as _


class HouseError(Exception):
    """A refusal with a message written for the person who asked."""

    status = 500
    code = "error"

    def __init__(self, message: str | Promise, *, code: str = "") -> None:
        super().__init__(message)
        if code:
            self.code = code

    @property
    def message(self) -> str:
        """The text in the language of who reads it."""
        return str(self)


class Denied(HouseError):
    """The actor may not do this (403); the message says who may.

    `about` is the (kind, key) of a record that is readable but somebody else's: its owner can be asked.
    """

    status = 403
    code = "denied"
    about: tuple[str, int] | None = None


class Refused(HouseError):
    """A rule of state says no (409); the message says what would make it succeed."""

    status = 409
    code = "refused"


class NotFound(HouseError):
    """The row does not exist, or the actor may not read it: the same answer for both (404)."""

    status = 404
    code = "not_found"

    def __init__(self, message: str | Promise = "") -> None:
        super().__init__(message or _("There is nothing here. It may have been merged or deleted."))


class Moved(NotFound):
    """The row became part of another one: readers are sent there, writers are told (410)."""

    status = 410
    code = "merged"

    def __init__(self, message: str | Promise, *, old: int, new: int) -> None:
        super().__init__(message)
        self.old, self.new = old, new

    def address(self, path: str) -> str:
        """Return the address of what was asked for with the row that it is now, "" when it is not in the path."""
        found, times = re.subn(rf"/{self.old}(?=[/?]|$)", f"/{self.new}", path, count=1)
        return found if times else ""


class Invalid(HouseError):
    """Values are wrong (422); `errors` maps each field, or "__all__", to its messages."""

    status = 422
    code = "invalid"

    def __init__(self, errors: Mapping[str, Sequence[str | Promise]] | str | Promise) -> None:
        plain = {"__all__": [errors]} if isinstance(errors, str | Promise) else errors
        self.errors: dict[str, list[str]] = {
            field: [str(message) for message in messages] for field, messages in plain.items()
        }
        super().__init__(" ".join(message for messages in self.errors.values() for message in messages))
