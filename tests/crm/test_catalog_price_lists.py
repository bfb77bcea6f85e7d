"""Price lists: what some customers pay; a deal has one currency, and its lines follow its list."""

import json

import pytest

from core.actions import run
from core.errors import Denied, Invalid
from crm.actions.catalog import create_price_list, set_price, update_price_list
from crm.actions.deals import set_lines, update_deal
from crm.forms.deals import UpdateDealForm
from crm.models import Deal, Item, PriceList
from tests.factories.crm import SYSTEM, make_contact, make_deal, make_item
from tests.people import api_client, as_actor, browser

pytestmark = pytest.mark.django_db


def lines(deal: Deal) -> list[int]:
    return list(deal.lines.order_by("order").values_list("unit_price_minor", flat=True))


@pytest.fixture
def export() -> PriceList:
    return create_price_list(actor=SYSTEM, name="Export", currency="USD")


def test_a_price_comes_from_the_list_else_the_catalog_else_it_is_typed(rita, export):
    care, setup = make_item(unit_price_minor=90_000, currency="USD"), make_item(currency="USD")
    rupees = make_item(currency="INR")
    set_price(export, actor=SYSTEM, item=care, unit_price=850)
    deal = make_deal(owner=rita, currency="USD", value_minor=0)
    data = {"lines": [{"item": care.pk}, {"item": setup.pk}], "price_list": export.pk}
    for line in data["lines"]:
        line["quantity"] = 1
    deal = run("deal.set_lines", deal, actor=as_actor(rita), data=data)
    assert lines(deal) == [85_000, 1_500_000]
    assert (deal.value_minor, deal.price_list) == (1_585_000, export)
    with pytest.raises(Invalid, match=r"Give a price for .* in USD: the catalog has it in INR only"):
        set_lines(deal, actor=SYSTEM, lines=[{"item": rupees}])
    set_lines(deal, actor=SYSTEM, lines=[{"item": rupees, "unit_price": "12.50"}])
    assert lines(deal) == [1_250]


def test_the_customers_own_list_is_used_while_it_fits(rita, export):
    care = make_item(unit_price_minor=90_000, currency="USD")
    set_price(export, actor=SYSTEM, item=care, unit_price=700)
    customer = make_contact(price_list=export)
    deal = make_deal(owner=rita, contact=customer, currency="USD")
    assert lines(set_lines(deal, actor=SYSTEM, lines=[{"item": care}])) == [70_000]
    update_price_list(export, actor=SYSTEM, is_active=False)
    customer.refresh_from_db()
    again = Deal.objects.get(pk=deal.pk)
    assert lines(set_lines(again, actor=SYSTEM, lines=[{"item": care}])) == [90_000]


def test_prices_agreed_stay_until_they_are_taken_anew(rita, export):
    care = make_item(unit_price_minor=90_000, currency="USD")
    deal = make_deal(owner=rita, currency="USD", price_list=export)
    agreed = [{"item": care, "unit_price_minor": 60_000}]
    set_lines(deal, actor=SYSTEM, lines=agreed)
    set_price(export, actor=SYSTEM, item=care, unit_price=800)
    assert lines(deal) == [60_000]
    assert lines(set_lines(deal, actor=SYSTEM, lines=agreed, reprice=True)) == [80_000]


def test_currencies_are_not_mixed_in_words(rita, export):
    deal = make_deal(owner=rita)
    with pytest.raises(Invalid) as wrong:
        update_deal(deal, actor=as_actor(rita), price_list=export)
    said = "Export is in USD, the deal in INR. Choose a list in INR."
    assert wrong.value.errors == {"price_list": [said]}
    set_lines(deal, actor=SYSTEM, lines=[{"description": "Care", "unit_price": "10"}])
    with pytest.raises(Invalid) as wrong:
        update_deal(deal, actor=as_actor(rita), currency="USD")
    assert "Take the lines out" in wrong.value.errors["currency"][0]
    set_lines(deal, actor=SYSTEM, lines=[])
    assert update_deal(deal, actor=as_actor(rita), currency="USD").currency == "USD"


def test_the_lines_page_takes_article_numbers_and_offers_lists_of_the_currency(rita, export):
    item = make_item(sku="GTX-1", name="GTX Basic", unit_price_minor=55_000)
    make_item(sku=str(item.pk), name="Numbered")
    deal, client = make_deal(owner=rita), browser(rita)
    local = create_price_list(actor=SYSTEM, name="Friends", currency="INR")
    page = client.get(f"/deals/{deal.pk}/lines/").content.decode()
    assert "Friends" in page
    assert "Export" not in page
    typed = {"lines-0-item": "GTX-1 · GTX Basic", "lines-0-quantity": "2", "price_list": local.pk}
    assert client.post(f"/deals/{deal.pk}/lines/", typed).status_code == 303
    deal.refresh_from_db()
    assert (deal.value_minor, deal.price_list) == (110_000, local)
    typed["lines-0-item"] = "Nothing"
    wrong = client.post(f"/deals/{deal.pk}/lines/", typed)
    assert wrong.status_code == 422
    assert "type its article number" in wrong.content.decode()


def test_lists_are_kept_on_pages_by_administrators(ada, rita):
    item, client = make_item(sku="A-1", name="Care"), browser(ada)
    made = client.post("/items/price-lists/new/", {"name": "Friends", "currency": "INR"})
    row = PriceList.objects.get()
    assert made.headers["Location"] == row.get_absolute_url()
    again = client.post("/items/price-lists/new/", {"name": "friends", "currency": "INR"})
    assert again.status_code == 422
    price = f"{row.get_absolute_url()}price/"
    assert client.post(price, {"item": "A-1", "unit_price": "12.5"}).status_code == 303
    assert row.entries.get().unit_price_minor == 1_250
    assert "₹12.50" in browser(rita).get(row.get_absolute_url()).content.decode()
    assert client.post(price, {"item": "A-1", "unit_price": "-1"}).status_code == 422
    assert client.post(price, {"item": "A-1 · Care", "unit_price": ""}).status_code == 303
    assert not row.entries.exists()
    assert browser(rita).post(price, {"item": item.pk, "unit_price": "1"}).status_code == 403
    with pytest.raises(Denied):
        set_price(row, actor=as_actor(rita), item=item, unit_price=1)


def test_rest_keeps_items_lists_and_prices(ada, rita):
    client, item = api_client(ada), make_item()

    def send(method: str, path: str, **body):
        data = json.dumps(body)
        return client.generic(method, f"/api/v1/crm/{path}", data, content_type="application/json")

    made = send("POST", "price-lists", name="Export", currency="INR").json()
    put = send("PUT", f"price-lists/{made['id']}/prices", item=item.pk, unit_price="7.5")
    assert put.status_code == 200
    prices = client.get("/api/v1/crm/prices", {"price_list": made["id"]}).json()["results"]
    assert [row["unit_price"] for row in prices] == [{"amount": "7.50", "currency": "INR"}]
    assert send("PATCH", f"price-lists/{made['id']}", is_active=False).json()["is_active"] is False
    assert send("PATCH", f"items/{item.pk}", name="Renamed").json()["name"] == "Renamed"
    wrong = send("PUT", f"price-lists/{made['id']}/prices", item=999_999, unit_price="1")
    assert wrong.status_code == 422
    assert api_client(rita).get("/api/v1/crm/price-lists").status_code == 200


def test_what_is_out_of_use_stays_where_it_is_and_comes_in_nowhere(ada, rita):
    actor, client = as_actor(rita), browser(rita)
    friends = create_price_list(actor=SYSTEM, name="Friends", currency="INR")
    care = make_item(sku="A-1", name="Care", unit_price_minor=90_000)
    set_price(friends, actor=SYSTEM, item=care, unit_price=800)
    deal = make_deal(owner=rita, price_list=friends)
    set_lines(deal, actor=SYSTEM, lines=[{"item": care}])
    update_price_list(friends, actor=SYSTEM, is_active=False)
    Item.objects.update(is_active=False)

    api = api_client(rita)
    answer = api.patch(f"/api/v1/crm/deals/{deal.pk}", {"title": "Better"}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert "Friends" in client.get(f"/deals/{deal.pk}/edit/").content.decode()
    data = {"lines": [{"item": care.pk, "quantity": 2}]}
    deal = run("deal.set_lines", Deal.objects.get(pk=deal.pk), actor=actor, data=data)
    assert (deal.title, deal.price_list, deal.value_minor) == ("Better", friends, 160_000)

    assert "Friends" not in client.get(f"/deals/new/?contact={deal.contact_id}").content.decode()
    other = make_deal(owner=rita)
    for verb, wrong, field in (
        ("deal.set_lines", data, "lines"),
        ("deal.set_lines", {"price_list": friends.pk}, "price_list"),
        ("deal.update", UpdateDealForm.values(other) | {"price_list": friends.pk}, "price_list"),
    ):
        with pytest.raises(Invalid) as refused:
            run(verb, other, actor=actor, data=wrong)
        assert list(refused.value.errors) == [field]
    with pytest.raises(Invalid):
        run("deal.create", actor=actor, data={"contact": deal.contact_id, "title": "New", "price_list": friends.pk})

    keeper, price = as_actor(ada), {"item": "A-1", "unit_price": "700"}
    assert run("price_list.set_price", friends, actor=keeper, data=price).entries.get().unit_price_minor == 70_000
    assert not run("price_list.set_price", friends, actor=keeper, data={"item": "A-1"}).entries.exists()
    with pytest.raises(Invalid):
        run("price_list.set_price", friends, actor=keeper, data=price)
