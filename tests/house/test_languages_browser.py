"""The pages of the day in Hindi in a real browser: letters twice as large make nothing scroll sideways."""

import pytest

from accounts.models import User
from core import clock
from outreach.models import Conversation
from tests.billing.selling import public, sent
from tests.factories.crm import make_activity, make_deal, make_public_form
from tests.house.browsing import MARKS, PHONE, SIDEWAYS, chromium, tab_of
from tests.outreach.scene import answer_to, arrive, draft_for, lead_of, message_to
from tests.people import again

pytestmark = MARKS
LAPTOP = {"viewport": {"width": 1440, "height": 900}}
WIDER = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
TWICE = "() => { document.documentElement.style.fontSize = '200%' }"


@pytest.mark.parametrize("screen", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_nothing_overflows_with_letters_twice_as_large(people, live_server, screen):
    User.objects.filter(pk=people.rita.pk).update(language="hi")
    rita = again(people.rita)
    lead = lead_of(rita, phone="+91 98765 43210")
    arrive(answer_to(message_to(lead), "जी, कीमत बताइए।"))
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
