"""Invoices: one per sale, numbered 1, 2, 3 whatever fails in between."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from accounts.models import Workspace
from billing.actions.invoices import issue_invoice, issue_won, mark_invoice_paid, send_invoice, void_invoice
from billing.links import public_url, token_of
from billing.models import Counter, Invoice, Payment
from core import clock
from core.errors import Denied, Refused
from core.pages import render_text
from crm.actions.deals import create_deal, reopen_deal, win_deal
from crm.models import Activity
from outreach.models import Message
from tests.billing.selling import SYSTEM, drafted, new_lead, sent
from tests.people import as_actor

pytestmark = pytest.mark.django_db


def won_deal(rita, number: int = 1, value_minor: int = 100_000):
    lead = new_lead(rita, email=f"buyer{number}@example.com")
    deal = create_deal(
        actor=as_actor(rita), contact=lead.contact, title=f"Deal {number}", value_minor=value_minor,
        currency="INR",
    )  # fmt: skip
    return win_deal(deal, actor=as_actor(rita), closed_on=clock.today("Asia/Kolkata"))


def test_a_win_by_hand_brings_an_invoice_and_onboarding_but_nobody_is_paid(rita, run_events):
    proposal = sent(rita)
    win_deal(proposal.deal, actor=as_actor(rita), closed_on=clock.today("Asia/Kolkata"))
    run_events()
    invoice = Invoice.objects.get()
    assert (invoice.state, invoice.total_minor) == ("issued", proposal.total_minor)
    assert invoice.pdf_path
    proposal.lead.refresh_from_db()
    assert proposal.lead.stage == "PROPOSAL_SENT"
    assert not Payment.objects.exists()
    assert Activity.objects.filter(source_key__startswith="onboarding:").count() == 5
    proposal.contact.refresh_from_db()
    assert proposal.contact.stage == "customer"


def test_numbers_have_no_gap_when_a_transaction_fails(rita, fin):
    class Interrupted(Exception):
        pass

    for number in range(6):
        deal = won_deal(rita, number)
        if number % 2:
            with pytest.raises(Interrupted), transaction.atomic():
                issue_invoice(deal, actor=as_actor(fin))
                raise Interrupted
        issue_invoice(deal, actor=as_actor(fin))
    assert list(Invoice.objects.order_by("pk").values_list("sequence", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert Counter.objects.get(series__startswith="invoice").last == 6


def test_a_deal_has_one_invoice_however_often_it_is_asked_for(rita, fin):
    deal = won_deal(rita)
    issued = {issue_invoice(deal, actor=as_actor(fin)).pk for _ in range(3)}
    issued.add(issue_won(deal, actor=SYSTEM).pk)
    assert len(issued) == 1


def test_an_open_deal_has_no_invoice(rita, fin):
    deal = drafted(rita).deal
    with pytest.raises(Refused, match="won"):
        issue_invoice(deal, actor=as_actor(fin))
    assert not Invoice.objects.exists()


def test_a_rep_issues_no_invoice(rita):
    deal = won_deal(rita)
    with pytest.raises(Denied):
        issue_invoice(deal, actor=as_actor(rita))


def test_finance_marks_an_invoice_paid_once(rita, fin):
    invoice = issue_invoice(won_deal(rita), actor=as_actor(fin))
    mark_invoice_paid(invoice, actor=as_actor(fin))
    invoice.refresh_from_db()
    assert (invoice.state, Payment.objects.get().provider) == ("paid", "offline")
    with pytest.raises(Refused):
        mark_invoice_paid(invoice, actor=as_actor(fin))


def test_reopening_voids_the_invoice_and_the_next_win_gets_the_next_number(rita, max_, run_events):
    deal = won_deal(rita)
    run_events()
    reopen_deal(deal, actor=as_actor(max_))
    run_events()
    win_deal(deal, actor=as_actor(rita), closed_on=clock.today("Asia/Kolkata"))
    run_events()
    states = list(Invoice.objects.order_by("sequence").values_list("sequence", "state"))
    assert states == [(1, "void"), (2, "issued")]


def test_a_void_invoice_stays_void(rita, fin):
    invoice = void_invoice(issue_invoice(won_deal(rita), actor=as_actor(fin)), actor=as_actor(fin), reason="Typo")
    assert invoice.state == "void"
    with pytest.raises(Refused):
        void_invoice(invoice, actor=as_actor(fin), reason="Again")
    with pytest.raises(Refused):
        send_invoice(invoice, actor=as_actor(fin))


def test_an_invoice_is_mailed_with_its_paper(rita, fin, run_events):
    deal = won_deal(rita)
    run_events()
    send_invoice(Invoice.objects.get(deal=deal), actor=as_actor(fin))
    mail = Message.objects.get(subject_ref__startswith="invoice:")
    assert mail.attachments[0]["name"].startswith("INV-")


def test_a_copy_does_not_follow_later_changes(rita, fin):
    invoice = issue_invoice(won_deal(rita), actor=as_actor(fin))
    contact = invoice.contact
    contact.first_name = "Somebody"
    contact.save()
    invoice.refresh_from_db()
    assert "Somebody" not in str(invoice.buyer)


def test_an_invoice_without_paper_is_mailed_with_its_page(rita, fin):
    invoice = issue_invoice(won_deal(rita), actor=as_actor(fin))
    assert not invoice.pdf_path
    send_invoice(invoice, actor=as_actor(fin))
    mail = Message.objects.get(subject_ref__startswith="invoice:")
    assert public_url("billing:public-invoice", token_of(invoice)) in mail.body_text and mail.attachments == []


def test_a_paid_invoice_is_not_mailed_as_due(rita, fin):
    invoice = mark_invoice_paid(issue_invoice(won_deal(rita), actor=as_actor(fin)), actor=as_actor(fin))
    with pytest.raises(Refused, match="paid already"):
        send_invoice(invoice, actor=as_actor(fin))
    assert not Message.objects.filter(subject_ref__startswith="invoice:").exists()


@pytest.mark.parametrize("has_pdf", [True, False])
def test_a_receipt_speaks_of_an_attachment_only_when_there_is_one(rita, fin, has_pdf):
    invoice = issue_invoice(won_deal(rita), actor=as_actor(fin))
    text = render_text("mail/receipt.txt", {"invoice": invoice, "link": "https://x.example", "has_pdf": has_pdf})
    assert ("attached" in text) == has_pdf and "here:\nhttps://x.example" in text


def test_money_counts_on_the_day_it_came(rita, fin):
    day = clock.today("Asia/Kolkata") - timedelta(days=3)
    invoice = mark_invoice_paid(issue_invoice(won_deal(rita), actor=as_actor(fin)), actor=as_actor(fin), paid_on=day)
    came = invoice.payment.paid_at.astimezone(ZoneInfo(Workspace.current().timezone))
    assert (came.date(), came.hour) == (day, 12)
