"""Calendars that others see: a person's booking page, what was booked there, and the feed of their activities."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from core import clock
from crm.models.activity import Activity
from crm.models.record import Record


def usual_lengths() -> list[int]:
    """Return how long a meeting is when nobody said otherwise."""
    return [30]


class BookingPage(Record):
    """Where strangers choose a time with one person; the times come from the person's hours and meetings."""

    owner_paths: ClassVar[tuple[str, ...]] = ("user",)

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="booking_page")
    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    intro = models.TextField(blank=True)
    place = models.CharField(max_length=200, blank=True)
    consent_text = models.TextField(blank=True)
    lengths = models.JSONField(default=usual_lengths)
    buffer_minutes = models.PositiveSmallIntegerField(default=0)
    notice_hours = models.PositiveSmallIntegerField(default=4)
    horizon_days = models.PositiveSmallIntegerField(default=30)
    is_active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("crm:booking", args=[self.slug])


class Booking(Record):
    """Who chose a time; when and where is said by its activity, and the lock on the page keeps times apart."""

    owner_paths: ClassVar[tuple[str, ...]] = ("page__user",)
    part_of: ClassVar[tuple[str, ...]] = ("activity_id",)

    page = models.ForeignKey(BookingPage, models.CASCADE, related_name="bookings")
    activity = models.OneToOneField(Activity, models.CASCADE, related_name="booking")
    name = models.CharField(max_length=120)
    email = models.EmailField(max_length=254, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    timezone = models.CharField(max_length=64)
    sequence = models.PositiveSmallIntegerField(default=0)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return self.activity.get_absolute_url()


class CalendarFeed(models.Model):
    """The secret address at which a person's calendar is read by their own programs; only its digest is kept."""

    owner_paths: ClassVar[tuple[str, ...]] = ("user",)

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    plain: str = ""  # the token itself: only on the row that its creation answers

    def __str__(self) -> str:
        return str(self.user)
