"""Tags: put on contacts by who may change them, spelled and merged by administrators for everybody."""

import pytest

from core.errors import Refused
from crm.actions.tags import delete_tag, merge_tag, rename_tag, tag_contact
from crm.models import Contact, Tag
from tests.factories.crm import SYSTEM, make_contact
from tests.people import api_client, browser

pytestmark = pytest.mark.django_db


def tags(contact):
    return sorted(contact.tags.values_list("name", flat=True))


def test_tags_come_and_go_whatever_their_case(rita):
    contact = make_contact(owner=rita)
    tag_contact(contact, actor=SYSTEM, add=["VIP", "North"])
    contact = tag_contact(contact, actor=SYSTEM, add=["vip", "Trade fair"], remove=["NORTH", "none"])
    assert tags(contact) == ["Trade fair", "VIP"]
    assert contact.version == 3
    client = browser(rita)
    assert client.post(f"/contacts/{contact.pk}/tags/", {"add": "new one"}).status_code == 303
    assert client.post(f"/contacts/{contact.pk}/tags/", {"remove": "VIP"}).status_code == 303
    assert tags(contact) == ["Trade fair", "new one"]
    assert "new one" in client.get(contact.get_absolute_url()).content.decode()


def test_a_tag_is_spelled_anew_once(ada):
    vip, other = Tag.objects.create(name="vip"), Tag.objects.create(name="Other")
    assert rename_tag(vip, actor=SYSTEM, name="VIP").name == "VIP"
    with pytest.raises(Refused):
        rename_tag(other, actor=SYSTEM, name="Vip")


def test_merging_tags_loses_no_contact():
    vip, important = Tag.objects.create(name="VIP"), Tag.objects.create(name="Important")
    both, one = make_contact(), make_contact()
    both.tags.set([vip, important])
    one.tags.set([important])
    merge_tag(important, actor=SYSTEM, into=vip)
    assert (tags(both), tags(one)) == (["VIP"], ["VIP"])
    assert Tag.objects.count() == 1
    with pytest.raises(Refused):
        merge_tag(vip, actor=SYSTEM, into=vip)
    delete_tag(vip, actor=SYSTEM)
    assert tags(one) == []
    assert Contact.objects.count() == 2


def test_only_administrators_keep_the_words(ada, max_):
    tag = Tag.objects.create(name="vip")
    into = Tag.objects.create(name="Important")
    api = api_client(max_)
    assert api.get("/api/v1/crm/tags").json()["results"][0]["name"] == "Important"
    url = f"/api/v1/crm/tags/{tag.pk}"
    assert api.patch(url, {"name": "VIP"}, content_type="application/json").status_code == 403
    api = api_client(ada)
    assert api.patch(url, {"name": "VIP"}, content_type="application/json").json()["name"] == "VIP"
    client = browser(ada)
    assert client.post(f"/admin/crm/tag/{tag.pk}/change/", {"name": "V.I.P."}).status_code == 302
    assert client.post(f"/admin/crm/tag/{tag.pk}/do/tag.merge/", {"into": into.pk}).status_code == 302
    assert list(Tag.objects.values_list("name", flat=True)) == ["Important"]
    assert client.post(f"/admin/crm/tag/{into.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Tag.objects.exists()
