"""An export holds everything, and imports to the same state again: into an empty base, and into the same one."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from django.db import transaction

from core import clock
from core.errors import Refused
from core.exports import exported, to_bytes, to_pdf
from crm.actions.contacts import keep_addresses
from crm.actions.imports import carry_on, map_import, start_import, upload_import
from crm.actions.starter import make_starter_set
from crm.models import (
    Activity,
    Consent,
    Contact,
    ContactAddress,
    CustomField,
    Deal,
    DealLine,
    Item,
    Lead,
    Pipeline,
    PriceList,
    Tag,
)
from crm.queries.exports import full_export
from tests.factories.crm import make_contact, make_deal, make_lead
from tests.people import SYSTEM

pytestmark = pytest.mark.django_db
MODELS = {"contacts": Contact, "deals": Deal, "leads": Lead}  # in the order of their return


def everything(form="csv") -> dict[str, bytes]:
    return {noun: to_bytes(form, *full_export(noun, model.objects.all())) for noun, model in MODELS.items()}


def lines(content: dict[str, bytes]) -> dict[str, list[str]]:
    return {noun: text.decode("utf-8-sig").split("\r\n") for noun, text in content.items()}


def bring(noun: str, content: bytes, known: str = "fill") -> dict[str, int]:
    run = upload_import(actor=SYSTEM, file=BytesIO(content), file_name=f"{noun}.csv")
    assert (run.kind, run.rehearsal["blocked"]) == (noun, [])
    run = map_import(run, actor=SYSTEM, kind=noun, mode="all", mapping=run.mapping, known=known)
    rehearsed = run.rehearsal["counts"]
    carry_on(start_import(run, actor=SYSTEM), actor=SYSTEM, seconds=300)
    run.refresh_from_db()
    assert (run.state, run.counts) == ("finished", rehearsed), run.message
    return run.counts


def wipe() -> None:
    with transaction.atomic():
        Activity.objects.all().delete()
        Lead.objects.update(converted_deal=None)
        Deal.objects.all().delete()
        Lead.objects.all().delete()
        Contact.objects.all().delete()


@pytest.fixture
def business(people) -> None:
    """One of everything that a column can hold."""
    make_starter_set(actor=SYSTEM)
    for noun, key, kind in (
        ("contact", "size", "number"), ("contact", "vip", "yes-no"), ("contact", "since", "date"),
        ("lead", "budget", "choice"), ("deal", "site", "url"), ("contact", "city", "text"),
    ):  # fmt: skip
        told = {"label": key.capitalize(), "type": kind, "choices": ["High", "Low"]}
        CustomField.objects.create(noun=noun, key=key, **told)
    old = clock.now() - timedelta(days=400, microseconds=5)
    parent = make_contact(kind="company", company_name="Acme Ltd", email="", external_ref="crm:7")
    twin = make_contact(kind="company", company_name="Acme Ltd", email="", city="Pune")
    twin.store(company=parent, owner=people.max)
    asha = make_contact(
        first_name="=Asha", last_name='Ra"o,\nof Pune', company_name="Acme", email="Asha.R@gmail.com",
        phone="098765 43210", country="IN", company=twin, owner=people.rita, source="referral",
        stage="customer", language="hi",
        do_not_contact=True, created_at=old, external_ref="prospect_id:9",
        custom={"size": 12.5, "vip": True, "since": "2026-02-28", "loose": [1, {"a": "b"}], "city": "x"},
    )  # fmt: skip
    make_contact(first_name="Bo", email="", phone="+14155550123", custom={"size": "not a number"})
    for contact in Contact.objects.all():
        keep_addresses(contact)
    asha.tags.add(*[Tag.objects.create(name=name) for name in ("vip", "R|D")])
    ContactAddress.objects.create(contact=asha, channel="email", value="a@old.in", folded="a@old.in",
                                  label="work", valid_until=date(2025, 1, 1))  # fmt: skip
    ContactAddress.objects.create(contact=asha, channel="postal", value="12 MG Road", folded="12 mg road")
    Consent.objects.create(contact=asha, channel="email", state="withdrawn")
    item = Item.objects.create(sku="GTX-1", name="GTX", name_folded="gtx", unit_price_minor=5, currency="INR")
    price_list = PriceList.objects.create(name="Friends", currency="INR")
    pipeline = Pipeline.objects.get(is_default=True)
    first = pipeline.stages.order_by("order").first()
    opened = make_deal(
        contact=asha, title="-5 % for Acme", value_minor=1_234_50, owner=people.ron, custom={"site": "https://a.in"},
        pipeline=pipeline, stage=first, expected_close_on=date(2026, 12, 24), price_list=price_list,
        probability=33, probability_is_manual=True, created_at=old, snoozed_until=date(2027, 1, 2),
        snooze_reason="Leave",
    )  # fmt: skip
    DealLine.objects.create(deal=opened, item=item, description="Two of them", quantity="2.500", unit_price_minor=500)
    DealLine.objects.create(deal=opened, description="Work", unit_price_minor=100, order=1)
    won = make_deal(contact=asha, title="Won", pipeline=pipeline, stage=first, currency="JPY", value_minor=900,
                    status="won", closed_on=date(2026, 3, 1), won_at=old)  # fmt: skip
    make_deal(contact=twin, title="Lost", pipeline=pipeline, stage=first, status="lost", lost_reason="Price",
              closed_on=date(2026, 3, 1), lost_at=old)  # fmt: skip
    lead = make_lead(contact=asha, title="@Lead", facts={"visits": 3, "x": [1]}, source="web", score=50, city="Goa",
                     estimated_value_minor=0, currency="INR", custom={"budget": "High"}, owner=people.rita)  # fmt: skip
    Lead.objects.filter(pk=lead.pk).update(
        status="converted", stage="PROPOSAL_SENT", converted_deal=won, converted_at=old, assigned_reason="By hand"
    )  # fmt: skip
    Deal.objects.filter(pk=won.pk).update(lead=lead)
    make_lead(contact=asha, title="Second", status="disqualified", disqualification_reason="No budget")
    make_lead(contact=twin, title="Third")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_export_returns_to_the_same_state(business, form):
    before = everything()
    kept = everything(form)
    wipe()
    assert {noun: bring(noun, content)["created"] for noun, content in kept.items()} == {
        "contacts": 4, "deals": 3, "leads": 3,
    }  # fmt: skip
    assert lines(everything()) == lines(before)


@pytest.mark.parametrize("known", ["fill", "replace"])
def test_an_export_changes_nothing_where_it_came_from(business, known):
    before = everything()
    for noun, content in before.items():
        counts = bring(noun, content, known)
        assert counts["skipped"] == sum(counts.values()), (noun, counts)
    assert lines(everything()) == lines(before)


def test_what_was_edited_in_a_spreadsheet_comes_back(business):
    content = everything()["contacts"].replace(b"Asha.R@gmail.com", b"asha@new.in")
    content = content.replace(b"098765 43210", b"+919999999999")
    assert bring("contacts", content)["updated"] == 0
    assert bring("contacts", content, "replace")["updated"] == 1
    asha = Contact.objects.get(external_ref="prospect_id:9")
    assert (asha.email_folded, asha.phone_e164) == ("asha@new.in", "+919999999999")
    rows = asha.addresses.filter(is_primary=True).values_list("folded", flat=True)
    assert set(rows) == {"asha@new.in", "+919999999999"}
    assert asha.addresses.get(folded="ashar@gmail.com").valid_until is not None


def test_that_a_lead_is_paid_comes_from_a_payment_alone(business):
    Lead.objects.filter(stage="PROPOSAL_SENT").update(stage="PAID")
    content = everything()["leads"]
    run = upload_import(actor=SYSTEM, file=BytesIO(content), file_name="leads.csv")
    assert run.rehearsal["counts"]["error"] == 1


def test_pages_of_paper_and_sheets_have_ends(settings):
    rows = ([number, f"row {number}"] for number in range(1_002))
    with pytest.raises(Refused, match="A PDF holds 1,000 rows"):
        to_pdf(["n", "word"], rows, "Rows")


def test_a_large_table_streams():
    asked = []

    def rows():
        for number in range(100_000):
            asked.append(number)
            yield [number, None, True, date(2026, 11, 21), ["a", "b"], datetime(2026, 1, 1, tzinfo=UTC)]

    answer = exported("csv", "rows", ["n", "none", "flag", "day", "list", "at"], rows())
    first = next(iter(answer.streaming_content)) + next(iter(answer.streaming_content))
    assert len(asked) < 2_000
    assert first.decode("utf-8-sig").splitlines()[0] == "n,none,flag,day,list,at"
    rest = b"".join(answer.streaming_content).decode().splitlines()
    assert rest[-1] == '99999,,Yes,2026-11-21,"a, b",2026-01-01T00:00:00+00:00'
