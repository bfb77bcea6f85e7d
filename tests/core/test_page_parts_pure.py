"""The small parts of every page: money, initials, times, states, fields."""

from datetime import timedelta

import pytest
from django import forms
from django.template import Context, Template

from core import clock
from core.money import Money
from core.templatetags import ui


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (12_000_000, "INR", "₹1,20,000"),
        (5_664_050, "INR", "₹56,640.50"),
        (123_456_700, "USD", "$1,234,567"),
        (5_000, "JPY", "¥5,000"),
        (None, "INR", ""),
    ],
)
def test_money_is_written_as_its_readers_write_it(minor, currency, text):
    assert ui.money(minor, currency) == text


def test_short_money_counts_in_lakh_and_crore():
    assert ui.short(Money(148_000_000, "INR")) == "₹14.8 L"
    assert ui.short(Money(2_100_000_000, "INR")) == "₹2.1 Cr"


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Dr. Meera Sharma", "MS"), ("Ada", "A"), ("Joseph D’Souza", "JD"), ("मीरा शर्मा", "मश"), ("dr", "D"), ("", "?")],
)
def test_initials_leave_titles_out_and_keep_the_script(name, letters):
    assert ui.initials(name) == letters


def test_an_avatar_keeps_its_colour_and_escapes_nothing_away():
    assert ui.avatar("Meera Sharma") == ui.avatar("Meera Sharma")
    assert "<b>" not in ui.avatar("<b> <i>")


def test_a_score_has_number_bar_and_word():
    shown = ui.score(92)
    assert "score hot" in shown
    assert ">92<" in shown
    assert "hot</span>" in shown


def test_points_carry_a_real_sign():
    assert [ui.signed(points) for points in (25, -4, 0)] == ["+25", "−4", "0"]


def test_times_are_short_with_the_exact_moment_behind():
    shown = ui.ago(clock.now() - timedelta(minutes=12))
    assert ">12 min</time>" in shown
    assert 'datetime="' in shown
    assert ui.ago(None, "never") == "never"


def test_due_is_red_when_late_and_amber_today():
    assert "bad" in ui.due(clock.now() - timedelta(days=2))
    assert "Overdue 2 d" in ui.due(clock.now() - timedelta(days=2))
    assert ui.due(None) == ""


class SampleForm(forms.Form):
    email = forms.EmailField(help_text="We never show it.")
    born = forms.DateField(required=False)
    agree = forms.BooleanField(required=False)


def drawn(form: forms.Form, name: str) -> str:
    template = Template("{% load ui %}{% field bound %}")
    return template.render(Context({"bound": form[name]}))


def test_a_field_has_its_label_above_and_its_hint_tied_to_it():
    shown = drawn(SampleForm(), "email")
    assert shown.index("<label") < shown.index("<input")
    assert 'aria-describedby="id_email_h"' in shown
    assert 'id="id_email_h"' in shown


def test_an_error_stands_above_the_input_and_keeps_the_typed_value():
    shown = drawn(SampleForm({"email": "<wrong>"}), "email")
    assert shown.index('id="id_email_e"') < shown.index("<input")
    assert 'aria-invalid="true"' in shown
    assert 'value="&lt;wrong&gt;"' in shown


def test_a_missing_value_is_asked_for_by_name():
    assert "Enter the email." in drawn(SampleForm({"email": ""}), "email")


def test_optional_fields_say_so_where_others_are_required():
    assert "if you want" in drawn(SampleForm(), "born")
    assert "if you want" not in drawn(SampleForm(), "email")
    assert 'type="date"' in drawn(SampleForm(), "born")


def test_a_tick_box_stands_beside_its_words():
    shown = drawn(SampleForm(), "agree")
    assert shown.index('type="checkbox"') < shown.index("Agree")


def test_the_summary_links_to_each_field():
    template = Template("{% load ui %}{% form_errors form %}")
    shown = template.render(Context({"form": SampleForm({"email": ""})}))
    assert 'href="#id_email"' in shown
    assert 'role="alert"' in shown
    assert template.render(Context({"form": SampleForm()})).strip() == ""
