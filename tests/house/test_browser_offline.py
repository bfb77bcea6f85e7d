"""Without a network: an opened lead is read, with its time; what is written goes out once when it is back."""

import re

from crm.models import Activity, Contact, Lead
from tests.factories.crm import make_activity, make_contact, make_lead
from tests.house.browsing import MARKS, PHONE, chromium, go, tab_of

pytestmark = MARKS
KEPT = "caches.open('pages').then(c => c.keys()).then(all => all.map(one => new URL(one.url).pathname))"
FORMS = "caches.open('parts').then(c => c.keys()).then(all => all.filter(one => one.url.includes('/tasks/')).length)"
WITH = PHONE | {"service_workers": "allow"}


def lead_of(owner) -> Lead:
    contact = make_contact(first_name="Meera", last_name="Sharma", phone="+91 98765 43210")
    return make_lead(owner=owner, contact=contact, business_name="Sharma Dental")


def keep(page, url: str, lead: Lead) -> None:
    """Open a lead until the worker has kept it, with the forms that write on it."""
    go(page, url + "/today/")
    page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    page.wait_for_function("() => navigator.serviceWorker.controller")
    go(page, url + lead.get_absolute_url())
    page.wait_for_function(f"() => {KEPT}.then(all => all.includes('{lead.get_absolute_url()}'))")
    page.wait_for_function(f"() => {FORMS}.then(n => n >= 2)")


def test_an_opened_lead_is_read_without_a_network_and_a_note_goes_out_once(rita, live_server):
    lead = lead_of(rita)
    with chromium() as machine, tab_of(machine, rita, live_server.url, **WITH) as page:
        keep(page, live_server.url, lead)
        page.context.set_offline(True)
        page.reload()
        assert "Meera Sharma" in page.inner_text("main")
        said = page.inner_text("#offline")
        assert "You are offline" in said and re.search(r"\d{4}.*\d:\d\d", said)
        page.click("#offline a")
        page.fill("#sheet [name=subject]", "Opens at nine")
        page.click("#sheet [type=submit]")
        page.wait_for_selector(".offline:has-text('Kept on this phone: 1')")
        assert not Activity.objects.filter(subject="Opens at nine").exists()
        page.context.set_offline(False)
        page.wait_for_selector("#toasts:has-text('You are back. Sent: 1')")
        assert page.locator(".offline").count() == 0
        page.reload()
        page.wait_for_timeout(500)
    note = Activity.objects.get(subject="Opens at nine")
    assert (note.lead, note.actor, note.type) == (lead, rita, "note")


def test_a_call_and_a_tick_wait_and_what_is_refused_is_asked_about(rita, live_server):
    lead = lead_of(rita)
    task = make_activity(type="task", actor=rita, lead=lead, contact=lead.contact)
    with chromium() as machine, tab_of(machine, rita, live_server.url, **WITH) as page:
        keep(page, live_server.url, lead)
        page.context.set_offline(True)
        page.reload()
        page.click(".reach [data-log]")
        page.click("#sheet [type=submit]")
        page.wait_for_selector(".offline:has-text('Kept on this phone: 1')")
        token = page.get_attribute("[name=csrfmiddlewaretoken]", "value")
        page.evaluate(
            "([to, csrfmiddlewaretoken]) => fetch(to, {method: 'POST', headers: {'HX-Request': 'true'},"
            " body: new URLSearchParams({csrfmiddlewaretoken})})",
            [f"/tasks/{task.pk}/complete/", token],
        )
        page.wait_for_selector(".offline:has-text('Kept on this phone: 2')")
        Activity.objects.filter(pk=task.pk).update(completed_at=task.created_at)  # a colleague's
        page.context.set_offline(False)
        page.wait_for_selector(".offline:has-text('This is done already')")
        page.click(".offline button:has-text('Throw away')")
        page.wait_for_selector(".offline", state="detached")
    assert Activity.objects.filter(type="call", lead=lead, outcome="Spoke").count() == 1
    assert Activity.objects.filter(type="call", lead=lead, completed_at=None).count() == 1


def test_signing_out_takes_everything_from_the_phone(rita, live_server):
    lead = lead_of(rita)
    with chromium() as machine, tab_of(machine, rita, live_server.url, **WITH) as page:
        keep(page, live_server.url, lead)
        page.evaluate("document.querySelector('form[action*=logout]').requestSubmit()")
        page.wait_for_url("**/accounts/login/**")
        page.wait_for_function("() => caches.keys().then(all => !all.includes('pages'))")
        page.context.set_offline(True)
        page.goto(live_server.url + lead.get_absolute_url())
        assert "Meera" not in page.content()
    assert Contact.objects.get(pk=lead.contact_id).first_name == "Meera"


def test_a_call_that_is_sent_twice_under_one_key_counts_once(rita, client):
    lead = lead_of(rita)
    client.force_login(rita, backend="accounts.backends.SignInBackend")
    for _ in range(2):
        client.post(f"/tasks/log/?lead={lead.pk}", {"outcome": "Spoke", "next": "none", "key": "a"})
    assert Activity.objects.filter(type="call", lead=lead).count() == 1
