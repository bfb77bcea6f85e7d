"""What every page keeps: a strict policy and no inline code, GET that changes nothing, POST only with a token."""

import re

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.management.commands.list_endpoints import endpoints
from tests.environment import of_this_round
from tests.factories.crm import make_item, make_public_form
from tests.people import api_client, browser
from tests.security.ground import dig, rows_of, state

pytestmark = pytest.mark.django_db
INLINE = re.compile(
    r"<script(?![^>]*(?:\bsrc=|type=\"application/json\"))[^>]*>\s*[^<\s]|<style\b|\sstyle\s*=\s*[\"']|\son[a-z]+\s*=\s*[\"']|javascript:|\shx-on",
    re.IGNORECASE,
)
NOUNS = {
    "/leads/": "lead", "/contacts/": "contact", "/deals/": "deal", "/tasks/": "task", "/proposals/": "proposal",
    "/billing/invoices/": "invoice", "/inbox/": "conversation", "/messages/": "message", "/mail-sink/": "message",
    "/suggestions/": "suggestion", "/approvals/": "approval", "/imports/": "import", "/notifications/": "notification",
    "/api/v1/crm/leads/": "lead", "/api/v1/crm/contacts/": "contact", "/api/v1/crm/deals/": "deal",
    "/documents/": "document", "/api/v1/crm/documents/": "document", "/admin/crm/document/": "document",
    "/tickets/": "ticket", "/api/v1/crm/tickets/": "ticket", "/admin/crm/ticket/": "ticket",
    "/api/v1/crm/activities/": "task", "/billing/payments/": "payment", "/people/": "person", "/items/": "item",
    "/admin/crm/lead/": "lead", "/admin/crm/contact/": "contact", "/admin/crm/deal/": "deal",
    "/admin/crm/activity/": "task", "/admin/crm/approval/": "approval", "/admin/crm/importrun/": "import",
    "/admin/billing/proposal/": "proposal", "/admin/billing/invoice/": "invoice", "/admin/outreach/message/": "message",
    "/admin/outreach/conversation/": "conversation", "/admin/outreach/suggestion/": "suggestion",
    "/admin/accounts/user/": "person", "/admin/accounts/notification/": "notification",
}  # fmt: skip


@pytest.fixture
def rows(people, run_events, settings):
    made = rows_of(people.ada, run_events, settings)
    made.ids |= {"person": people.rita.pk, "item": make_item().pk, "form": make_public_form(slug="talk").pk}
    return made


def addresses(rows):
    """Every address of the site that can be filled in: (pattern, address, methods, permission, kind)."""
    for entry in endpoints():
        noun = max((start for start in NOUNS if entry.pattern.startswith(start)), key=len, default="")
        pk = rows.ids.get(NOUNS.get(noun, ""), 1)
        token = rows.invoice_token if entry.pattern.startswith("/i/") else rows.token
        address = re.sub(r"<(?:int|path):\w+>", str(pk), entry.pattern)
        address = address.replace("<str:token>", token).replace("<slug:slug>", "talk")
        address = (
            address.replace("<str:reference>", "x")
            .replace("<str:name>", "lead.qualify")
            .replace("<str:purpose>", "invite")
        )
        if not re.search(r"[<^$(]", address):
            yield address, entry


@pytest.mark.slow
def test_every_get_is_safe_and_every_page_keeps_the_policy(people, rows):
    page, program = browser(people.ada), api_client(people.ada)
    page.get("/leads/")
    before, tables = state(), dig()
    seen = 0
    for address, entry in addresses(rows):
        if "GET" not in entry.methods or "logout" in address:
            continue
        client = program if entry.kind == "rest" else page
        for headers in ({}, {"HX-Request": "true", "HX-Target": "sheet-form"}):
            answer = client.get(address, headers=headers)
            assert answer.status_code < 500 or address == "/readyz", (address, answer.status_code)
            policy = answer.get("Content-Security-Policy", "")
            if not address.endswith("/docs"):
                assert (
                    "default-src 'none'" in policy
                    and "unsafe" not in policy
                    and "*" not in policy.replace("frame-ancestors *", "")
                ), (address, policy)
            assert answer["X-Content-Type-Options"] == "nosniff", address
            assert answer.get("Referrer-Policy") in {"same-origin", "no-referrer"}, address
            if answer["Content-Type"].startswith("text/html") and not address.endswith("/docs"):
                found = INLINE.search(answer.content.decode())
                assert not found, (address, found and answer.content.decode()[found.start() - 80 : found.end() + 80])
                seen += 1
    assert seen > 150
    assert state() == before, [name for name, value in dig().items() if tables.get(name) != value]


def test_every_post_needs_the_token(people, rows):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.ada, backend="accounts.backends.SignInBackend")
    client.get("/leads/")
    before, tables = state(), dig()
    asked = 0
    # A signature stands in for the token, also that of a link by which mail programs stop our messages (RFC 8058); a
    # stranger's form has no session.
    open_doors = ("/webhooks/", "/u/", "/f/")
    for address, entry in addresses(rows):
        if address.startswith(open_doors):
            continue
        for method in {"POST", "PATCH", "PUT", "DELETE"} & set(entry.methods):
            if method != "POST" and entry.kind in {"admin", "sign-in"}:
                continue
            answer = client.generic(
                method, address, "{}", content_type="application/json", headers={"Origin": "https://evil.example"}
            )
            assert answer.status_code in {403, 405}, (method, address, answer.status_code)
            asked += 1
    assert asked > 120
    assert state() == before, [name for name, value in dig().items() if tables.get(name) != value]


def test_strangers_reach_only_what_says_that_it_is_public(people, rows):
    stranger = Client()
    before = state()
    for address, entry in addresses(rows):
        for method in entry.methods:
            if entry.permission == "public" or method not in {"GET", "POST", "PATCH", "PUT", "DELETE"}:
                continue
            answer = stranger.generic(method, address, "{}", content_type="application/json")
            assert answer.status_code in {301, 302, 401, 403, 404, 405}, (method, address, answer.status_code)
            if answer.status_code == 302:
                assert "/accounts/" in answer["Location"] or "/admin/login/" in answer["Location"], (
                    address,
                    answer["Location"],
                )
    assert state() == before


OUTSIDE = [
    "https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "https:evil.example",
    "javascript:alert(1)", " //evil.example", "\t//evil.example", "https://testserver@evil.example",
    "/%09/evil.example",
    "data:text/html,x", "http:///evil.example", "/\t/evil.example", "https://testserver.evil.example/",
]  # fmt: skip


@pytest.mark.parametrize("target", OUTSIDE)
def test_no_redirect_leads_outside(people, target):
    from tests.people import PASSWORD

    stranger = Client()
    people.rita  # noqa: B018
    answers = [
        stranger.post("/theme/", {"theme": "dark", "next": target}),
        stranger.post("/theme/", {"theme": "dark", "next": target}, headers={"HX-Request": "true"}),
        stranger.post("/accounts/login/", {"login": "rita@example.com", "password": PASSWORD, "next": target}),
        browser(people.rita).get("/accounts/login/", {"next": target}),
        browser(people.rita).post("/accounts/logout/", {"next": target}),
        browser(people.ada).get("/admin/login/", {"next": target}),
    ]
    for answer in answers:
        where = answer.get("Location", answer.get("HX-Redirect", "/"))
        assert re.match(r"/(?![/\\\t])", where), (answer.request["PATH_INFO"], where)


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver:80@evil.example", "evil.example\r\nX: y", ""]
)
def test_a_foreign_host_is_refused(host):
    answer = Client(raise_request_exception=False).get(
        "/accounts/login/", headers={"Host": host} if host else {}, SERVER_NAME=host or "x.y"
    )
    assert answer.status_code == 400
    assert b"evil" not in answer.content
    answer = Client().get("/accounts/login/", headers={"X-Forwarded-Host": "evil.example"})
    assert b"evil.example" not in answer.content


def test_a_reset_mail_leads_to_our_own_address_whatever_the_host(people, mailoutbox, settings):
    settings.SITE_URL = "https://crm.house.example"
    people.rita  # noqa: B018
    Client().post("/accounts/password/reset/", {"email": "rita@example.com"}, headers={"Host": "localhost"})
    (mail,) = mailoutbox
    links = re.findall(r"https?://\S+", mail.body)
    assert links and all(link.startswith("https://crm.house.example/") for link in links), links


ODD = ["\u00b2", "9" * 5_000, "\x00", "<script>alert(1)</script>", "0001-01-01", "W1tbW1tb" * 200, "' OR 1=1 --"]
ASKED = ("q", "cursor", "before", "view", "sort", "owner", "stage", "source", "status", "state", "show", "folder",
"tab", "seen",
         "contact", "lead", "deal", "kind", "outcome", "role", "name", "actor", "since", "until", "subject",
         "pipeline", "o", "p",
         "next", "embed", "sent", "utm_source", "_popup", "all", "e")  # fmt: skip


def body_of(answer) -> bytes:
    if answer["Content-Type"] == "text/event-stream":
        return b""
    return b"".join(answer) if answer.streaming else answer.content


@pytest.mark.slow
def test_odd_queries_never_break_a_page(people, rows):
    page = browser(people.ada)
    page.raise_request_exception = False
    pages = [
        address
        for address, entry in addresses(rows)
        if "GET" in entry.methods and entry.kind in {"page", "admin"}
        if "/pdf/" not in address and address != "/readyz"
    ]
    for address, value in of_this_round(pages, ODD):
        answer = page.get(address, dict.fromkeys(ASKED, value))
        assert answer.status_code < 500, (address, value[:30])
        body, attached = body_of(answer), "attachment" in answer.get("Content-Disposition", "")
        assert b"<script>alert(1)" not in body or attached, address
        assert b"Traceback" not in body
    for address in ("/admin/crm/lead/", "/admin/crm/contact/", "/admin/accounts/user/"):
        for query in ("?password__startswith=a", "?owner__password__startswith=m", "?owner__is_superuser__exact=1",
        "?o=1.2.999",
                      "?id__in=1,2", "?e=1"):  # fmt: skip
            assert page.get(address + query).status_code in {200, 302, 400}


@pytest.mark.slow
def test_odd_forms_never_break_a_page(people, rows):
    """Every field of every form, filled with what does not fit: an answer in words."""
    page = browser(people.ada)
    page.raise_request_exception = False
    usual = {
        *("body", "subject", "reason", "note", "question", "name", "intent", "stage", "line_item", "line_name"),
        *("line_quantity", "line_price", "fingerprint", "key", "title", "amount", "value", "owner", "version"),
    }
    forms = []
    for address, entry in addresses(rows):
        if "POST" not in entry.methods or entry.kind not in {"page", "admin"}:
            continue
        if address.startswith(("/webhooks/", "/f/")):
            continue
        opened = page.get(address) if "GET" in entry.methods else None
        asked = opened is not None and opened.status_code == 200
        found = re.findall(r'name="([\w-]+)"', body_of(opened).decode()) if asked else ()
        forms.append((address, usual | set(found) - {"csrfmiddlewaretoken", "file"}))
    values = ("\u00b2", "9" * 40, "1e999", "\x00", "x" * 100_000, "0001-01-01")
    for (address, names), value in of_this_round(forms, values):
        point = transaction.savepoint()
        answer = page.post(address, dict.fromkeys(names, value))
        transaction.savepoint_rollback(point)
        assert answer.status_code < 500, (address, value[:20], answer.content[:300])


def test_errors_show_no_trace_no_setting_and_no_version(people, settings):
    client = browser(people.rita)
    client.raise_request_exception = False
    for address in (
        "/nothing/",
        "/leads/999999/",
        "/settings/business/",
        "/api/v1/crm/leads/999999",
        "/p/none/",
        "/f/none/",
        "/api/v1/x",
    ):
        answer = client.get(address)
        text = answer.content.decode()
        assert answer.status_code in {401, 403, 404}
        for word in (
            "Traceback",
            "site-packages",
            settings.SECRET_KEY,
            "DJANGO_SETTINGS",
            "Django Version",
            "urlconf",
            "/work/",
        ):
            assert word.lower() not in text.lower(), (address, word)


def test_what_nobody_should_reach_is_not_there():
    stranger = Client()
    for address in ("/.env", "/.git/config", "/data/db.sqlite3", "/static/../config/settings.py",
    "/static/%2e%2e/config/settings.py",
                    "/files/x", "/media/x", "/debug/", "/__debug__/", "/admin/django_q/schedule/",
                    "/admin/core/event/add/",
                    "/admin/auth/user/", "/static/js/../../manage.py", "//etc/passwd", "/server-status"):  # fmt: skip
        answer = stranger.get(address)
        assert answer.status_code in {302, 400, 404}, address
        assert b"SECRET_KEY" not in body_of(answer)


def test_schedules_and_queue_rows_are_not_in_the_admin(people):
    page = browser(people.ada)
    text = page.get("/admin/").content.decode()
    assert "django_q" not in text
    for model in ("schedule", "ormq", "success", "failure"):
        assert page.get(f"/admin/django_q/{model}/add/").status_code == 404
    assert User.objects.filter(is_superuser=True).count() == 0
    assert reverse("admin:index") == "/admin/"
