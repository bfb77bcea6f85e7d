"""How many taps the common things take on a phone; typing is not counted."""

from datetime import timedelta

import pytest

from core import clock
from crm.actions.approvals import request_approval
from crm.models import Activity, Approval, Deal, Lead
from tests.factories.crm import make_activity, make_contact, make_deal, make_lead, make_pipeline
from tests.house.browsing import MARKS, PHONE, chromium, go, tab_of, until
from tests.people import as_actor

pytestmark = MARKS
BACK = "document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))"


# A test machine has no telephone: the dialler does not open, the page sees the tap all the same.
NO_DIALLER = "addEventListener('click', e => { if (e.target.closest('[href^=tel]')) e.preventDefault(); })"


class Thumb:
    """A phone in one hand, and the taps that it took."""

    def __init__(self, page, url: str) -> None:
        self.page, self.url, self.taps = page, url, 0

    def open(self, path: str) -> None:
        go(self.page, self.url + path)

    def tap(self, selector: str) -> None:
        self.page.locator(selector).locator("visible=true").first.tap()
        self.taps += 1


@pytest.fixture
def thumb(live_server):
    with chromium() as machine:
        opened = []

        def of(user) -> Thumb:
            tab = tab_of(machine, user, live_server.url, **PHONE)
            opened.append(tab)
            page = tab.__enter__()
            page.add_init_script(NO_DIALLER)
            return Thumb(page, live_server.url)

        yield of
        for tab in opened:
            tab.__exit__(None, None, None)


def a_lead(owner) -> Lead:
    contact = make_contact(first_name="Meera", last_name="Sharma", phone="+91 98765 43210")
    return make_lead(owner=owner, contact=contact, business_name="Sharma Dental")


def test_a_deal_moves_in_two(rita, thumb):
    deal, second = make_deal(owner=rita), make_pipeline().stages.order_by("order")[1]
    hand = thumb(rita)
    hand.open("/deals/")
    hand.tap(f"#deal-{deal.pk} .mv")
    hand.tap(f"#mv [data-to='{second.pk}']")
    hand.page.wait_for_selector("#toasts form button")
    assert (hand.taps, Deal.objects.get().stage) == (2, second)


def test_a_call_is_logged_with_the_next_one_in_two_after_it(rita, thumb):
    lead = a_lead(rita)
    hand = thumb(rita)
    hand.open(lead.get_absolute_url())
    hand.page.locator(".reach a[href^='tel:']").tap()
    hand.page.evaluate(BACK)
    hand.page.wait_for_selector("#sheet[open] [name=outcome]", state="attached")
    hand.tap("#sheet label:has([value='Interested'])")
    hand.tap("#sheet [type=submit]")
    hand.page.wait_for_selector("#toasts:has-text('Call logged')")
    assert hand.taps == 2
    assert Activity.objects.get(outcome="Interested").due_at is None
    assert Activity.objects.get(outcome="").due_at > clock.now()


def test_the_next_person_due_is_called_in_one(rita, thumb):
    lead = a_lead(rita)
    due = clock.now() - timedelta(minutes=5)
    make_activity(type="call", actor=rita, lead=lead, contact=lead.contact, due_at=due)
    hand = thumb(rita)
    hand.open("/today/")
    assert hand.page.locator("#due-card a[href='tel:+919876543210']").first.is_visible()
    hand.tap("#due-card a[href^='tel:']")
    hand.page.evaluate(BACK)
    hand.page.wait_for_selector("#sheet[open] [name=outcome]", state="attached")
    assert hand.taps == 1


def test_a_lead_is_added_in_three(rita, thumb):
    hand = thumb(rita)
    hand.open("/today/")
    hand.tap(".dock .new")
    hand.tap("#new a[href='/leads/new/']")
    hand.page.fill("#sheet [name=first_name]", "Asha")
    hand.page.fill("#sheet [name=phone]", "98765 43210")
    hand.tap("#sheet [type=submit]")
    hand.page.wait_for_url("**/leads/*/")
    assert (hand.taps, Lead.objects.get().contact.first_name) == (3, "Asha")


def test_a_lead_is_disqualified_with_its_reason_in_four(rita, thumb):
    lead = a_lead(rita)
    hand = thumb(rita)
    hand.open(lead.get_absolute_url())
    hand.tap("[popovertarget=lead-more]")
    hand.tap("#lead-more a[href$='/disqualify/']")
    hand.page.wait_for_selector("#sheet[open] form")
    reason = hand.page.locator("#sheet :is(textarea, input[type=text])")
    if reason.count():
        reason.first.fill("No budget this year")
    else:
        hand.tap("#sheet .picks label")
    hand.tap("#sheet [type=submit]")
    hand.page.wait_for_function("() => document.querySelector('.note.bad')")
    assert hand.taps <= 4
    assert Lead.objects.get().status == "disqualified"


def test_a_deal_is_approved_in_two(people, thumb):
    assert people.north.name == "North"
    deal = make_deal(owner=people.rita, contact=make_contact(owner=people.rita), value_minor=10**9)
    request_approval(deal, actor=as_actor(people.rita))
    hand = thumb(people.max)
    hand.open("/dashboard/")
    hand.tap(".dock a[href='/approvals/']")
    hand.page.wait_for_url("**/approvals/")
    hand.tap("main form[action$='/approve/'] button")
    until(lambda: Approval.objects.get().state == "approved")
    assert hand.taps == 2


def test_any_record_is_found_in_two(rita, thumb):
    lead = a_lead(rita)
    hand = thumb(rita)
    hand.open("/today/")
    hand.tap(".bar [data-palette]")
    hand.page.wait_for_selector("#palette[open]")
    hand.page.keyboard.type("meera")
    hand.page.wait_for_selector("#pal-list[data-typed=meera] [role=option]")
    hand.tap(f"#pal-list a[href^='{lead.get_absolute_url()}']")
    hand.page.wait_for_url(f"**{lead.get_absolute_url()}*")
    assert hand.taps == 2


def test_a_number_calls_and_writes_on_whatsapp(rita, thumb):
    lead = a_lead(rita)
    hand = thumb(rita)
    for path in (lead.get_absolute_url(), lead.contact.get_absolute_url(), "/leads/", "/contacts/"):
        hand.open(path)
        assert hand.page.locator("a[href='tel:+919876543210']").locator("visible=true").count(), path
    hand.open(lead.get_absolute_url())
    assert hand.page.locator(".reach a[href='https://wa.me/919876543210']").is_visible()
