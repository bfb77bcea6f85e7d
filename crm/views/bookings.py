"""The booking page: a stranger chooses a time, and moves or cancels it by a signed link."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Workspace
from core.doors import public
from core.errors import Invalid, Refused
from core.pages import page
from core.tokens import opaque
from crm import ics
from crm.actions.bookings import book, cancel_booking, move_booking
from crm.forms.bookings import BookForm, TimeForm, ZoneField
from crm.models import Booking, BookingPage
from crm.queries.bookings import booking_of, free_days, page_at, token_of
from crm.queries.calendar import day_asked
from crm.sheets import BOTH, add_errors, key_of
from crm.views.public_forms import slow_down


@public(BOTH)
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """The next free days first; a chosen time asks for a name, and booking it leads to its own page."""
    booking_page = page_at(slug)
    if request.method == "POST":
        slow_down(request.actor.ip, "booking")
        form = BookForm(request.POST)
        if form.is_valid():
            values = form.cleaned_data
            if values.pop("website"):
                return HttpResponseRedirect(request.path, status=303)
            try:
                booking = book(booking_page, actor=request.actor, key=key_of(request), **values)
            except Refused as error:
                return _times(request, booking_page, said=error)
            except Invalid as error:
                add_errors(form, error.errors)
            else:
                return _to(booking)
        return _times(request, booking_page, form=form)
    form = BookForm(initial=request.GET.dict())
    return _times(request, booking_page, form=form if "at" in request.GET else None)


@public()
def detail(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """What was booked, as a page to keep."""
    booking = booking_of(slug, token)
    return page(request, "crm/bookings/detail.html", {"booking": booking, "token": token})


@public()
def file(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """The meeting as a file for the visitor's own calendar."""
    booking = booking_of(slug, token)
    text = ics.invitation(
        booking.activity, Workspace.current().code, sequence=booking.sequence,
        method="CANCEL" if booking.cancelled_at else "REQUEST", host=booking.page.user,
        guests=booking.activity.guests,
    )  # fmt: skip
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="meeting.ics"'
    return response


@public(BOTH)
def move(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Choose another time for what was booked."""
    booking = booking_of(slug, token)
    said: Refused | None = None
    if request.method == "POST":
        slow_down(request.actor.ip, "booking")
        form = TimeForm(request.POST)
        if form.is_valid():
            try:
                return _to(move_booking(booking, actor=request.actor, at=form.cleaned_data["at"]))
            except Refused as error:
                said = error
    return _times(request, booking.page, said=said, booking=booking)


@public(BOTH)
def cancel(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Call it off, after one more look."""
    booking = booking_of(slug, token)
    if request.method == "POST":
        slow_down(request.actor.ip, "booking")
        return _to(cancel_booking(booking, actor=request.actor))
    context = {"booking": booking, "token": token, "asks": True}
    return page(request, "crm/bookings/detail.html", context)


def _times(
    request: HttpRequest,
    booking_page: BookingPage,
    *,
    form: BookForm | None = None,
    said: Refused | None = None,
    booking: Booking | None = None,
) -> HttpResponse:
    """Show the free times, what was chosen, and what was wrong with it."""
    asked = {**request.GET.dict(), **request.POST.dict()}
    zone = _zone(request, booking.timezone if booking else booking_page.user.timezone)
    length, meeting = _length(asked, booking_page), booking.activity if booking else None
    if meeting and meeting.due_at and meeting.ends_at:
        length = int((meeting.ends_at - meeting.due_at).total_seconds() // 60)
    since = day_asked(asked["from"], datetime.now(UTC).date()) if asked.get("from") else None
    days, more = free_days(booking_page, length, zone, since=since, but=meeting.pk if meeting else 0)
    chosen = None
    if form is not None:
        chosen = TimeForm({"at": asked.get("at"), "zone": zone})
        chosen = chosen.cleaned_data["at"] if chosen.is_valid() else None
        form = form if chosen else None
        if chosen is None:
            said = Refused(_("This is no time of this page. Choose one of those below."))
    context: dict[str, Any] = {
        "booking_page": booking_page, "booking": booking, "form": form, "chosen": chosen, "said": said,
        "days": days, "zone": zone, "length": length,
        "zone_input": ZoneField().widget.render("zone", zone, {"id": "id_zone", "class": "in"}),
        "more": urlencode({"from": more, "zone": zone, "length": length}) if more else "",
        "from": since, "back": urlencode({"zone": zone, "length": length}),
        "token": token_of(booking) if booking else "", "key": request.POST.get("key") or opaque(),
    }  # fmt: skip
    status = said.status if said else 422 if form and form.errors else 200
    return page(request, "crm/bookings/choose.html", context, status=status)


def _zone(request: HttpRequest, default: str) -> str:
    """The zone that the visitor named; raises Invalid for one that nobody knows."""
    field = ZoneField(required=False)
    asked = request.POST.get("zone") or request.GET.get("zone", "")
    if asked and not field.valid_value(asked):
        raise Invalid({"zone": [_("We do not know this time zone. Choose one of the list.")]})
    return asked or default


def _length(asked: dict[str, str], booking_page: BookingPage) -> int:
    lengths = [str(minutes) for minutes in booking_page.lengths]
    return int(asked["length"] if asked.get("length") in lengths else lengths[0])


def _to(booking: Booking) -> HttpResponse:
    to = reverse("crm:booking-detail", args=(booking.page.slug, token_of(booking)))
    return HttpResponseRedirect(to, status=303)
