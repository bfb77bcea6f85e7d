"""Fifty people press the same time at once: one gets it, the others read what is free next."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.flows.running import House, house

pytestmark = pytest.mark.slow
CROWD = 50
PAGE = {"slug": "rita", "title": "Meet Rita", "lengths": [30], "buffer_minutes": 10, "notice_hours": 1,
        "horizon_days": 20, "is_active": True}  # fmt: skip


def test_one_of_fifty_gets_the_time_and_the_others_read_the_next_ones(tmp_path):
    with house(tmp_path) as running:
        people = {one["email"].split("@")[0]: one for one in running.prepare()["users"]}
        key = {"Authorization": f"Bearer {people['rita']['api_key']}"}
        running.start("web")
        made = httpx2.post(f"{running.url}/api/v1/crm/booking-pages", json=PAGE, headers=key)
        assert made.status_code == 201, made.text
        guests = [Guest(running, number) for number in range(CROWD)]
        start = threading.Barrier(CROWD)
        with ThreadPoolExecutor(CROWD) as crowd:
            answers = list(crowd.map(lambda guest: guest.press(start), guests))
        assert sorted(answer.status_code for answer in answers) == [303] + [409] * (CROWD - 1)
        at = guests[0].at
        for answer in answers:
            if answer.status_code == 409:
                assert "not free any more" in answer.text
                assert at not in answer.text
                assert times_in(answer.text), "nothing else is offered"
        week = f"{running.url}/api/v1/crm/calendar?from={at[:10]}&to={at[:10]}"
        (meeting,) = httpx2.get(week, headers=key).json()["results"]
        assert (meeting["type"], meeting["actor"]["name"]) == ("meeting", people["rita"]["name"])


class Guest:
    """A visitor with an address of their own, who looks at the page first."""

    def __init__(self, running: House, number: int) -> None:
        headers = {"X-Forwarded-For": f"203.0.113.{number}"}
        self.browser = httpx2.Client(base_url=running.url, timeout=120, headers=headers)
        page = self.browser.get("/book/rita/?zone=UTC")
        assert page.status_code == 200, page.text[:600]
        self.at = times_in(page.text)[0]
        self.data = {"at": self.at, "zone": "UTC", "length": "30", "name": f"Guest {number}",
                     "email": f"guest{number}@acme.in"}  # fmt: skip
        self.browser.get("/book/rita/", params=self.data)  # whose form brings the cookie

    def press(self, start: threading.Barrier) -> httpx2.Response:
        """Book the first time, together with all others."""
        token = self.browser.cookies["csrftoken"]
        start.wait(120)
        return self.browser.post("/book/rita/", data=self.data | {"csrfmiddlewaretoken": token})


def times_in(text: str) -> list[str]:
    """Return the times that a page offers."""
    return re.findall(r'name="at" value="([^"]+)">\d\d:\d\d</button>', text)
