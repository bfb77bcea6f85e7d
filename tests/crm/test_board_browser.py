"""The board in a real browser: by mouse, by keyboard and by two taps; what is refused goes back and says why."""

from contextlib import contextmanager

import pytest

from crm.actions.processes import make_playbooks, start_process
from crm.models import Deal, Playbook
from tests.factories.crm import SYSTEM, make_deal, make_pipeline
from tests.house.browsing import CHROMIUM, MARKS
from tests.people import browser

pytestmark = MARKS


@contextmanager
def board_of(user, live_server, **screen):
    """Open the board as this person."""
    playwright = pytest.importorskip("playwright.sync_api")
    cookie = browser(user).cookies["sessionid"].value
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = chromium.new_context(**({"viewport": {"width": 1440, "height": 900}} | screen))
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{live_server.url}/deals/")
        page.wait_for_load_state("networkidle")
        yield page
        chromium.close()
        assert errors == []


@pytest.fixture(autouse=True)
def unsafe(monkeypatch):
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


def centre(page, selector):
    box = page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + min(60, box["height"] / 2)


def drag(page, card, to):
    page.mouse.move(*centre(page, card))
    page.mouse.down()
    page.mouse.move(*centre(page, to), steps=8)
    page.mouse.up()


def test_a_card_is_dragged_and_the_move_is_taken_back(rita, live_server):
    deal = make_deal(owner=rita)
    first, second = make_pipeline().stages.order_by("order")[:2]
    card = f"#deal-{deal.pk}"
    with board_of(rita, live_server) as page:
        drag(page, card, f"#c{second.pk}")
        page.wait_for_selector("#toasts form button")
        assert page.locator(f"#c{second.pk} {card}").count() == 1
        page.wait_for_selector(f"#h{second.pk} .n:text-is('1')")
        assert Deal.objects.get().stage == second
        page.click("#toasts form button")
        page.wait_for_selector(f"#c{first.pk} {card}")
        page.wait_for_selector(f"#h{first.pk} .n:text-is('1')")
        assert Deal.objects.get().stage == first


def test_a_refused_card_goes_back_and_the_toast_says_what_would_help(rita, live_server):
    deal = make_deal(owner=rita)
    make_playbooks(actor=SYSTEM)
    start_process(deal, actor=SYSTEM, playbook=Playbook.objects.get(key="SALES_PROCESS"))
    first, second = make_pipeline().stages.order_by("order")[:2]
    card = f"#deal-{deal.pk}"
    with board_of(rita, live_server) as page:
        page.mouse.move(*centre(page, card))
        page.mouse.down()
        page.mouse.move(*centre(page, f"#c{second.pk}"), steps=8)
        assert page.locator(f"#c{second.pk}.shut").count() == 1
        page.mouse.up()
        page.wait_for_selector("#toasts:has-text('first')")
        assert "Finish the tasks of “Discovery” first" in page.inner_text("#toasts")
        page.wait_for_selector(f"#c{first.pk} {card}")
    assert Deal.objects.get().stage == first


def test_keys_pick_up_move_announce_and_put_back(rita, live_server):
    deal = make_deal(owner=rita)
    stages = list(make_pipeline().stages.order_by("order"))
    with board_of(rita, live_server) as page:
        page.focus(f"#deal-{deal.pk} h3 a")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        assert page.inner_text("#board-say") == "Proposal, 2 of 6"
        page.keyboard.press("Escape")
        assert "back in Discovery" in page.inner_text("#board-say")
        for key in ("Space", "ArrowRight", "ArrowRight", "Space"):
            page.keyboard.press(key)
        page.wait_for_selector("#toasts form button")
        assert Deal.objects.get().stage == stages[2]
        page.keyboard.press("m")
        page.keyboard.press("Enter")
        page.wait_for_selector("#toasts:has-text('moved to Discovery')")
        assert Deal.objects.get().stage == stages[0]


def test_won_asks_for_what_is_missing_and_cancel_returns_the_card(rita, live_server):
    deal = make_deal(owner=rita)
    card = f"#deal-{deal.pk}"
    with board_of(rita, live_server) as page:
        drag(page, card, "#c0")
        page.wait_for_selector("#sheet[open] [name=closed_on]")
        page.keyboard.press("Escape")
        page.wait_for_selector(f"#c{deal.stage_id} {card}")
        assert Deal.objects.get().status == "open"
        drag(page, card, "#c0")
        page.wait_for_selector("#sheet[open] [name=closed_on]")
        page.click("#sheet [type=submit]")
        page.wait_for_selector(f"#c0 {card}")
        page.wait_for_selector("#h0 .n:text-is('1')")
    assert Deal.objects.get().status == "won"


def test_on_a_phone_a_deal_moves_in_two_taps(rita, live_server):
    deal = make_deal(owner=rita)
    second = make_pipeline().stages.order_by("order")[1]
    phone = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
    with board_of(rita, live_server, **phone) as page:
        button = page.locator(f"#deal-{deal.pk} .mv")
        assert button.bounding_box()["height"] >= 44
        button.tap()
        page.tap(f"#mv [data-to='{second.pk}']")
        page.wait_for_selector("#toasts form button")
        sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(sideways) == 0
    assert Deal.objects.get().stage == second
