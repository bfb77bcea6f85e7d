"""The live line over a real socket: it says that something changed, and ends with the right to see it."""

import threading
import time

import httpx2
import pytest

from tests.flows.running import house

pytestmark = [pytest.mark.slow]


def test_a_change_reaches_the_open_page_and_the_line_ends_with_the_session(tmp_path):
    with house(tmp_path) as running:
        cast = {entry["email"].partition("@")[0]: entry for entry in running.prepare()["users"]}
        running.start("web")
        key = {"Authorization": f"Bearer {cast['ada']['api_key']}"}
        body = {"email": "a@lead.example", "owner": cast["rita"]["id"]}
        made = httpx2.post(f"{running.url}/api/v1/crm/leads", json=body, headers=key).json()
        rita = running.sign_in(cast["rita"]["email"], cast["rita"]["password"])
        ron = running.sign_in(cast["ron"]["email"], cast["ron"]["password"])
        address = f"/live/leads/{made['id']}/"
        assert ron.get(address).status_code == 404
        assert httpx2.get(running.url + address).status_code == 302
        lines: list[str] = []

        def listen() -> None:
            with rita.stream("GET", address, timeout=30) as answer:
                lines.extend(answer.iter_lines())
            lines.append("closed")

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        time.sleep(1.5)
        httpx2.patch(
            f"{running.url}/api/v1/crm/leads/{made['id']}", json={"city": "Pune"}, headers=key
        )
        until(lambda: "event: change" in lines, 4, lines)
        running.command(
            "shell",
            "-v",
            "0",
            "-c",
            "from django.contrib.sessions.models import Session\nSession.objects.all().delete()",
        )
        until(lambda: "closed" in lines, 8, lines)
        assert "event: end" in lines


def until(ask, seconds: float, lines: list[str]) -> None:
    end = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < end, lines
        time.sleep(0.05)
