"""A test mail leaves by the same door as every message; it is tried once, so that the person hears at once."""

import ssl
from smtplib import SMTPAuthenticationError, SMTPException, SMTPNotSupportedError

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User, Workspace
from core.effects import Claim, Rejected, RetryLater, perform
from core.events import Meta, Postpone, on
from core.models import Effect
from outreach import mailbuild
from outreach.connectors import registry
from outreach.events import ChannelTested
from outreach.values import ComposedMail, OutboundMail

CAUSES = ((SMTPAuthenticationError, "login"), ((SMTPNotSupportedError, ssl.SSLError), "secure"))


@on(ChannelTested)
def send_test(event: ChannelTested, meta: Meta) -> None:
    """Hand the test mail over; how that went stands in the ledger."""
    person, key = User.objects.get(pk=event.user_id), Effect.objects.get(pk=event.effect_id).key
    outcome = perform(key, lambda claim: _send(person, key, claim))
    if outcome.state == "waiting":
        raise Postpone(outcome.seconds, outcome.error)


def _send(person: User, key: str, claim: Claim) -> str:
    try:
        return registry.sender().send(_mail(person, key), claim)
    except RetryLater as later:
        cause = next((name for kind, name in CAUSES if isinstance(later.__cause__, kind)), "host")
        raise Rejected(f"{cause}: {later}") from later
    except Rejected as no:
        raise Rejected(f"refused: {no}") from no
    except (OSError, SMTPException) as broken:  # of a test nobody needs to decide whether it left
        raise Rejected(f"unknown: {type(broken).__name__}: {broken}") from broken


def _mail(person: User, key: str) -> ComposedMail:
    workspace = Workspace.current()
    with override(person.language or workspace.default_language):
        subject = _("Mail of %(business)s leaves") % {"business": workspace.name}
        text = _("This is the test that you asked for. Messages to your customers leave the same way.")
    return mailbuild.compose(
        OutboundMail(
            key=key,
            from_address=workspace.from_email or settings.DEFAULT_FROM_EMAIL,
            from_name=workspace.sender_name or workspace.name,
            to_address=person.email,
            to_name=str(person),
            subject=subject,
            text=text,
            automated="auto-generated",
        )
    )
