"""The pages of the day in Hindi in a real browser: letters twice as large make nothing scroll sideways."""

import pytest
from django.urls import reverse

from accounts.models import User
from core import clock
from outreach.mailbuild import way_out
from outreach.models import Conversation
from tests.billing.selling import public, sent
from tests.factories.crm import make_activity, make_deal, make_public_form
from tests.house.browsing import MARKS, PHONE, SIDEWAYS, chromium, tab_of
from tests.outreach.scene import answer_to, arrive, draft_for, lead_of, message_to
from tests.people import again

pytestmark = MARKS
LAPTOP = {"viewport": {"width": 1440, "height": 900}}
WIDER = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
COUNTED = """() => { window.sent = []; addEventListener('click', e => {
  if (e.target.closest('.btn.ai')) { e.preventDefault(); sent.push(e.target.closest('.sug').id); } }, true); }"""
TWO_DRAFTS = """() => document.body.insertAdjacentHTML('beforeend', ['x', 'y'].map(id =>
  `<article class=sug id=${id} tabindex=0><button type=button class="btn ai">ok</button></article>`).join(''))"""
TWICE = "() => { document.documentElement.style.fontSize = '200%' }"


@pytest.mark.parametrize("screen", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_nothing_overflows_with_letters_twice_as_large(people, live_server, screen):
    User.objects.filter(pk=people.rita.pk).update(language="hi")
    rita = again(people.rita)
    lead = lead_of(rita, phone="+91 98765 43210")
    first = message_to(lead)
    arrive(answer_to(first, "जी, कीमत बताइए।"))
    draft_for(lead)
    make_activity(lead=lead, contact=lead.contact, actor=rita, due_at=clock.now())
    make_deal(contact=lead.contact, owner=rita)
    talk = Conversation.objects.get()
    own = [
        "/today/", "/dashboard/", lead.get_absolute_url(), f"{lead.get_absolute_url()}?tab=timeline",
        "/inbox/?folder=all", talk.get_absolute_url(), "/deals/", f"/tasks/log/?lead={lead.pk}",
        "/leads/", "/leads/new/", "/profile/",
    ]  # fmt: skip
    strangers = [
        "/accounts/login/",
        "/accounts/password/reset/",
        make_public_form().get_absolute_url(),
        public(sent(rita, email="asha@acme.example")),
        reverse("outreach:way-out", args=[way_out(first.pk)]),
    ]
    found = []
    with chromium() as machine:
        for user, paths in ((rita, own), (None, strangers)):
            with tab_of(machine, user, live_server.url, locale="hi-IN", **screen) as page:
                for path in paths:
                    page.goto(f"{live_server.url}{path}")
                    assert page.evaluate("document.documentElement.lang") == "hi", path
                    page.evaluate(TWICE)
                    page.wait_for_timeout(200)
                    if page.evaluate(WIDER):
                        found.append((path, page.evaluate(SIDEWAYS)))
    assert found == []


def test_the_theme_changes_in_hindi_too(people, live_server):
    User.objects.filter(pk=people.rita.pk).update(language="hi")
    with chromium() as machine, tab_of(machine, again(people.rita), live_server.url, locale="hi-IN", **LAPTOP) as page:
        page.goto(f"{live_server.url}/today/")
        seen = []
        for _press in range(4):
            page.evaluate("document.querySelector('[data-theme-next]').click()")
            seen.append(page.evaluate("document.documentElement.dataset.theme ?? 'system'"))
        assert seen == ["light", "dark", "system", "light"]


def test_keys_of_one_letter_can_be_switched_off_and_send_no_draft_but_the_one_meant(people, live_server):
    rita = people.rita
    with chromium() as machine, tab_of(machine, rita, live_server.url, **LAPTOP) as page:
        page.goto(f"{live_server.url}/today/")
        page.evaluate(COUNTED)
        page.evaluate(TWO_DRAFTS)
        page.keyboard.press("a")
        assert page.evaluate("sent") == []
        page.focus("#y")
        page.keyboard.press("a")
        assert page.evaluate("sent") == ["y"]
        page.keyboard.press("c")
        assert page.locator("#new[open]").count() == 1
        User.objects.filter(pk=rita.pk).update(letter_keys=False)
        page.goto(f"{live_server.url}/today/")
        page.keyboard.press("c")
        assert page.locator("#new[open]").count() == 0
