"""The pages in a real browser: nothing scrolls sideways, nothing fails, every part has one name."""

import shutil

import pytest

from core import clock
from tests.factories.crm import make_activity, make_contact, make_deal, make_lead, make_public_form
from tests.people import browser

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium on the PATH"),
    pytest.mark.django_db(transaction=True),
]
LOOK = """() => {
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  const named = e => e.textContent.trim() || e.getAttribute('aria-label');
  return {
    sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    twice: ids.filter((id, i) => ids.indexOf(id) !== i),
    headings: document.querySelectorAll('h1').length,
    nameless: [...document.querySelectorAll('a[href], button')].filter(e => !named(e)).length,
    unlabelled: [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
      .filter(e => !e.labels.length && !e.getAttribute('aria-label')).map(e => e.name),
  };
}"""
RIGHT = {"sideways": 0, "twice": [], "headings": 1, "nameless": 0, "unlabelled": []}


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1440, "light")])
def test_every_page_fits_and_runs_without_an_error(people, live_server, monkeypatch, width, scheme):
    playwright = pytest.importorskip("playwright.sync_api")
    lead = make_lead("contacted", "CONTACTED", owner=people.rita, business_name="Sharma Dental")
    deal = make_deal(contact=make_contact(phone="+91 98765 43210"), owner=people.rita)
    make_activity(lead=lead, contact=lead.contact, actor=people.ada, due_at=clock.now())
    addresses = [
        "/leads/", "/leads/new/", lead.get_absolute_url(), f"{lead.get_absolute_url()}?tab=timeline",
        f"/leads/{lead.pk}/edit/", "/contacts/", lead.contact.get_absolute_url(), "/contacts/new/",
        "/deals/", "/deals/list/", deal.get_absolute_url(), f"/deals/{deal.pk}/lines/", "/deals/new/",
        "/tasks/", f"/tasks/log/?lead={lead.pk}", "/approvals/", "/search/?q=asha", "/today/",
        "/dashboard/", f"/f/{make_public_form().slug}/", "/leads/999999/",
    ]  # fmt: skip
    cookie = browser(people.ada).cookies["sessionid"].value
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    found, errors = {}, []
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = chromium.new_context(
            viewport={"width": width, "height": 844}, color_scheme=scheme, is_mobile=width < 768
        )
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda said: (
                errors.append(f"{page.url}: {said.text}") if said.type == "error" and "404" not in said.text else None
            ),
        )
        for address in addresses:
            page.goto(f"{live_server.url}{address}")
            page.wait_for_timeout(150)
            found[address] = page.evaluate(LOOK)
        chromium.close()
    assert {address: seen for address, seen in found.items() if seen != RIGHT} == {}
    assert errors == []
