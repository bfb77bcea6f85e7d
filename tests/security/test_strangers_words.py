"""Hostile words in every field that a stranger can fill, as every page, mail and paper shows them: as words."""

import re
from email import policy
from io import BytesIO

import pytest
from django.test import Client

from billing.actions.acceptance import ask_question, decline_proposal
from core.models import Event
from core.pages import render_text
from crm.actions.imports import carry_on, start_import, upload_import
from crm.models import Contact, ImportRun, Lead
from outreach.models import Message
from tests.billing.selling import SYSTEM, VISITOR, public, sent
from tests.factories.crm import make_public_form
from tests.outreach.scene import arrive, draft_for, lead_of, mail_from, message_to, sent_mails, sink
from tests.people import api_client, as_actor, browser

pytestmark = pytest.mark.django_db
MARK = "zqx"
HTML = f"<script>{MARK}()</script><img src=x onerror={MARK}()>\"'><svg/onload={MARK}()>"
SHORT = f"<b onclick={MARK}()>\"'>"
TEMPLATE = "{{ lead.owner.password }}{% include 'base.html' %}{{7*7}}${7*7}#{7*7}"
LIVE = re.compile(
    rf"<script>\s*{MARK}|<img src=x|<svg/onload|<b onclick|<a [^>]*href=[\"']?javascript:"
    rf"|=[\"'][^\"'<>]*[\"']\s*on\w+={MARK}",
    re.IGNORECASE,
)


def pages_of(ada, contact):
    """Every page on which this contact's words can stand."""
    client = browser(ada)
    addresses = [
        f"/contacts/{contact.pk}/", f"/contacts/{contact.pk}/edit/", "/contacts/", f"/search/?q={MARK}", "/leads/",
        "/inbox/", "/inbox/?folder=all",
        "/tasks/", "/notifications/", "/audit/", "/today/", "/dashboard/", "/suggestions/", "/proposals/",
        "/billing/invoices/",
        "/billing/", "/mail-sink/", "/messages/unknown/", "/deals/", "/deals/list/", "/imports/", "/approvals/",
        f"/admin/crm/contact/{contact.pk}/change/", "/admin/crm/contact/", "/admin/crm/lead/",
        "/admin/outreach/message/",
        "/admin/crm/activity/", "/admin/billing/proposal/",
    ]  # fmt: skip
    for lead in Lead.objects.filter(contact=contact):
        addresses += [f"/leads/{lead.pk}/", f"/leads/{lead.pk}/?tab=timeline", f"/leads/{lead.pk}/?tab=details",
        f"/leads/{lead.pk}/thread/",
                      f"/leads/{lead.pk}/suggestions/", f"/leads/{lead.pk}/money/", f"/leads/{lead.pk}/edit/",
                      f"/leads/{lead.pk}/convert/", f"/admin/crm/lead/{lead.pk}/change/"]  # fmt: skip
    for message in Message.objects.filter(contact=contact):
        addresses += [f"/inbox/{message.conversation_id}/", f"/admin/outreach/message/{message.pk}/change/"]
        if message.direction == "out":
            addresses.append(f"/mail-sink/{message.pk}/")
    for activity in contact.activities.all():
        addresses.append(f"/tasks/{activity.pk}/")
    for deal in contact.deals.all():
        addresses += [
            f"/deals/{deal.pk}/",
            f"/deals/{deal.pk}/edit/",
            f"/deals/{deal.pk}/lines/",
            f"/deals/{deal.pk}/money/",
        ]
    for address in addresses:
        for headers in ({}, {"HX-Request": "true"}):
            yield address, client.get(address, headers=headers)


def unhurt(ada, contact, *, shown=True):
    """Check that the words are on pages, and nowhere alive; returns how many pages show them."""
    count = 0
    for address, answer in pages_of(ada, contact):
        assert answer.status_code in {200, 404}, (address, answer.status_code)
        text = answer.content.decode()
        found = LIVE.search(text)
        assert not found, (address, found and text[max(0, found.start() - 120) : found.end() + 60])
        assert ada.password not in text, address
        count += MARK in text
    assert count >= (3 if shown else 0)
    return count


FIELDS = ["first_name", "last_name", "email", "phone", "business_name", "industry", "city", "note"]


def test_words_of_a_public_form(people, run_events):
    make_public_form(slug="talk", fields=FIELDS)
    data = {"first_name": HTML[:100], "last_name": SHORT, "email": "eve@x.example", "business_name": HTML[:100],
    "industry": SHORT,
            "city": SHORT + "{{7*7}}", "note": HTML + TEMPLATE}  # fmt: skip
    utm = {f"utm_{SHORT}": HTML, "utm_source": HTML, "utm_campaign": TEMPLATE}
    from urllib.parse import urlencode

    answer = Client().post(
        f"/f/talk/?{urlencode(utm)}", data, headers={"Referer": f"https://x.example/{SHORT}", "User-Agent": HTML}
    )
    assert answer.status_code == 303
    run_events()
    unhurt(people.ada, Contact.objects.get(email_folded="eve@x.example"))
    wrong = Client().post("/f/talk/", {"first_name": HTML[:100], "email": SHORT, "note": HTML})
    assert wrong.status_code == 422
    assert not LIVE.search(wrong.content.decode())


@pytest.mark.parametrize("known", [True, False])
def test_words_of_an_inbound_mail(people, run_events, known):
    address = "meera@sharmadental.example"
    if known:
        lead_of(people.rita, address)
    raw = mail_from(address, HTML + TEMPLATE + " how much?", Subject=HTML[:60] + TEMPLATE)
    name = f'"{HTML}"'.replace("\"'", "'").encode()
    raw = raw.replace(b"Meera Sharma", name)
    raw = raw.replace(b"MIME-Version: 1.0", b"MIME-Version: 1.0\r\nX-Evil: <script>zqx()</script>")
    arrive(raw)
    from email.message import EmailMessage

    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = (
        address,
        "crm@localhost",
        SHORT,
        "<two@mail.example>",
    )
    mail.set_content("see the file, I am interested")
    mail.add_alternative(
        f"<p>Hello</p>{HTML}<a href='javascript:{MARK}()'>x</a><style>*{{display:none}}</style>", subtype="html"
    )
    mail.add_attachment(b"x", maintype="text", subtype="html", filename=f"../../{SHORT}.html")
    arrive(mail.as_bytes())
    run_events()
    contact = Contact.objects.get(email_folded=address)
    assert Message.objects.filter(contact=contact, direction="in").count() == 2
    unhurt(people.ada, contact)


def test_words_of_an_imported_file(people, run_events):
    rows = f"Email,First Name,Last Name,Company,City,Note,{SHORT.replace(',', '')}\n"
    cells = [
        '"' + cell.replace('"', '""') + '"'
        for cell in ("imp@x.example", SHORT, SHORT, HTML, SHORT, HTML + TEMPLATE, HTML)
    ]
    bad = [
        '"' + cell.replace('"', '""') + '"'
        for cell in (SHORT, HTML, '=HYPERLINK("http://evil")', "+1", "@x", "-2", "\t=1")
    ]
    actor = as_actor(people.ada)
    content = (rows + ",".join(cells) + "\n" + ",".join(bad) + "\n").encode()
    run = upload_import(actor=actor, file=BytesIO(content), file_name=f"{SHORT}.csv", kind="leads")
    client = browser(people.ada)
    assert not LIVE.search(client.get(f"/imports/{run.pk}/").content.decode())
    ImportRun.objects.filter(pk=run.pk).update(mode="good")
    run.refresh_from_db()
    run = start_import(run, actor=actor)
    carry_on(run, actor=SYSTEM)
    run_events()
    for address in (
        f"/imports/{run.pk}/",
        f"/imports/{run.pk}/?outcome=error",
        "/imports/",
        f"/admin/crm/importrun/{run.pk}/change/",
    ):
        assert not LIVE.search(client.get(address).content.decode()), address
    if contact := Contact.objects.filter(email_folded="imp@x.example").first():
        unhurt(people.ada, contact)
    failures = client.get(f"/imports/{run.pk}/failures.csv")
    assert failures["Content-Disposition"].startswith("attachment")
    for line in failures.getvalue().decode("utf-8-sig").splitlines()[1:]:
        for cell in re.findall(r'(?:^|,)"?([^",]+)', line):
            assert not cell.startswith(("=", "+", "-", "@", "\t")), cell


def test_words_of_a_customer_on_a_proposal(people, run_events):
    proposal = sent(people.rita, first_name=HTML[:100], last_name=SHORT, business_name=HTML)
    stranger = Client()
    assert stranger.post(public(proposal, "question/"), {"question": HTML + TEMPLATE}).status_code == 303
    wrong = stranger.post(public(proposal, "accept/"), {"name": HTML})
    assert wrong.status_code == 422 and not LIVE.search(wrong.content.decode())
    answer = stranger.post(
        public(proposal, "accept/"), {"name": HTML[:120], "agree": "on"}, headers={"User-Agent": HTML}
    )
    assert answer.status_code == 303
    run_events()
    proposal.refresh_from_db()
    client = browser(people.ada)
    for address in (public(proposal), public(proposal, "pay/")):
        assert not LIVE.search(stranger.get(address).content.decode())
    for address in (
        f"/proposals/{proposal.pk}/",
        f"/admin/billing/proposal/{proposal.pk}/change/",
        f"/deals/{proposal.deal_id}/",
    ):
        assert not LIVE.search(client.get(address).content.decode())
    unhurt(people.ada, proposal.contact)
    from billing.queries.proposals import printed

    assert not LIVE.search(render_text("pdf/proposal.html", printed(proposal)))


def test_words_of_a_customer_who_declines(people, run_events):
    proposal = sent(people.rita)
    ask_question(proposal, actor=VISITOR, question=HTML)
    decline_proposal(proposal, actor=VISITOR, reason=HTML + TEMPLATE)
    run_events()
    unhurt(people.ada, proposal.contact)


def test_words_of_our_own_people_are_words_too(people, run_events):
    lead = lead_of(people.rita, first_name=SHORT, last_name="x")
    message_to(lead, subject=SHORT, body_text=HTML + TEMPLATE)
    draft_for(lead, subject=SHORT, body=HTML)
    run_events()
    browser(people.rita).post(
        "/profile/", {"name": SHORT, "language": "en-gb", "timezone": "Asia/Kolkata", "theme": "light", "phone": ""}
    )
    unhurt(people.ada, lead.contact)
    assert api_client(people.ada).get(f"/api/v1/crm/leads/{lead.pk}")["Content-Type"] == "application/json"


BREAKS = ["Eve\r\nBcc: victim@x.example", "Eve\nBcc: victim@x.example", "Eve\r\n\r\n<html>",
"Eve\x0b\x0cBcc: v@x.example",
          "Eve\u2028Bcc: v@x.example", "Eve\x85Bcc: v@x.example", "=?utf-8?q?Eve=0D=0ABcc:_v@x.example?="]  # fmt: skip


@pytest.mark.parametrize("words", BREAKS)
def test_line_breaks_in_names_and_subjects_make_no_header(people, run_events, words):
    lead = lead_of(people.rita, first_name=words, last_name=words, business_name=words)
    type(people.rita).objects.filter(pk=people.rita.pk).update(name=words)
    browser(people.rita).post(f"/leads/{lead.pk}/message/", {"subject": words, "body": "Hello there"})
    draft = draft_for(lead, subject=words, body="Hello again")
    browser(people.rita).post(f"/suggestions/{draft.pk}/approve/", {"subject": words, "body": words + " text"})
    run_events()
    for mail in sent_mails():
        assert mail["Bcc"] is None, mail.as_string()[:1500]
        assert len(mail.get_all("To")) == len(mail.get_all("From")) == len(mail.get_all("Subject")) == 1
        assert mail["To"].addresses[0].addr_spec in {lead.contact.email, "rita@example.com", "ada@example.com"}
        assert len(mail["To"].addresses) == 1
    for path in sink():
        head = path.read_bytes().partition(b"\r\n\r\n")[0]
        assert not re.search(rb"^bcc:", head, re.IGNORECASE | re.MULTILINE)


def test_fields_in_texts_reach_no_object(people):
    from core.fields import fill

    for text in ("{{ lead.owner.password }}", "{{ lead.delete }}", "{% include 'x' %}", "{{ __class__ }}",
    "{{ first_name.__class__ }}",
                 "{{ settings.SECRET_KEY }}", "{{ first_name|safe }}", "{{{{ first_name }}}}", "{0.__class__}",
                 "%(password)s", "${x}"):  # fmt: skip
        filled = fill(text, {"first_name": "{{ secret }}", "secret": "no"}).text
        assert "no" not in filled.replace("not", "") and people.ada.password not in filled


def test_a_draft_with_fields_leaves_as_it_stands_or_not_at_all(people, run_events, settings):
    lead = lead_of(people.rita)
    browser(people.rita).post(
        f"/leads/{lead.pk}/message/", {"subject": "Hi {{ lead.owner.password }}", "body": TEMPLATE}
    )
    run_events()
    for mail in sent_mails():
        text = mail.as_string()
        assert people.rita.password not in text and settings.SECRET_KEY not in text
    assert not Lead.objects.filter(pk=lead.pk, status="disqualified").exists()


def test_a_paper_fetches_nothing(monkeypatch, tmp_path):
    import socket

    from core.pdf import render_pdf

    secret = tmp_path / "secret.txt"
    secret.write_text("zqx-secret-content")
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    at = f"http://127.0.0.1:{server.getsockname()[1]}"
    markup = f"""<link rel=stylesheet href="{at}/a.css"><link rel=attachment href="file://{secret}">
        <img src="{at}/b.png">
        <img src="file://{secret}"><style>@import url("{at}/c.css"); @font-face {{font-family:x; src:url("{at}/d")}}
        body {{background:url("{at}/e"); font-family:x}}</style>
        <object data="{at}/f"></object><iframe src="{at}/g"></iframe>
        <svg><image href="{at}/h"/><use href="{at}/i#x"/></svg><embed src="file:///etc/passwd"><p>Hello</p>"""
    content = render_pdf(markup)
    assert content.startswith(b"%PDF") and b"zqx-secret" not in content and b"root:x" not in content
    with pytest.raises(TimeoutError):
        server.accept()
    server.close()


def test_no_secret_stands_in_an_event_or_on_a_page(people, run_events, settings):
    settings.STRIPE_API_KEY = settings.OPENAI_API_KEY = settings.INBOUND_SECRET = "zqx-secret"
    client = browser(people.ada)
    made = client.post("/keys/new/", {"name": "mine", "scopes": ["*"], "days": "30"})
    plain = re.search(r"crm_[0-9a-f]{8}_[\w-]+", made.content.decode())
    assert plain
    client.post(
        "/accounts/password/change/",
        {
            "oldpassword": "a good long password",
            "password1": "zqx another long one",
            "password2": "zqx another long one",
        },
    )
    run_events()
    whole = " ".join(f"{event.data}{event.actor_name}" for event in Event.objects.all())
    for secret in (plain[0], "zqx", people.ada.password, "a good long password"):
        assert secret not in whole
    for address in ("/keys/", "/audit/", "/settings/business/", "/admin/accounts/apikey/", "/admin/accounts/user/",
    "/readyz", "/metrics",
                    f"/admin/accounts/user/{people.ada.pk}/change/", "/workflows/", "/audit/export/"):  # fmt: skip
        text = b"".join(client.get(address)).decode()
        for secret in (plain[0], "zqx-secret", people.ada.password, settings.SECRET_KEY):
            assert secret not in text, address
