"""Without script: signing in, the day's work, moving, filtering, changing many, merging and taking back all work."""

import pytest

from crm.models import Activity, Contact, Deal, Lead
from tests.factories.crm import make_contact, make_deal, make_lead, make_pipeline
from tests.house.browsing import MARKS, chromium, follow, tab_of
from tests.people import PASSWORD

pytestmark = MARKS
PLAIN = {"java_script_enabled": False, "viewport": {"width": 1440, "height": 900}}


@pytest.fixture
def plain(live_server):
    """Open a tab without script in which a person signs in by typing."""
    with chromium() as machine, tab_of(machine, None, live_server.url, **PLAIN) as page:

        def sign_in(user):
            page.goto(f"{live_server.url}/accounts/login/")
            page.fill("[name=login]", user.email)
            page.fill("[name=password]", PASSWORD)
            follow(page, "form[action*=login] button[type=submit]")
            assert "login" not in page.url
            return page

        yield sign_in


def test_a_rep_works_a_lead_and_moves_a_deal(rita, plain, live_server):
    contact = make_contact(owner=rita, first_name="Meera", last_name="Sharma", phone="+91 98765 43210")
    lead = make_lead(owner=rita, contact=contact, business_name="Sharma Dental")
    deal, second = (make_deal(owner=rita, contact=contact), make_pipeline().stages.order_by("order")[1])
    page = plain(rita)
    assert page.url.endswith("/today/")
    follow(page, f"main a[href^='{lead.get_absolute_url()}']")
    follow(page, "a[data-log] >> visible=true >> nth=0")
    page.check("[name=outcome][value='Interested']", force=True)
    page.fill("[name=note]", "Wants the price list")
    follow(page, "main form [type=submit]")
    page.goto(f"{live_server.url}{lead.get_absolute_url()}?tab=notes")
    follow(page, "main a[href*='type=note']")
    page.fill("[name=subject]", "Opens at nine")
    follow(page, "#sheet-form [type=submit]")
    page.goto(f"{live_server.url}/deals/{deal.pk}/move/")
    follow(page, f"main button[value='{second.pk}']")
    assert Deal.objects.get().stage == second
    assert Activity.objects.filter(lead=lead, type="call", outcome="Interested").exists()
    assert Activity.objects.filter(lead=lead, type="note", subject="Opens at nine").exists()


def test_the_board_leads_to_the_move_of_each_deal(rita, plain, live_server):
    deal = make_deal(owner=rita)
    page = plain(rita)
    page.goto(f"{live_server.url}/deals/")
    follow(page, f"#deal-{deal.pk} .mv")
    page.wait_for_url(f"**/deals/{deal.pk}/move/**")


def test_a_list_is_filtered_and_many_rows_are_changed_and_taken_back(people, plain, live_server):
    ron = people.ron
    for city in ("Jaipur", "Jaipur", "Pune"):
        make_lead(owner=people.ada, city=city)
    page = plain(people.ada)
    page.goto(f"{live_server.url}/leads/?edited=1&city=")
    page.fill("[name=city]", "Jaipur")
    follow(page, "#tools noscript button, #tools button:has-text('Apply')")
    assert page.locator("#rows tr").count() == 2
    for tick in page.locator("#rows [name=pk]").all():
        tick.check()
    follow(page, "#bulk [name=verb][value$='reassign']")
    page.select_option("[name=owner]", label=ron.name)
    follow(page, "#sheet-form [type=submit]")
    assert Lead.objects.filter(owner=ron).count() == 2
    follow(page, "form[action*='undo'] button")
    assert Lead.objects.filter(owner=ron).count() == 0


def test_two_contacts_are_merged_and_parted_again(people, plain, live_server):
    one = make_contact(owner=people.ada, first_name="Meera", last_name="Sharma")
    other = make_contact(owner=people.ada, first_name="Mira", last_name="Sharma")
    page = plain(people.ada)
    page.goto(f"{live_server.url}/contacts/{one.pk}/merge/?with={other.pk}")
    follow(page, "main form button[type=submit] >> nth=-1")
    assert Contact.objects.count() == 1
    follow(page, "main button:has-text('Unmerge')")
    assert Contact.objects.count() == 2
