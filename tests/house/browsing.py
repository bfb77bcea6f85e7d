"""One Chromium, people who are signed in by cookie, and axe: what the browser tests stand on."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from tests.people import browser

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
MARKS = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium on the PATH"),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="a browser sees no database: SQLite's round walks here"),
    pytest.mark.django_db(transaction=True),
]
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True
}  # fmt: skip
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DARK = ["color-contrast", "link-in-text-block"]
AXE = """async ([tags, only, within]) => {
  const run = only.length ? {type: 'rule', values: only} : {type: 'tag', values: tags};
  // Axe does not know the top layer: it takes what stands below a menu for what covers it.
  const rules = only.length ? {} : {'target-size': {enabled: within === 'html'}};
  const found = await axe.run(within, {runOnly: run, rules, resultTypes: ['violations']});
  const why = n => [...n.any, ...n.all, ...n.none].map(c => c.message).join(' ').slice(0, 160);
  return found.violations.map(
    v => `${v.id}: ${v.nodes.slice(0, 3).map(n => `${n.target.join(' ')} ${why(n)}`).join(' | ')}`);
}"""
SETTLED = """() => document.readyState === 'complete' && !document.querySelector('.htmx-request')"""
SIDEWAYS = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  return [...document.querySelectorAll('main *')]
    .filter(e => e.getBoundingClientRect().right > root.clientWidth).map(e => e.outerHTML.slice(0, 80)).slice(-2);
}"""

TWICE = """() => {
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  return ids.filter((id, at) => ids.indexOf(id) !== at);
}"""


def axe_script() -> str:
    """Return axe-core as its package brings it."""
    package = pytest.importorskip("axe_playwright_python")
    return str(Path(package.__file__).with_name("axe.min.js"))


@contextmanager
def chromium() -> Iterator[Any]:
    """Start Chromium for the block."""
    playwright = pytest.importorskip("playwright.sync_api")
    with pytest.MonkeyPatch.context() as patch, playwright.sync_playwright() as driver:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the driver runs a loop in this thread
        yield driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@contextmanager
def tab_of(machine: Any, user: User | None, url: str, **screen: Any) -> Iterator[Any]:
    """Open a tab in which this person is signed in; the block fails when a page in it had an error."""
    context = machine.new_context(**{"reduced_motion": "reduce", "service_workers": "block"} | screen)
    context.add_init_script(path=axe_script())
    if user is not None:
        cookie = browser(user).cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    page.on("console", lambda said: is_error(said) and wrong.append(f"{page.url}: {said.text}"))
    page.on("request", lambda asked: foreign(asked.url, url) and wrong.append(f"asks {asked.url}"))
    yield page
    context.close()
    assert wrong == [], wrong


def is_error(said: Any) -> bool:
    """Whether the console tells of an error; a refusal, or a network that was taken away, is none."""
    return said.type == "error" and not re.search(
        r"status of (4|503)|htmx:sendError|htmx:afterRequest|net::ERR_", said.text
    )


def foreign(address: str, ours: str) -> bool:
    """Whether an address leads to another host."""
    return not address.startswith((ours, "data:", "blob:", "about:", "tel:"))


def axe(page: Any, *only: str, within: str = "html") -> list[str]:
    """Return what axe finds on the page as it stands, or within a part: by every rule, or by these."""
    return page.evaluate(AXE, [TAGS, list(only), within])


def go(page: Any, address: str) -> None:
    """Open a page, with the parts that it fetches itself."""
    page.goto(address, wait_until="load")
    page.wait_for_function(SETTLED)


def follow(page: Any, selector: str) -> None:
    """Press what leads to another page, and wait until that page is there."""
    with page.expect_navigation(wait_until="load"):
        page.click(selector)


def until(holds: Callable[[], object], seconds: float = 10) -> None:
    """Wait until something holds that no page shows; the test fails when it does not in time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.05)
