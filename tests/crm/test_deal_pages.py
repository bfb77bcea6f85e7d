"""The deal pages: board, list, detail, verbs and approvals."""

import json
import re
from datetime import timedelta

import pytest

from core import clock
from crm.actions.approvals import request_approval
from crm.actions.deals import update_deal
from crm.models import Deal
from tests.factories.crm import make_contact, make_deal, make_item, make_pipeline
from tests.people import as_actor, browser

BOARD = {"HX-Request": "true", "HX-Current-URL": "http://testserver/deals/?view=mine"}


@pytest.mark.parametrize(
    ("who", "board", "form"),
    [
        ("ada", 200, 200),
        ("max", 200, 200),
        ("rita", 200, 200),
        ("vic", 200, 403),
        ("fin", 200, 403),
        ("mia", 403, 403),
        ("sam", 403, 403),
    ],
)
def test_the_board_opens_for_the_roles_of_the_matrix(people, who, board, form):
    make_deal()
    client = browser(getattr(people, who))
    assert client.get("/deals/").status_code == board
    assert client.get("/deals/list/").status_code == board
    assert client.get("/deals/new/").status_code == form


def test_the_board_without_a_pipeline_says_so(max_):
    assert "No pipeline yet" in browser(max_).get("/deals/").content.decode()


def test_a_rep_sees_and_moves_only_their_own_deals(rita, ron):
    mine, theirs = make_deal(owner=rita, title="Mine"), make_deal(owner=ron, title="Theirs")
    client = browser(rita)
    page = client.get("/deals/").content.decode()
    assert "Mine" in page
    assert "Theirs" not in page
    stage = make_pipeline().stages.order_by("-order").first()
    assert client.post(f"/deals/{theirs.pk}/move/", {"stage": stage.pk}).status_code == 404
    assert client.post(f"/deals/{mine.pk}/move/", {"stage": stage.pk}).status_code == 303
    assert Deal.objects.get(pk=mine.pk).stage == stage


def test_a_move_on_the_board_leaves_the_page_and_offers_to_take_it_back(rita):
    deal = make_deal(owner=rita)
    before, stage = deal.stage, make_pipeline().stages.order_by("-order").first()
    answer = browser(rita).post(f"/deals/{deal.pk}/move/", {"stage": stage.pk}, headers=BOARD)
    assert answer.status_code == 204
    told = json.loads(answer["HX-Trigger"])
    assert told["deal-moved"] == {"deal": deal.pk, "stage": stage.pk}
    assert told["toast"]["text"] == f"{deal.title} moved to {stage.name}."
    assert told["toast"]["undo"] == [f"/deals/{deal.pk}/move/", {"stage": before.pk}]


def test_a_move_without_script_is_a_button_for_each_stage_of_this_pipeline(rita):
    deal = make_deal(owner=rita)
    make_pipeline("Other", is_default=False)
    page = browser(rita).get(f"/deals/{deal.pk}/move/").content.decode()
    assert page.count('name="stage"') == deal.pipeline.stages.count() - 1


def test_the_board_asks_as_often_for_30_deals_as_for_one(
    max_, django_assert_num_queries, django_assert_max_num_queries
):
    make_deal()
    client = browser(max_)
    client.get("/deals/")
    with django_assert_max_num_queries(40) as one:
        client.get("/deals/")
    for _ in range(29):
        make_deal()
    with django_assert_num_queries(len(one)):
        client.get("/deals/")


@pytest.mark.parametrize("status", ["open", "won", "lost"])
def test_every_state_of_a_deal_has_a_page(max_, status):
    deal = make_deal(status)
    page = browser(max_).get(deal.get_absolute_url()).content.decode()
    assert (f"/deals/{deal.pk}/win/" in page) == (status == "open")
    assert (f"/deals/{deal.pk}/reopen/" in page) == (status == "won")


def test_losing_needs_a_reason(rita):
    deal = make_deal(owner=rita)
    client = browser(rita)
    assert client.post(f"/deals/{deal.pk}/lose/", {"reason": ""}).status_code == 422
    assert client.post(f"/deals/{deal.pk}/lose/", {"reason": "Price"}).status_code == 303
    assert Deal.objects.get(pk=deal.pk).status == "lost"


def test_a_large_deal_is_won_only_after_another_manager_agreed(rita, max_):
    deal = make_deal(owner=rita, value_minor=90_000_000)
    client, manager = browser(rita), browser(max_)
    won = {"closed_on": "2026-01-31"}
    refused = client.post(f"/deals/{deal.pk}/win/", won)
    assert refused.status_code == 409
    assert "approval" in refused.content.decode()
    assert client.post(f"/deals/{deal.pk}/approval/", {"note": "Big one"}).status_code == 303
    approval = deal.approvals.get()
    waiting = manager.get("/approvals/").content.decode()
    assert "₹9,00,000" in waiting
    assert client.get("/approvals/").status_code == 403
    assert client.post(f"/approvals/{approval.pk}/approve/").status_code == 403
    assert manager.post(f"/approvals/{approval.pk}/approve/").status_code == 303
    assert client.post(f"/deals/{deal.pk}/win/", won).status_code == 303
    assert Deal.objects.get(pk=deal.pk).status == "won"


def test_rejecting_needs_a_reason_and_the_deal_shows_it(rita, max_):
    deal = make_deal(owner=rita, value_minor=90_000_000)
    approval = request_approval(deal, actor=as_actor(rita))
    manager = browser(max_)
    assert manager.post(f"/approvals/{approval.pk}/reject/", {}).status_code == 422
    typed = {"reason": "Too cheap"}
    assert manager.post(f"/approvals/{approval.pk}/reject/", typed).status_code == 303
    assert "Too cheap" in browser(rita).get(deal.get_absolute_url()).content.decode()


def test_a_new_deal_asks_for_the_contact_first(rita):
    make_pipeline()
    contact = make_contact(first_name="Meera", owner=rita)
    client = browser(rita)
    assert f"?contact={contact.pk}" in client.get("/deals/new/?q=meera").content.decode()
    form = client.get(f"/deals/new/?contact={contact.pk}")
    assert f'name="contact" value="{contact.pk}"' in form.content.decode()
    typed = {"contact": contact.pk, "title": "Website", "value": "48000"}
    assert client.post(f"/deals/new/?contact={contact.pk}", typed).status_code == 303
    assert Deal.objects.get().value_minor == 4_800_000


def test_lines_give_the_deal_its_value_and_wrong_ones_come_back_as_typed(rita):
    deal, item = make_deal(owner=rita), make_item(unit_price_minor=1_000_000)
    client = browser(rita)
    typed = {
        "version": deal.version,
        "lines-0-item": item.pk,
        "lines-0-quantity": "2",
        "lines-0-unit_price": "",
        "lines-1-description": "Training",
        "lines-1-quantity": "none",
        "lines-1-unit_price": "500",
    }
    wrong = client.post(f"/deals/{deal.pk}/lines/", typed)
    assert wrong.status_code == 422
    assert 'value="Training"' in wrong.content.decode()
    right = client.post(f"/deals/{deal.pk}/lines/", {**typed, "lines-1-quantity": "1"})
    assert right.status_code == 303
    assert Deal.objects.get(pk=deal.pk).value_minor == 2_050_000


def test_a_column_shows_thirty_more_without_losing_or_repeating_one(max_):
    deals = [make_deal(owner=max_, value_minor=100 + n % 7) for n in range(60)]
    client = browser(max_)
    shown = re.findall(r'id="deal-(\d+)"', client.get("/deals/").content.decode())
    more = client.get("/deals/")
    for expected in (30, 15):
        link = re.search(r'hx-get="([^"]*cursor=[^"]*)"', more.content.decode())
        assert link is not None
        target = {"HX-Request": "true", "HX-Target": f"cards-{deals[0].stage_id}"}
        more = client.get(link[1].replace("&amp;", "&"), headers=target)
        found = re.findall(r'id="deal-(\d+)"', more.content.decode())
        assert "<html" not in more.content.decode()
        assert len(found) == expected
        shown += found
    assert "cursor=" not in more.content.decode()
    assert len(shown) == len(set(shown)) == 60
    assert client.get("/deals/?column=999999&cursor=x").status_code == 200
    assert client.get("/deals/?pipeline=999999").status_code == 404


@pytest.mark.parametrize(
    ("view", "titles"),
    [
        ("", {"Own", "Theirs", "Silent", "Later"}),
        ("mine", {"Own", "Silent", "Later"}),
        ("stuck", {"Silent"}),
        ("closing", {"Own", "Theirs", "Silent"}),
        ("nonsense", {"Own", "Theirs", "Silent", "Later"}),
    ],
)
def test_the_board_shows_mine_stuck_or_closing(people, view, titles):
    today = clock.today("Asia/Kolkata")
    make_deal(owner=people.max, title="Own")
    make_deal(owner=people.ron, title="Theirs")
    make_deal(owner=people.max, title="Silent", rots_on=today)
    make_deal(owner=people.max, title="Later", expected_close_on=today + timedelta(days=40))
    page = browser(people.max).get(f"/deals/?view={view}").content.decode()
    assert {name for name in ("Own", "Theirs", "Silent", "Later") if f">{name}</a>" in page} == titles


def test_what_the_state_forbids_is_shown_with_its_reason_and_what_the_role_forbids_is_not(people):
    large = make_deal(owner=people.rita, value_minor=10**12)
    page = browser(people.rita).get(large.get_absolute_url()).content.decode()
    assert "need a manager’s approval. Ask for it first." in page
    assert f"/deals/{large.pk}/approval/" in page
    assert f"/deals/{large.pk}/win/" not in page
    assert f"/deals/{large.pk}/reassign/" not in page
    lost = browser(people.max).get(make_deal("lost").get_absolute_url()).content.decode()
    assert "This deal is lost and stays so. Make a new deal instead." in lost
    assert "Only a won deal can be reopened." in lost
    won = make_deal("won", owner=people.rita)
    seen = browser(people.vic).get(won.get_absolute_url()).content.decode()
    assert "Edit what is sold" not in seen


def test_a_stale_approval_says_who_changed_what(people):
    deal = make_deal(owner=people.rita, value_minor=10**12)
    approval = request_approval(deal, actor=as_actor(people.rita))
    update_deal(deal, actor=as_actor(people.rita), value_minor=2 * 10**12)
    answer = browser(people.max).post(f"/approvals/{approval.pk}/approve/")
    assert answer.status_code == 409
    assert "Rita Rep changed the value to ₹20,00,00,00,000" in answer.content.decode()


def test_a_reason_is_one_of_the_usual_or_said_in_words(rita):
    deal = make_deal(owner=rita)
    client, url = browser(rita), f"/deals/{deal.pk}/lose/"
    assert client.post(url, {"reason": "Another reason"}).status_code == 422
    words = {"reason": "A competitor", "detail": "20% cheaper"}
    assert client.post(url, words).status_code == 303
    assert Deal.objects.get().lost_reason == "A competitor: 20% cheaper"
