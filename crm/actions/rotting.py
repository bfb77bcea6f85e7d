"""Deals are touched, rest for a while with a reason, and are called stuck; holidays come and go."""

import time
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import clock
from core.actions import action, let_others_in
from core.errors import Invalid, Refused
from core.events import publish
from crm.events import DealRotting, DealUpdated, HolidaysChanged
from crm.forms.deals import SnoozeDealForm
from crm.forms.leads import NothingForm
from crm.forms.pipelines import AddHolidayForm
from crm.models import Contact, Deal, Holiday
from crm.queries.rotting import days_of, today

SLICE = 2000
MOMENTS = ("last_touch_at", "stage_since", "created_at")


def recount(deals: QuerySet[Deal] | Iterable[Deal]) -> None:
    """Store on which day each of these deals counts as stuck; call it inside an action, with at most some thousand."""
    rows = list(deals.select_related("stage") if isinstance(deals, QuerySet) else deals)
    found = days_of(rows)
    by_day: dict[date | None, list[int]] = {}
    for deal in rows:
        deal.rots_on = found[deal.pk]
        by_day.setdefault(deal.rots_on, []).append(deal.pk)
    for day, pks in by_day.items():
        Deal.objects.filter(pk__in=pks).exclude(rots_on=day).update(rots_on=day)


def touch_deals(pks: Iterable[int]) -> None:
    """Note that something meaningful happened to these deals now: their silence starts anew; versions stay."""
    rows = Deal.objects.filter(pk__in=list(pks))
    rows.update(last_touch_at=clock.now(), rotting_told_on=None)
    recount(rows)


def recount_all(deals: QuerySet[Deal]) -> None:
    """Recount any number of deals, a slice at a time, each in a transaction of its own."""
    last = 0
    while pks := deals.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:SLICE]:
        rows = Deal.objects.filter(pk__in=list(pks))
        began = time.monotonic()
        with transaction.atomic():
            recount(rows.only("status", "stage", "snoozed_on", "snoozed_until", *MOMENTS))
        let_others_in(began)
        last = pks[len(pks) - 1]


def touch_deals_of(contact: Contact) -> None:
    """Note a message from a contact, or one that a person wrote to them: it ends the silence of their open deals."""
    touch_deals(Deal.objects.open().filter(contact=contact).values_list("pk", flat=True))


@action("deal.snooze", permission="deal:update", form=SnoozeDealForm)
def snooze_deal(deal: Deal, *, actor: Actor, until: date, reason: str) -> Deal:
    """Let an open deal rest until a day, for a reason: it is not stuck before. Publishes DealUpdated."""
    if deal.status != Deal.Status.OPEN:
        raise Refused(_("Only an open deal can rest."))
    if until <= today():
        raise Invalid({"until": [_("Choose a day after today.")]})
    return _rest(deal, actor, until, reason.strip())


@action("deal.unsnooze", permission="deal:update", form=NothingForm)
def unsnooze_deal(deal: Deal, *, actor: Actor) -> Deal:
    """Take up a resting deal again. Publishes DealUpdated."""
    if deal.snoozed_until is None:
        raise Refused(_("This deal does not rest."))
    return _rest(deal, actor, None, "")


@action("deal.mark_rotting", permission=None)
def mark_rotting(deal: Deal, *, actor: Actor, days_silent: int, on: date) -> Deal:
    """Note that nobody touched an open deal for too long, once for each silence. Publishes DealRotting."""
    if deal.status == Deal.Status.OPEN and deal.rotting_told_on is None:
        Deal.objects.filter(pk=deal.pk).update(rotting_told_on=on)
        named = (deal.pk, deal.contact_id, deal.owner_id)
        publish(DealRotting(*named, days_silent=days_silent), actor=actor)
    return deal


@action("holiday.add", permission="settings:manage", form=AddHolidayForm)
def add_holiday(*, actor: Actor, on: date, name: str) -> Holiday:
    """Make a day a holiday. Publishes HolidaysChanged, after which the deals are recounted."""
    try:
        with transaction.atomic():
            holiday = Holiday.objects.create(on=on, name=name)
    except IntegrityError:
        raise Invalid({"on": [_("This day is a holiday already.")]}) from None
    publish(HolidaysChanged(holiday.pk), actor=actor)
    return holiday


@action("holiday.remove", permission="settings:manage", form=NothingForm)
def remove_holiday(holiday: Holiday, *, actor: Actor) -> None:
    """Make a holiday a working day again. Publishes HolidaysChanged."""
    pk = holiday.pk
    holiday.delete()
    publish(HolidaysChanged(pk), actor=actor)


def _rest(deal: Deal, actor: Actor, until: date | None, reason: str) -> Deal:
    before: dict[str, Any] = {"snoozed_until": deal.snoozed_until, "snooze_reason": deal.snooze_reason}
    deal.store(
        snoozed_on=today() if until else None, snoozed_until=until, snooze_reason=reason[:200], rotting_told_on=None
    )
    recount([deal])
    changes = {name: [value, getattr(deal, name)] for name, value in before.items()}
    named = (deal.pk, deal.contact_id, deal.owner_id)
    publish(DealUpdated(*named, changes=changes), actor=actor)
    return deal
