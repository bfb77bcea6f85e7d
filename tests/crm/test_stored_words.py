"""A person reads Hindi; what is stored, exported or sent stays in the words of the code."""

import csv
from io import BytesIO, StringIO

import pytest
from django.urls import reverse
from django.utils.translation import override

from core.errors import Refused
from core.exports import to_bytes
from core.models import Event
from crm.actions.imports import upload_import
from crm.forms.deals import LOST_REASONS, LoseDealForm
from crm.models import Contact, Deal, Lead, Operation, OperationPart
from crm.queries.exports import full_export
from tests.factories.crm import make_contact, make_deal, make_lead
from tests.people import SYSTEM, browser

pytestmark = pytest.mark.django_db


def reads_hindi(user):
    user.language = "hi"
    user.save(update_fields=["language"])
    return browser(user)


def is_english(text: str) -> bool:
    return text.isascii() or not any("\u0900" <= letter <= "\u097f" for letter in text)


def test_a_refusal_is_read_in_hindi_and_recorded_in_english(vic):
    lead = make_lead()
    answer = reads_hindi(vic).post(reverse("crm:lead-qualify", args=[lead.pk]))
    assert answer.status_code == 403
    assert not is_english(answer.content.decode())
    event = Event.objects.get(name="access.denied")
    assert event.data["reason"] == "Your role does not include “qualify” for leads. An administrator can change that."


@pytest.mark.parametrize("form", ["csv", "all"])
def test_a_file_says_the_same_in_every_language(ada, form):
    make_lead(owner=ada)
    address = reverse("crm:lead-export") + f"?format={form}"
    english = b"".join(browser(ada).get(address).streaming_content)
    hindi = b"".join(reads_hindi(ada).get(address).streaming_content)
    assert hindi == english
    assert is_english(hindi.decode())


def test_a_whole_export_is_recognised_by_a_reader_of_hindi():
    make_contact(kind=Contact.Kind.COMPANY, company_name="Acme")
    with override("hi"):
        content = to_bytes("csv", *full_export("contacts", Contact.objects.all()))
        run = upload_import(actor=SYSTEM, file=BytesIO(content), file_name="contacts.csv")
    row = next(csv.DictReader(StringIO(content.decode("utf-8-sig"))))
    assert (row["Record kind"], row["Contact stage"]) == ("Company", "Prospect")
    assert (run.kind, run.rehearsal["blocked"]) == ("contacts", [])


def test_a_reason_is_offered_in_hindi_and_kept_as_it_is(ada):
    deal = make_deal(owner=ada)
    with override("hi"):
        offered = dict(LoseDealForm().fields["reason"].widget.choices)
        assert list(offered) == list(LOST_REASONS)
        assert not is_english(str(offered["Price"]))
    reads_hindi(ada).post(reverse("crm:deal-lose", args=[deal.pk]), {"reason": "Price"})
    assert Deal.objects.get(pk=deal.pk).lost_reason == "Price"


def test_what_fails_of_many_is_kept_in_english_and_read_in_hindi(ada):
    leads = [make_lead(owner=ada), make_lead("disqualified", "NEW", owner=ada)]
    picked = "&".join(f"pk={lead.pk}" for lead in leads)
    address = reverse("crm:bulk", args=["leads"]) + f"?verb=disqualify&{picked}"
    answer = reads_hindi(ada).post(address, {"reason": "No budget"})
    operation = Operation.objects.get()
    part = OperationPart.objects.get(kind="failure")
    assert is_english(operation.title)
    assert [row["reason"] for row in part.rows] == ["This lead is disqualified already."]
    page = browser(ada).get(answer["Location"]).content.decode()
    assert part.rows[0]["reason"] not in page
    assert Lead.objects.filter(status="disqualified").count() == 2


def test_a_conflict_is_told_in_the_language_of_its_reader(rita):
    deal = make_deal(owner=rita)
    with override("hi"), pytest.raises(Refused) as told:
        deal.check_version(7)
    assert not is_english(told.value.message)
