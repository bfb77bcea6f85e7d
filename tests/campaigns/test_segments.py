"""Segments: closed rules, live members, the matrix at the door."""

from datetime import UTC, datetime

import pytest
from django.db.models import Q

from campaigns.segmenting import RuleError, conditions, sentence
from tests.people import as_actor, browser

AT = datetime(2026, 5, 1, tzinfo=UTC)


def test_no_rules_match_nobody():
    assert conditions([], "all", AT) == [Q(pk__in=())]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"field": "owner__password", "op": "is", "value": "x"}, "Unknown field"),
        ({"field": "city", "op": "regex", "value": "x"}, "cannot be compared"),
        ({"field": "score", "op": "over", "value": "many"}, "whole number"),
        ({"field": "score", "op": "over", "value": "9" * 30}, "whole number"),
        ({"field": "known_days", "op": "over", "value": "800000"}, "whole number"),
        ({"field": "city", "op": "is", "value": " "}, "Say what"),
        ({}, "Unknown field"),
    ],
)
def test_a_rule_that_is_not_offered_is_refused(rule, reason):
    with pytest.raises(RuleError, match=reason):
        conditions([rule], "all", AT)


def test_rules_read_as_a_sentence():
    rules = [{"field": "city", "op": "is", "value": "Jaipur"}, {"field": "score", "op": "over", "value": "60"}]
    assert sentence(rules, "all") == "City is Jaipur, and Score over 60"


@pytest.mark.django_db
def test_members_follow_the_contacts(mia):
    from accounts.actor import Actor
    from campaigns.actions.segments import create_segment
    from campaigns.queries.segments import live
    from crm.models import Contact

    actor = Actor.for_user(mia)
    rules = [{"field": "city", "op": "is", "value": "jaipur"}]
    segment = create_segment(actor=actor, name="Jaipur", match="all", rules=rules)
    assert live(actor, segment).count == 0
    contact = Contact.objects.create(
        kind="person", first_name="Asha", email="a@x.in", email_folded="a@x.in", city="Jaipur"
    )
    assert live(actor, segment).sample == [contact]
    contact.city = "Pune"
    contact.save()
    assert live(actor, segment).count == 0


@pytest.mark.django_db
@pytest.mark.parametrize(("who", "status"), [("mia", 303), ("ada", 303), ("vic", 403), ("rita", 403)])
def test_only_those_who_may_make_one(request, who, status):
    from campaigns.models import Segment

    client = browser(request.getfixturevalue(who))
    data = {"name": "Hot", "match": "all", "field-0": "score", "op-0": "over", "value-0": "80"}
    assert client.post("/segments/new/", data).status_code == status
    assert Segment.objects.exists() == (status == 303)


@pytest.mark.django_db
def test_a_wrong_rule_keeps_what_was_typed(mia):
    client = browser(mia)
    data = {"name": "Hot", "match": "all", "field-0": "score", "op-0": "over", "value-0": "many"}
    answer = client.post("/segments/new/", data)
    assert answer.status_code == 422
    assert "whole number" in answer.content.decode() and 'value="many"' in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("match", "names"), [("all", {"Both"}), ("any", {"Both", "Vip", "Dentist"})])
def test_two_tags_are_asked_for_together(mia, match, names):
    from campaigns.models import Segment
    from campaigns.queries.segments import members
    from crm.models import Contact, Tag

    tags = {name: Tag.objects.create(name=name) for name in ("vip", "dentist")}
    for name, given in {"Both": tags.values(), "Vip": [tags["vip"]], "Dentist": [tags["dentist"]], "None": []}.items():
        address = f"{name.lower()}@x.in"
        contact = Contact.objects.create(kind="person", first_name=name, email=address, email_folded=address)
        contact.tags.set(given)
    rules = [{"field": "tag", "op": "is", "value": name} for name in tags]
    segment = Segment.objects.create(name="Tags", match=match, rules=rules)
    assert {contact.first_name for contact in members(as_actor(mia), segment)} == names


def test_the_largest_day_count_is_a_day():
    assert conditions([{"field": "known_days", "op": "over", "value": "99999"}], "all", AT)
