"""The catalog: seen by all, kept by administrators."""

import pytest
from django.urls import reverse

from core.errors import Denied, Invalid, Refused
from crm.actions.catalog import create_item, update_item
from crm.models import Item
from tests.factories.crm import make_item
from tests.people import as_actor, browser

pytestmark = pytest.mark.django_db


def test_an_item_is_put_on_sale_and_taken_off(ada, rita):
    client = browser(ada)
    data = {"sku": "GTX-1", "name": "GTX Basic", "unit_price": "550.00", "currency": "INR"}
    assert client.post(reverse("crm:item-new"), data).status_code == 303
    item = Item.objects.get()
    assert (item.unit_price_minor, item.currency, item.name_folded) == (55_000, "INR", "gtxbasic")
    edit = reverse("crm:item-edit", args=[item.pk])
    assert client.post(edit, data | {"version": item.version, "unit_price": "600"}).status_code == 303
    item.refresh_from_db()
    assert (item.unit_price_minor, item.is_active) == (60_000, False)
    assert "GTX Basic" not in browser(rita).get(reverse("crm:item-list")).content.decode()
    assert "GTX Basic" in client.get(reverse("crm:item-list") + "?view=retired").content.decode()


def test_reps_see_prices_and_no_buttons(rita):
    make_item(name="GTX Basic")
    page = browser(rita).get(reverse("crm:item-list")).content.decode()
    assert "GTX Basic" in page
    assert reverse("crm:item-new") not in page
    assert browser(rita).get(reverse("crm:item-new")).status_code == 403


def test_only_administrators_keep_the_catalog(people):
    item = make_item()
    for short in ("max", "rita", "mia", "vic", "sam", "fin"):
        actor = as_actor(getattr(people, short))
        with pytest.raises(Denied):
            update_item(item, actor=actor, unit_price_minor=1)
        with pytest.raises(Denied):
            create_item(actor=actor, sku="X", name="X", unit_price_minor=1, currency="INR")
    item.refresh_from_db()
    assert item.version == 1
    assert Item.objects.count() == 1


def test_article_numbers_are_unique_whatever_their_case(ada):
    make_item(sku="GTX-1")
    with pytest.raises(Invalid, match="Another item has this article number"):
        create_item(actor=as_actor(ada), sku="gtx-1", name="X", unit_price_minor=1, currency="INR")


def test_an_edit_of_an_old_page_is_refused(ada):
    item = make_item()
    update_item(item, actor=as_actor(ada), version=1, name="New name")
    with pytest.raises(Refused) as refusal:
        update_item(item, actor=as_actor(ada), version=1, name="Newer name")
    assert refusal.value.code == "stale"


@pytest.mark.parametrize("price", ["-1", "abc", "", "1e99"])
def test_prices_that_are_none_are_refused(ada, price):
    data = {"sku": "A", "name": "A", "unit_price": price, "currency": "INR"}
    assert browser(ada).post(reverse("crm:item-new"), data).status_code == 422
    assert not Item.objects.exists()
