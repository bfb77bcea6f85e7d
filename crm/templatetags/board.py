"""The cards of the deal board: hundreds a page, so each is written at once."""

from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from core.links import route
from core.templatetags.ui import avatar, chip, day, due, icon, money

register = template.Library()


@register.simple_tag
def deal_card(deal: Any) -> SafeString:
    """A deal of `crm.queries.board.cards_of` as a card, with the Move link of those who may move it."""
    title, who = escape(deal.title), escape(deal.contact.name)
    place = f", {escape(deal.contact.city)}" if deal.contact.city else ""
    when = ""
    if deal.status == "won":
        when = _('<span class="vh">won </span>%(day)s') % {"day": day(deal.closed_on, "j M")}
    elif deal.expected_close_on:
        closes = day(deal.expected_close_on, "j M")
        when = _('<span class="vh">closes </span>%(day)s') % {"day": closes}
    silent = _("%(days)s d quiet") % {"days": deal.days_silent}
    quiet = f'<span class="xs warnc nowrap">{silent}</span>' if deal.days_silent else ""
    owner = (
        f'<span class="row end" title="{escape(deal.owner)}">{avatar(deal.owner)}'
        f'<span class="vh">{escape(deal.owner)}</span></span>'
        if deal.owner
        else ""
    )
    move = held = ""
    if deal.may_move:
        held = f' data-deal="{deal.pk}" data-no="{" ".join(map(str, deal.closed_to))}"'
        label = _("Move %(deal)s") % {"deal": f"{title}, {who}"}
        move = (
            f'<a class="btn gh ico sm mv" href="{route("crm:deal-move", deal.pk)}" data-move'
            f' aria-label="{label}"><span class="ms">{_("Move")}</span><span class="ds">{icon("dots")}</span></a>'
        )
    return mark_safe(  # noqa: S308 - every value above is escaped or made by a tag
        f'<li class="deal{" rot" if deal.days_silent else ""}" id="deal-{deal.pk}"{held}>'
        f'<h3><a href="{route("crm:deal-detail", deal.pk)}">{title}</a></h3><p class="xs mut cut">{who}{place}</p>'
        f'<p class="row wrap">{_next(deal)}{quiet}</p><div class="row ft"><span class="num">{money(deal.value)}</span>'
        f"<span>{when}</span>{owner}</div>{move}</li>"
    )


def _next(deal: Any) -> str:
    """What comes next, as a chip."""
    if deal.status == "won":
        return chip(_("Won"), "good", "check")
    if deal.waits:
        return chip(_("Waits for approval"), "warn", "shield")
    if deal.next_due_at:
        return due(deal.next_due_at, deal.next_due_on)
    if deal.snoozed_until and not deal.days_silent:
        return chip(_("Rests until %(day)s") % {"day": day(deal.snoozed_until, "j M")}, "", "clock")
    return chip(_("No next step"), "warn", "alert")
