"""The parts every page is made of: icons, people, states, figures and fields."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any
from zlib import crc32

from django import template
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.boundfield import BoundField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from core.bound import named, prepared, said
from core.clock import now
from core.money import Money, format_money, short_money

register = template.Library()

# state value -> (class and glyph, label)
STATES: dict[str, tuple[str, Any]] = {
    "new": ("new", gettext_lazy("New")),
    "contacted": ("contacted", gettext_lazy("Contacted")),
    "interested": ("interested", gettext_lazy("Interested")),
    "proposal_sent": ("proposal", gettext_lazy("Proposal sent")),
    "paid": ("paid", gettext_lazy("Paid")),
    "disqualified": ("lost", gettext_lazy("Disqualified")),
    "open": ("contacted", gettext_lazy("Open")),
    "won": ("won", gettext_lazy("Won")),
    "lost": ("lost", gettext_lazy("Lost")),
    "abandoned": ("lost", gettext_lazy("Given up")),
}
HOT, WARM = 80, 50
WARMTH = {"hot": gettext_lazy("hot"), "warm": gettext_lazy("warm"), "cold": gettext_lazy("cold")}
TITLES = {"dr", "mr", "mrs", "ms", "shri", "डॉ", "श्री", "श्रीमती", "सुश्री"}


@cache
def sprite() -> str:
    """The address of the drawing that holds all icons."""
    return static("img/icons.svg")


@register.simple_tag
@lru_cache(256)
def icon(name: str, size: str = "") -> SafeString:
    """An icon from the sprite; decorative, so give its button or link a name."""
    return format_html(
        '<svg class="{}" viewBox="0 0 20 20" aria-hidden="true"><use href="{}#i-{}"/></svg>',
        f"i {size}".strip(),
        sprite(),
        name,
    )


@register.simple_tag
def logo(css: str = "logo") -> SafeString:
    """The product's mark."""
    return format_html('<img class="{}" src="{}" alt="" width="24" height="24">', css, static("img/icon.svg"))


def initials(name: str) -> str:
    """One or two first letters of a name, in the name's own script, without titles."""
    words = [word for word in name.partition("@")[0].replace(".", " ").split() if word[0].isalnum()]
    words = [word for word in words if word.lower() not in TITLES] or words
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def person_name(person: Any) -> str:
    """The name of a user, a contact or a plain string."""
    if person is None or isinstance(person, str):
        return person or ""
    return str(getattr(person, "name", "") or getattr(person, "email", "") or person)


@register.simple_tag
def avatar(person: Any, size: str = "") -> SafeString:
    """Initials on a quiet colour that stays the same for the same name."""
    return face(person_name(person), size)


@lru_cache(4096, typed=True)
def face(name: str, size: str) -> SafeString:
    """The avatar of a name."""
    colour = crc32(name.encode()) % 8 + 1
    css = f"av a{colour} {size}".strip()
    return format_html('<span class="{}" aria-hidden="true">{}</span>', css, initials(name))


def temperature(points: int) -> str:
    """Hot from 80, warm from 50, else cold."""
    return "hot" if points >= HOT else "warm" if points >= WARM else "cold"


@register.filter
def warmth(temperature: str) -> str:
    """The word of a temperature."""
    return str(WARMTH.get(temperature, temperature))


@register.simple_tag
def score(subject: Any, css: str = "") -> SafeString:
    """A score from 0 to 100 as number, bar and word."""
    return gauge(int(getattr(subject, "score", subject) or 0), css, get_language() or "")


@lru_cache(512)
def gauge(points: int, css: str, language: str) -> SafeString:
    """The score of so many points."""
    warm = temperature(points)
    return format_html(
        '<span class="{}">{}<svg viewBox="0 0 32 5" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="trk" width="32" height="5" rx="2.5"/>'
        '<rect class="val" width="{}" height="5" rx="2.5"/></svg>'
        '<span class="vh"> {}</span></span>',
        f"score {warm} {css}".strip(),
        points,
        f"{points * 0.32:.1f}",
        warmth(warm),
    )


@register.simple_tag
def meter(value: Any, total: Any) -> SafeString:
    """A thin bar that is filled to value of total."""
    share = 0 if not total else max(0, min(100, round(100 * float(value) / float(total))))
    return format_html(
        '<svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="trk" width="100" height="6" rx="3"/>'
        '<rect class="val" width="{}" height="6" rx="3"/></svg>',
        share,
    )


def state_of(subject: Any) -> str:
    """The one state word of a record: refused wins, then how far it came, then its status."""
    if isinstance(subject, str):
        return subject.lower()
    status = str(getattr(subject, "status", "")).lower()
    stage = getattr(subject, "stage", None)
    if status in {"disqualified", "won", "lost", "abandoned", "open"} or not isinstance(stage, str):
        return status
    return stage.lower()


@register.simple_tag
def status_glyph(subject: Any, label: str = "") -> SafeString:
    """A ring that fills as the record advances, and its word; never colour alone."""
    return ring(state_of(subject), str(label), get_language() or "")


@lru_cache(256, typed=True)
def ring(state: str, label: str, language: str) -> SafeString:
    """The glyph of a state."""
    css, word = STATES.get(state, ("new", state.replace("_", " ").capitalize()))
    return format_html(
        '<span class="st {}"><svg viewBox="0 0 16 16" aria-hidden="true"><use href="{}#s-{}"/></svg>{}</span>',
        css,
        sprite(),
        css,
        label or word,
    )


@register.simple_tag
def chip(text: Any, css: str = "", glyph: str = "") -> SafeString:
    """A small tinted label: warn, bad, good, info, blue, ai or plain."""
    return label(text if isinstance(text, SafeString) else str(text), css, glyph)


@lru_cache(2048, typed=True)  # a safe text and the same unsafe one are two
def label(text: str, css: str, glyph: str) -> SafeString:
    """The chip of a text."""
    return format_html('<span class="{}">{}{}</span>', f"chip {css}".strip(), icon(glyph) if glyph else "", text)


def as_money(value: Any, currency: str) -> Money | None:
    """A Money as it is; minor units with their currency as one; nothing as None."""
    if value is None or value == "":
        return None
    return value if isinstance(value, Money) else Money(int(value), currency or "INR")


@register.filter
def money(value: Any, currency: str = "") -> str:
    """₹1,20,000 from a Money, or from minor units with the currency as argument."""
    known = as_money(value, currency)
    return format_money(known) if known else ""


@register.filter
def short(value: Any, currency: str = "") -> str:
    """₹14.8 L from a Money, or from minor units with the currency as argument."""
    known = as_money(value, currency)
    return short_money(known) if known else ""


@register.filter
def signed(value: Any) -> str:
    """+25 or −4, with a real minus sign."""
    number = int(value)
    return f"+{number}" if number > 0 else f"−{-number}" if number < 0 else "0"


def elapsed(seconds: float) -> str:
    """A short length of time: 12 min, 3 h, 5 d."""
    if seconds < 3600:
        return _("%(n)d min") % {"n": max(1, int(seconds // 60))}
    if seconds < 86400:
        return _("%(n)d h") % {"n": int(seconds // 3600)}
    return _("%(n)d d") % {"n": int(seconds // 86400)}


@register.simple_tag
def ago(moment: datetime | None, empty: str = "") -> str:
    """How long ago, with the exact time behind it; a date once it is over a month."""
    if moment is None:
        return empty
    local, at = timezone.localtime(moment), now()
    passed = (at - moment).total_seconds()
    exact = day(local.date())
    if passed > 30 * 86400:
        text = exact if local.year != at.year else day(local.date(), "j M")
    else:
        text = elapsed(max(0.0, passed))
    clock = f"{local.hour:02d}:{local.minute:02d}"
    stamp = moment.astimezone(UTC).isoformat()
    # Numbers and names of months only: nothing to escape, a hundred times on a page.
    return mark_safe(f'<time datetime="{stamp}" title="{exact}, {clock}">{text}</time>')  # noqa: S308


@register.filter
def day(value: date | None, form: str = "j M Y") -> str:
    """5 Mar 2026; of a moment, in the reader's time zone."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = timezone.localtime(value) if value.tzinfo else value
        value = value.date()
    return written(value, form, get_language() or "")


@lru_cache(4096)
def written(value: date, form: str, language: str) -> str:
    """A date or moment as Django writes it in the active language; remembered, since formatting is slow."""
    return date_format(value, form)


@register.simple_tag
def due(moment: datetime | None, on: date | None = None) -> str:
    """When something is due, as a chip: red once late, amber today; `on` is a day without a time."""
    if moment is None:
        return ""
    if on is not None:
        gap = (on - timezone.localdate(now())).days
        if gap < 0:
            return chip(_("Overdue %(time)s") % {"time": elapsed(-gap * 86400)}, "bad", "clock")
        near = {0: _("Today"), 1: _("Tomorrow")}
        return chip(near.get(gap) or day(on, "D" if gap < 7 else "j M"), "" if gap else "warn")
    local = timezone.localtime(moment)
    passed = (now() - moment).total_seconds()
    if passed > 0:
        late = _("Overdue %(time)s") % {"time": elapsed(passed)}
        return chip(_("Due now") if passed < 120 else late, "bad", "clock")
    minute = datetime(2000, 1, 1, local.hour, local.minute)  # noqa: DTZ001  (only its clock is shown)
    clock = written(minute, pgettext("time of day", "g:i a"), get_language() or "").replace(".", "")
    gap = (local.date() - timezone.localdate(now())).days
    if gap == 0:
        return chip(_("%(clock)s today") % {"clock": clock}, "warn")
    named = _("Tomorrow") if gap == 1 else day(local, "D" if gap < 7 else "j M")
    return chip(f"{named} {clock}")


@register.simple_tag(takes_context=True)
def can(context: template.Context, permission: str, subject: Any = None) -> bool:
    """Whether the person looking may do this (to this record)."""
    actor = getattr(context.get("request"), "actor", None)
    return bool(actor is not None and actor.can(permission, subject).allowed)


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """The present address' query string with changes; an empty value removes the key."""
    params = context["request"].GET.copy()
    for key in ("cursor", "before"):
        if key not in changes:
            params.pop(key, None)
    for key, value in changes.items():
        if value in (None, ""):
            params.pop(key, None)
        else:
            params[key] = str(value)
    return f"?{params.urlencode()}"


@register.inclusion_tag("ui/field.html")
def field(bound: BoundField, label: str = "", hint: str = "", **extra: Any) -> dict[str, Any]:
    """A form field: label above, hint under it, error above the input, all tied together."""
    kind, attrs = prepared(bound)
    hint = hint or str(bound.help_text or "")
    ids = [f"{bound.auto_id}_e"] if bound.errors else []
    ids += [f"{bound.auto_id}_h"] if hint else []
    if ids:
        attrs["aria-describedby"] = " ".join(ids)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    attrs |= {key.replace("_", "-"): str(value) for key, value in extra.items()}
    return {
        "bound": bound,
        "kind": kind,
        "label": label or named(bound),
        "hint": hint,
        "error": said(bound, bound.errors[0]) if bound.errors else "",
        "optional": not bound.field.required and any(one.required for one in bound.form.fields.values()),
        "widget": mark_safe(bound.as_widget(attrs=attrs)) if kind != "picks" else "",  # noqa: S308
    }


@register.inclusion_tag("ui/form_errors.html")
def form_errors(form: Any) -> dict[str, Any]:
    """The summary above a refused form: whole-form reasons and a link to each field."""
    found = []
    for name, errors in getattr(form, "errors", {}).items():
        if name == NON_FIELD_ERRORS:
            found += [{"text": text, "id": "", "label": ""} for text in errors]
        elif name in form.fields:
            bound = form[name]
            found.append(
                {"text": said(bound, errors[0]), "id": bound.id_for_label or bound.auto_id, "label": named(bound)}
            )
    return {"found": found}


@register.filter
def undo(message: Any) -> Any:
    """The address and the values of the Undo that a message of `core.pages.done` offers, None for none."""
    return json.loads(message.extra_tags) if str(message.extra_tags).startswith("[") else None


@register.simple_tag
def tel(number: str) -> str:
    """A telephone number as the address of a call."""
    return "tel:" + "".join(sign for sign in number or "" if sign.isdigit() or sign == "+")
