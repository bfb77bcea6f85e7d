"""English and Hindi: who gets which, what the catalogues hold, and that no English is left on the pages of the day."""

import html
import re
import sys
from datetime import date
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

from accounts.actions.people import invite_user
from accounts.models import User, Workspace
from accounts.queries.people import link_token
from accounts.roles import REP
from billing.actions.payments import start_checkout
from core import clock
from core.money import Money, short_money
from core.templatetags.ui import day, initials
from crm.actions.bookings import book, create_booking_page
from crm.models import Stage
from crm.queries.bookings import times_of
from crm.queries.bookings import token_of as booking_token
from outreach.models import Conversation
from tests.billing.selling import VISITOR, accepted, public, sent
from tests.factories.crm import make_activity, make_deal, make_pipeline, make_public_form
from tests.outreach.scene import answer_to, arrive, draft_for, lead_of, message_to
from tests.people import again, as_actor, browser

sys.path.append(str(Path(__file__).resolve().parents[2] / "ci"))
import messages as catalogues

HINDI = {"Accept-Language": "hi-IN,hi;q=0.9"}
PAGE = {"Accept": "text/html"}
MEERA = {"first_name": "मीरा", "last_name": "शर्मा", "business_name": "शर्मा डेंटल", "city": "जयपुर"}
# What stays as it is in every language: names of products, formats, keys and currencies, and what people typed.
NAMES = (
    "CRM AutoPilot|CRM|WhatsApp|API|AI|PDF|CSV|XLSX|Excel|UPI|GST|INR|Stripe|English|JavaScript|QR|PIN|Space|Escape"
    "|Esc|Enter|Tab|Shift|Ctrl|Chrome|Firefox|SHA|STRIPE_API_KEY"
)
TYPED = (
    "My business|Rita Rep|Max Manager|Ada Admin|Website and booking page|Reminders|A clinic site|Website|Sales"
    "|Chosen by tests|tests|UTC|Meera Sharma|You can cancel within.*|Talk to us|Asia/Kolkata"
)
TAG = r"""<[!/]?[a-zA-Z](?:"[^"]*"|'[^']*'|[^>"'])*>"""
BOOKABLE = {"buffer_minutes": 0, "notice_hours": 2, "horizon_days": 14, "is_active": True}
LATIN = re.compile(r"[A-Za-z]{2,}")


def visible(page: str) -> list[str]:
    """The texts of a page that are seen or read aloud and hold a word in Latin letters."""
    unseen = r'<(script|style|svg|code|option)\b.*?</\1>|<!--.*?-->|<span class="av [^>]*>[^<]*</span>'
    page = re.sub(unseen, "", page, flags=re.DOTALL)
    said = re.findall(r'\b(?:aria-label|placeholder|title|alt|data-undo|data-says)="([^"]*)"', page)
    texts = [html.unescape(text).strip() for text in [*re.split(TAG, page), *said]]
    known = rf"\S+@\S+|https?://\S+|/p/\S+|\b[A-Z]+-\d[\d-]*|\b[0-9a-f]{{8}}\b|\b({NAMES}|{TYPED})\b"
    return [text for text in texts if LATIN.search(re.sub(known, "", text))]


def left_in_english(client: Client, *paths: str) -> dict[str, list[str]]:
    found = {}
    for path in paths:
        answer = client.get(path, headers=HINDI)
        page = answer.content.decode()
        assert '<html lang="hi"' in page or "<html" not in page, path
        if texts := visible(page):
            found[path] = texts
    return found


@pytest.fixture
def rita(people) -> User:
    """Rita reads Hindi."""
    User.objects.filter(pk=people.rita.pk).update(language="hi")
    return again(people.rita)


def test_the_catalogues_hold_what_is_marked_and_are_compiled():
    texts = catalogues.marked()
    assert len(texts) > 1500
    assert [fault for path in catalogues.CATALOGUES for fault in catalogues.faults(path, texts)] == []


@pytest.mark.django_db
def test_the_day_of_a_rep_holds_no_english(rita):
    for stage in make_pipeline().stages.all():
        Stage.objects.filter(pk=stage.pk).update(name=f"चरण {stage.order}")
    lead = lead_of(rita, **MEERA)
    message = message_to(lead, subject="नमस्ते", body_text="क्या हम बात करें?")
    arrive(answer_to(message, "जी, कीमत बताइए।"))
    draft_for(lead, subject="नमस्ते", body="कीमत ₹48,000 है।")
    make_activity(subject="फ़ोन करें", lead=lead, contact=lead.contact, actor=rita, due_at=clock.now())
    deal = make_deal(title="नई साइट", contact=lead.contact, owner=rita)
    thread, at = Conversation.objects.get(), lead.get_absolute_url()
    offered = sent(rita, email="asha@acme.example", **MEERA).lead
    tabs = [f"{at}?tab={tab}" for tab in ("chat", "timeline", "notes", "details")]
    parts = [f"{at}thread/", f"{at}suggestions/", f"/leads/{offered.pk}/", f"/leads/{offered.pk}/money/"]
    pages = [
        "/today/", *tabs, *parts, "/inbox/", "/inbox/?folder=all", thread.get_absolute_url(), "/deals/",
        deal.get_absolute_url(), f"/deals/{deal.pk}/move/", f"/tasks/log/?lead={lead.pk}", "/tasks/log/", "/profile/",
        "/suggestions/", "/notifications/", "/nowhere/",
    ]  # fmt: skip
    assert left_in_english(browser(rita), *pages) == {}


@pytest.mark.django_db
def test_public_pages_and_sign_in_hold_no_english(people):
    form = make_public_form(title="हमसे बात करें", consent_text="मुझे लिखें")
    paid = accepted(people.rita, email="asha@acme.example", **MEERA)
    checkout = start_checkout(paid, actor=VISITOR)
    invited = invite_user(actor=as_actor(people.ada), email="new@acme.example", roles=(REP,))
    pages = [
        "/accounts/login/", "/accounts/password/reset/", form.get_absolute_url(),
        public(sent(people.rita, **MEERA)), public(paid), public(paid, "pay/"), "/nowhere/",
        f"/join/invite/{link_token(invited, 'invite')}/", f"/pay/sandbox/{checkout.reference}/",
    ]  # fmt: skip
    said = {"title": "मिलें", "intro": "", "place": "", "consent_text": "मुझे लिखें", "lengths": [30]}
    meet = create_booking_page(actor=as_actor(people.rita), slug="rita", **said, **BOOKABLE)
    at = next(iter(times_of(meet, 30)))
    held = book(meet, actor=VISITOR, at=at, zone="Asia/Kolkata", length=30, name="मीरा", email="m@acme.example")
    own = f"/book/rita/{booking_token(held)}/"
    pages += ["/book/rita/", own, f"{own}move/", f"{own}cancel/"]
    assert left_in_english(Client(), *pages) == {}
    wrong = Client().post("/accounts/login/", {"login": "x"}, headers=HINDI)
    assert visible(wrong.content.decode()) == []


@pytest.mark.django_db
def test_the_language_is_the_persons_else_the_devices_else_the_workspaces(people):
    def language(client: Client, **headers: str) -> str:
        page = client.get("/accounts/password/reset/", headers=PAGE | headers).content.decode()
        return re.findall(r'<html lang="([\w-]+)"', page)[0]

    stranger, french = Client(), {"Accept-Language": "fr"}
    assert [language(stranger, **HINDI), language(stranger, **french)] == ["hi", "en-gb"]
    Workspace.current()
    Workspace.objects.update(default_language="hi")
    assert [language(stranger, **french), language(stranger, **{"Accept-Language": "en"})] == ["hi", "en-gb"]
    assert stranger.post("/language/", {"language": "en-gb", "next": "/x/"})["Location"] == "/x/"
    assert language(stranger, **HINDI) == "en-gb"
    outside = {"language": "hi", "next": "https://evil.example/"}
    assert Client().post("/language/", outside)["Location"] == "/"
    assert "language" not in Client().post("/language/", {"language": "tlh"}).cookies
    rita = browser(people.rita)
    assert "आज" in rita.get("/today/", headers=HINDI).content.decode()
    form = {"name": "Rita", "timezone": "Asia/Kolkata", "language": "en-gb", "theme": "light"}
    assert rita.post("/profile/", form).cookies["language"].value == "en-gb"
    assert "<h1>Today</h1>" in rita.get("/today/", headers=HINDI).content.decode()


@pytest.mark.django_db
def test_the_switch_works_without_script(people):
    page = Client().get("/accounts/login/").content.decode()
    (form,) = re.findall(r'<form class="langs" method="post" action="/language/".*?</form>', page, re.DOTALL)
    assert 'lang="hi"' in form and "हिन्दी" in form and "csrfmiddlewaretoken" in form


def test_numbers_money_and_dates_follow_the_language():
    with translation.override("hi"):
        assert short_money(Money(148_000_000, "INR")) == "₹14.8 लाख"
        assert str(Money(12_000_000, "INR")) == "₹1,20,000"
        assert day(date(2026, 6, 16), "j M") == "16 जून"
    with translation.override("en-gb"):
        assert short_money(Money(148_000_000, "INR")) == "₹14.8 L"
        assert day(date(2026, 6, 16), "j M") == "16 Jun"
    assert [initials("डॉ. मीरा शर्मा"), initials("Dr Meera Sharma")] == ["मश", "MS"]
