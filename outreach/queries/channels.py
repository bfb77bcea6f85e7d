"""Whether mail leaves: how the last test went, why not, and what would help."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from core.health import worker_lives
from core.models import Effect

KIND: Final = "channel test"
HELP: Final[dict[str, Promise]] = {
    "host": _("The mail server could not be reached. Check the host and the port in EMAIL_URL, then start again."),
    "login": _("The mail server refused the login. Check name and password in EMAIL_URL; many need an app password."),
    "secure": _("The mail server offers no encryption or login there. Use smtps:// and port 465, or smtp:// and 587."),
    "refused": _("The mail server refused the message. Often the sender is not one that it knows: change “Send from”."),
    "unknown": _("The connection broke off at the end. Look into your mailbox before you try again."),
    "worker": _("Nothing sends mail now, because no worker runs. Start one: manage.py worker"),
}


@dataclass(frozen=True, slots=True)
class ChannelTest:
    """A test mail: whether it was handed over or is on its way, else what would help and what the server said."""

    is_under_way: bool = False
    was_sent: bool = False
    to_folder: bool = False
    help: str | Promise = ""
    detail: str = ""


def last_test(actor: Actor) -> ChannelTest | None:
    """Return how the person's last test mail went; None before the first."""
    effect = Effect.objects.filter(kind=KIND, subject_type="user", subject_id=actor.user_id).order_by("-pk").first()
    if effect is None:
        return None
    if effect.state in (Effect.PLANNED, Effect.CLAIMED):
        return ChannelTest(is_under_way=True, help="" if worker_lives()[0] else HELP["worker"])
    if effect.state in (Effect.DONE, Effect.SETTLED):
        return ChannelTest(was_sent=True, to_folder=not settings.EMAIL_URL)
    cause, _colon, detail = effect.error.partition(": ")
    return ChannelTest(help=HELP.get(cause, HELP["unknown"]), detail=detail if cause in HELP else effect.error)
