"""What the pages weigh on the wire, as the server answers: the first visit, the second one, how much is asked for."""

import json

import httpx2
import pytest
from django.http import HttpResponse

from core.middleware import CompressMiddleware
from tests.flows.running import house
from tests.house.browsing import MARKS, PHONE, chromium, go, tab_of

pytestmark = MARKS[:-1]
ALLOWED = {  # bytes at first, bytes again, requests, nodes
    "app": (60_000, 15_000, 10, 1_500), "list": (60_000, 15_000, 10, 3_200), "public": (40_000, 15_000, 10, 1_500),
}  # fmt: skip


def weigh(page, address: str) -> tuple[int, int]:
    """Open a page and return what came over the wire for it, headers included, and in how many answers."""
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    came: dict[str, int] = {}
    line.on("Network.loadingFinished", lambda e: came.update({e["requestId"]: e["encodedDataLength"]}))
    go(page, address)
    page.wait_for_timeout(300)
    line.detach()
    return sum(came.values()), sum(1 for size in came.values() if size)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A running house with fifty leads of Rita's, a deal, and the public form that every install starts with."""
    with house(tmp_path_factory.mktemp("weight")) as running:
        users = {one["email"].partition("@")[0]: one for one in running.prepare()["users"]}
        running.command("starter_set")
        running.start("web")
        key = {"Authorization": f"Bearer {users['ada']['api_key']}"}
        crm = httpx2.Client(base_url=f"{running.url}/api/v1/crm", timeout=30, headers=key)
        for n in range(50):
            body = {"first_name": "Meera", "last_name": f"Sharma {n}", "email": f"meera{n}@lead.example",
                    "phone": f"+91 98765 432{n:02d}", "business_name": f"Sharma Dental {n}", "city": "Jaipur",
                    "owner": users["rita"]["id"], "next_step": "Send the price list"}  # fmt: skip
            lead = crm.post("/leads", json=body).json()
        deal = crm.post("/deals", json={"contact": lead["contact_id"], "title": "Clinic plan"}).json()
        yield running, users, lead["id"], deal["id"]


@pytest.mark.parametrize("width", [390, 1440])
def test_pages_are_light_at_first_and_lighter_again(scene, width):
    running, users, lead, deal = scene
    pages = {
        "/leads/": "list", "/contacts/": "list", "/deals/list/": "list", "/tasks/": "list", "/deals/": "app",
        "/today/": "app", "/dashboard/": "app", "/inbox/": "app", f"/leads/{lead}/": "app", f"/deals/{deal}/": "app",
        "/accounts/login/": "public", "/f/contact/": "public",
    }  # fmt: skip
    session = running.sign_in(users["ada"]["email"], users["ada"]["password"]).cookies["sessionid"]
    heavy, size = {}, {"viewport": {"width": width, "height": 844}}
    with chromium() as machine:
        for address, kind in pages.items():
            with tab_of(machine, None, running.url, **size) as page:
                if kind != "public":
                    cookie = {"name": "sessionid", "value": session, "url": running.url}
                    page.context.add_cookies([cookie])
                first, asked = weigh(page, running.url + address)
                again, _ = weigh(page, running.url + address)
                nodes = page.evaluate("document.querySelectorAll('*').length")
            found = (first, again, asked, nodes)
            print(width, address, found)
            if any(have > most for have, most in zip(found, ALLOWED[kind], strict=True)):
                heavy[address] = found
    assert heavy == {}


LONG = b"Meera Sharma, Jaipur. " * 40


@pytest.mark.parametrize(
    ("kind", "headers", "packed"),
    [
        ("text/html; charset=utf-8", {}, True),
        ("application/json", {}, True),
        ("text/event-stream", {}, False),
        ("application/pdf", {}, False),
        ("text/csv", {"Content-Disposition": "attachment; filename=leads.csv"}, False),
    ],
)
def test_text_is_compressed_and_neither_files_nor_live_lines_are(rf, kind, headers, packed):
    def answer(request):
        return HttpResponse(LONG, content_type=kind, headers=headers)

    request = rf.get("/", headers={"Accept-Encoding": "gzip"})
    assert CompressMiddleware(answer)(request).has_header("Content-Encoding") is packed
    assert not CompressMiddleware(answer)(rf.get("/")).has_header("Content-Encoding")


@pytest.mark.django_db(transaction=True)
def test_the_app_can_be_installed(people, live_server):
    phone = PHONE | {"service_workers": "allow"}
    with chromium() as machine, tab_of(machine, people.rita, live_server.url, **phone) as page:
        go(page, live_server.url + "/today/")
        page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
        line = page.context.new_cdp_session(page)
        # A context of a test counts as incognito; that is the only thing that may stand in the way.
        found = {one["errorId"] for one in line.send("Page.getInstallabilityErrors")["installabilityErrors"]}
        told = json.loads(line.send("Page.getAppManifest")["data"])
        assert found <= {"in-incognito"}
        assert {one["purpose"] for one in told["icons"]} == {"any", "maskable"}
        for one in told["icons"]:
            assert page.request.get(f"{live_server.url}/static/img/{one['src']}").ok
        for one in told["shortcuts"]:
            assert page.request.get(live_server.url + one["url"]).ok, one
        policy = page.request.get(f"{live_server.url}/sw.js").headers["content-security-policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy
