"""Every page, as each role that may open it, on a phone and a laptop, by day and by night: axe finds nothing."""

import re
from collections import defaultdict
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from accounts.actions.saved_views import save_view
from accounts.models import Team, User
from billing.models import Payment
from campaigns.actions.segments import create_segment
from core.management.commands.list_endpoints import endpoints
from crm.actions.catalog import create_price_list
from crm.actions.custom_fields import create_custom_field
from crm.models import CustomField, Lead, Operation, Pipeline, Playbook, PriceList, Stage
from tests.factories.crm import make_item, make_public_form
from tests.house.browsing import DARK, MARKS, PHONE, SETTLED, SIDEWAYS, TWICE, axe, chromium, go, tab_of
from tests.people import as_actor, browser
from tests.security.ground import rows_of

pytestmark = MARKS
CAST = ("ada", "max", "rita", "sam", "mia", "vic", "fin")
NO_PAGES = re.compile(
    r"^/(live|sw\.js|favicon|metrics|healthz|readyz|admin|api)|/(pdf|export|logout|download|failures\.csv)\b|[\^<]"
)
MORE = (
    "/nothing/", "/leads/999999/", "/leads/?q=nobody-is-called-so", "/contacts/?q=nobody-is-called-so",
    "/leads/?edited=1&city=Jaipur&score=40&view=mine", "/deals/list/?view=lost", "/tasks/?view=late", "/search/?q=a",
    "/search/?q=zzzzzz", "/tasks/new/?type=note", "/settings/business/?section=3",
)  # fmt: skip
"""States that no address of its own stands for: nothing there, nothing found, filters set."""
TAG = re.compile(r"<[a-z][^>]*>")
CHANGING = re.compile(r'\b(?:value|href|action|hx-\w+|data-\w+|title|datetime|src|aria-label)="[^"]*"|\d+')
CELLS = {
    "/leads/": "next_step", "/contacts/": "job_title", "/deals/": "value", "/tasks/": "due_at",
    "/tickets/": "priority",
}  # fmt: skip


@pytest.fixture
def scene(db, run_events, settings):
    """The demo, Rita's row of every kind, and what only few installs have; with the address of each."""
    call_command("demo", stdout=StringIO())
    cast: dict[str, User | None] = {short: User.objects.get(email=f"{short}@seed.example.com") for short in CAST}
    ada, rita = as_actor(cast["ada"]), as_actor(cast["rita"])
    rows = rows_of(cast["rita"], run_events, settings)
    create_custom_field(actor=ada, noun="lead", slug="chairs", label="Chairs", type="number")
    create_price_list(actor=ada, name="Partners", currency="INR")
    rules = [{"field": "city", "op": "is", "value": "Jaipur"}]
    segment = create_segment(actor=ada, name="Jaipur", match="all", rules=rules)
    view = save_view(actor=rita, page="leads", name="My own", query="city=Jaipur")
    make_public_form(slug="talk")
    task = rows.ids["task"]
    places = {
        **{f"/{noun}s/": rows.ids[noun] for noun in ("lead", "contact", "deal", "proposal", "import")},
        **{f"/{noun}s/": rows.ids[noun] for noun in ("approval", "suggestion", "message", "notification")},
        "/access/lead/": rows.ids["lead"], "/tasks/": task, "/billing/invoices/": rows.ids["invoice"],
        "/inbox/": rows.ids["conversation"], "/mail-sink/": rows.ids["message"], "/items/": make_item().pk,
        "/billing/payments/": pk_of(Payment), "/people/": cast["rita"].pk, "/teams/": pk_of(Team),
        "/items/price-lists/": pk_of(PriceList), "/operations/": pk_of(Operation), "/segments/": segment.pk,
        "/settings/fields/": pk_of(CustomField), "/settings/pipelines/": pk_of(Pipeline),
        "/settings/playbooks/": pk_of(Playbook), "/settings/stages/": pk_of(Stage), "/views/": view.pk,
        "/addresses/": rows.owner.pk,
    }  # fmt: skip
    cast["stranger"] = None
    return cast, [*sorted(set(filled(places, rows))), *MORE]


def pk_of(model: Any) -> int:
    first = model.objects.order_by("pk").first()
    return first.pk if first else 1


def filled(places: dict[str, int], rows: Any):
    """Every address of a page, filled in."""
    given = {
        "<slug:slug>": "talk", "<slug:noun>": "leads", "<slug:page>": "leads", "<str:reference>": "x",
        "<slug:purpose>": "invite",
    }  # fmt: skip
    for one in endpoints():
        if "GET" not in one.methods or one.kind not in {"page", "sign-in"}:
            continue
        path = one.pattern.replace("/access/<slug:noun>", "/access/lead")
        start = max((place for place in places if path.startswith(place)), key=len, default="")
        path = path.replace("<int:pk>", str(places.get(start, 1)))
        given["<slug:field>"] = CELLS.get(start, "")
        given["<str:token>"] = rows.invoice_token if path.startswith("/i/") else rows.token
        for name, value in given.items():
            path = path.replace(name, value)
        if not NO_PAGES.search(path):
            yield path


def visits(cast: dict[str, User | None], addresses: list[str]):
    """Yield (role, address), without those on which nothing is that an earlier role's visit did not show."""
    seen: dict[str, set[str]] = defaultdict(set)
    for short, user in cast.items():
        client = browser(user)
        for address in addresses:
            answer = client.get(address)
            text = answer.content.decode() if not answer.streaming else ""
            if answer.status_code not in {200, 404} or "<main" not in text:
                continue
            if answer.status_code == 404 and address not in MORE:
                continue
            parts = {CHANGING.sub("", tag) for tag in TAG.findall(text.partition("<main")[2])}
            if not parts <= seen[address]:
                seen[address] |= parts
                yield short, address


def look(page: Any, where: str, within: str = "html") -> list[str]:
    """Judge an open page: on the phone by day all of it, at 320 px its width, on the laptop by night its colours."""
    found = [f"{where}, phone: {one}" for one in axe(page)]
    found += [f"{where}, 390 px: {one}" for one in page.evaluate(SIDEWAYS)]
    found += [f"{where}, twice: {one}" for one in page.evaluate(TWICE)]
    page.set_viewport_size({"width": 320, "height": 640})
    found += [f"{where}, 320 px: {one}" for one in page.evaluate(SIDEWAYS)]
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="dark")
    found += [f"{where}, laptop by night: {one}" for one in axe(page, *DARK, within=within)]
    page.set_viewport_size(PHONE["viewport"])
    page.emulate_media(color_scheme="light")
    return found


QUARTERS = 4


@pytest.mark.parametrize("quarter", range(QUARTERS))
def test_no_page_scrolls_sideways_fails_or_shuts_anybody_out(scene, live_server, quarter):
    cast, addresses = scene
    todo, found = defaultdict(list), []
    for short, address in visits(cast, addresses[quarter::QUARTERS]):
        todo[short].append(address)
    assert sum(len(one) for one in todo.values()) > 40
    with chromium() as machine:
        for short, own in todo.items():
            with tab_of(machine, cast[short], live_server.url, **PHONE) as page:
                for address in own:
                    go(page, live_server.url + address)
                    frame = "html" if address == own[0] else "main"  # what stands around it is the same on each
                    found += look(page, f"{short} {address}", within=frame)
    assert found == [], "\n".join(found)


MENUS = {  # of the main pages: (who, address, what to press, what opens)
    "drawer": ("max", "/leads/", ".burger", "#side"),
    "workspace": ("max", "/leads/", ".burger, #side [popovertarget=ws-menu]", "#ws-menu"),
    "new": ("rita", "/today/", ".dock .new", "#new"),
    "search": ("ada", "/dashboard/", ".bar [data-palette]", "#palette"),
    "filters": ("max", "/leads/?edited=1&city=Jaipur", "#open-filters", "#filters"),
    "add a filter": ("max", "/leads/", "#open-filters, #add-filter", "#add"),
    "new lead": ("rita", "/leads/new/", "", "#sheet-form"),
    "lead, more": ("rita", r"/leads/\d+/", "[popovertarget=lead-more]", "#lead-more"),
    "lead, log": ("rita", r"/leads/\d+/", ".reach [data-log]", "#sheet[open]"),
    "deal, more": ("max", r"/deals/\d+/", "[popovertarget=deal-more]", "#deal-more"),
    "deal, log": ("max", r"/deals/\d+/", ".reach [data-sheet]", "#sheet[open]"),
    "board, move": ("max", "/deals/", ".deal .mv", "#mv"),
    "inbox, conversation": ("rita", r"/inbox/\d+/", "", ".open"),
}


def test_what_opens_on_a_page_shuts_nobody_out_either(scene, live_server):
    cast, addresses = scene
    found = []
    with chromium() as machine:
        for name, (short, address, presses, opens) in MENUS.items():
            path = next((one for one in addresses if re.fullmatch(address, one)), address)
            with tab_of(machine, cast[short], live_server.url, **PHONE) as page:
                go(page, live_server.url + path)
                for press in filter(None, presses.split(", ")):
                    page.locator(press).first.click()
                page.locator(opens).first.wait_for(state="visible")
                page.wait_for_function(SETTLED)
                found += [f"{name}, phone: {one}" for one in axe(page, within=opens)]
                page.emulate_media(color_scheme="dark")
                found += [f"{name}, by night: {one}" for one in axe(page, *DARK, within=opens)]
    assert found == [], "\n".join(found)


def test_a_refused_form_shuts_nobody_out(scene, live_server):
    cast, _ = scene
    lead = Lead.objects.order_by("pk").last()
    forms = (
        "/leads/new/", "/contacts/new/", f"/deals/new/?contact={lead.contact_id}", f"/tasks/new/?lead={lead.pk}",
        "/items/new/", "/segments/new/", "/people/invite/", "/settings/fields/new/",
        "/teams/new/", "/accounts/login/", "/f/talk/",
    )  # fmt: skip
    found = []
    with chromium() as machine:
        for address in forms:
            user = cast["ada"] if address not in {"/accounts/login/", "/f/talk/"} else None
            with tab_of(machine, user, live_server.url, **PHONE) as page:
                go(page, live_server.url + address)
                page.evaluate("document.querySelectorAll('form').forEach(f => { f.noValidate = true; })")
                buttons = page.locator("main form :is([type=submit], button:not([type])):visible")
                (buttons.last if user else buttons.first).click()
                page.locator("[aria-invalid=true], .note.bad, [role=alert]").first.wait_for(timeout=9_000)
                found += look(page, f"{address} refused")
    assert found == [], "\n".join(found)
