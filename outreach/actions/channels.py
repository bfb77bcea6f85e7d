"""Trying out the way by which mail leaves."""

from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import tokens
from core.actions import action
from core.effects import plan
from core.errors import Refused
from core.events import publish
from core.models import Effect
from crm.forms.leads import NothingForm
from outreach.events import ChannelTested
from outreach.queries.channels import KIND, last_test


@action("channel.test", permission="settings:manage", form=NothingForm)
def try_channel(*, actor: Actor) -> Effect:
    """Send one mail to the person's own address, to see whether mail leaves. Publishes ChannelTested.

    Refused while an earlier one is on its way.
    """
    if actor.user is None:
        raise Refused(_("A test goes to a person's own address. Sign in first."))
    if (last := last_test(actor)) and last.is_under_way:
        raise Refused(_("A test is on its way. Wait for its outcome."))
    key = f"channeltest:{actor.user.pk}:{tokens.opaque()}"
    effect = plan(key, kind=KIND, repeatable=True, subject=("user", actor.user.pk))
    publish(ChannelTested(user_id=actor.user.pk, effect_id=effect.pk), actor=actor)
    return effect
