"""Tickets on a support agent's phone: read, answered and solved with the thumb; by day, by night, and on a laptop."""

import pytest

from crm.models import Ticket
from outreach.models import Message
from tests.factories.crm import SYSTEM, make_contact
from tests.house.browsing import DARK, MARKS, PHONE, SIDEWAYS, axe, chromium, go, tab_of

pytestmark = MARKS


@pytest.fixture
def ticket(sam) -> Ticket:
    from crm.actions.tickets import create_ticket

    values = {"subject": "The order form shows an error after the address", "priority": "urgent"}
    contact = make_contact(first_name="Nina", phone="+91 98765 43210")
    return create_ticket(actor=SYSTEM, contact=contact, body="Since this morning.", assignee=sam, **values)


def test_a_ticket_is_answered_and_solved_on_a_phone(ticket, sam, live_server):
    here = ticket.get_absolute_url()
    with chromium() as machine, tab_of(machine, sam, live_server.url, **PHONE) as page:
        go(page, live_server.url + "/")
        assert page.url.endswith("/tickets/")
        page.get_by_role("link", name=ticket.subject).click()
        page.wait_for_url(f"**{here}*")
        page.get_by_label("Write by email").fill("It works again.")
        page.get_by_role("button", name="Reply and resolve").click()
        page.get_by_text("It works again.").first.wait_for()
        page.get_by_role("button", name="Reopen").first.wait_for()
        page.get_by_role("textbox", name="Note").fill("A stale cache.")
        page.get_by_role("button", name="Keep the note").click()
        page.get_by_text("A stale cache.").wait_for()
    assert Ticket.objects.get().status == "resolved"
    assert Message.objects.get().ticket == ticket
    assert Ticket.objects.get().notes.count() == 1


def test_the_pages_fit_a_phone_and_a_laptop_by_day_and_by_night(ticket, sam, live_server):
    here, found = ticket.get_absolute_url(), []
    with chromium() as machine, tab_of(machine, sam, live_server.url, **PHONE) as page:
        for path in ("/tickets/", here, "/tickets/new/", f"{here}resolve/", f"{here}thread/", "/tickets/?view=late"):
            go(page, live_server.url + path)
            found += [f"{path} {one}" for one in (*axe(page), *page.evaluate(SIDEWAYS))]
            page.set_viewport_size({"width": 320, "height": 640})
            found += [f"{path} at 320 px {one}" for one in page.evaluate(SIDEWAYS)]
            page.set_viewport_size({"width": 1440, "height": 900})
            page.emulate_media(color_scheme="dark")
            found += [f"{path} by night {one}" for one in axe(page, *DARK)]
            page.set_viewport_size(PHONE["viewport"])
            page.emulate_media(color_scheme="light")
    assert found == []
