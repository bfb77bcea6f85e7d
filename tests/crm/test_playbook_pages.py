"""The editor of a playbook works by plain buttons; nothing is saved before Save."""

import re

import pytest

from crm.actions.processes import make_playbooks
from crm.models import Playbook
from tests.people import SYSTEM, browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def book(people):
    make_playbooks(actor=SYSTEM)
    return Playbook.objects.get(key="SALES_PROCESS")


def form_of(answer) -> dict[str, list[str]]:
    """What a browser would send of the form as it stands."""
    html = answer.content.decode().partition('id="playbook"')[2]
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", html):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or "checked" in tag):
            sent.setdefault(name[1], []).append(value[1] if value else "on")
    for name, inside in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', inside) or re.search(r'value="([^"]*)"', inside)
        sent[name] = [chosen[1]]
    sent.pop("csrfmiddlewaretoken", None)
    sent["was"] = [sent["was"][0].replace("&quot;", '"')]
    return sent


def test_saving_what_is_shown_changes_nothing(book, people):
    client, before = browser(people.ada), book.steps
    path = f"/settings/playbooks/{book.pk}/"
    assert client.post(path, form_of(client.get(path))).status_code == 303
    book.refresh_from_db()
    assert [{**step, "tasks": len(step["tasks"])} for step in book.steps] == [
        {"guard": "", **step, "tasks": len(step["tasks"])} for step in before
    ]


def test_steps_and_tasks_are_added_moved_and_removed_and_saved_together(book, people):
    client = browser(people.ada)
    path, names = f"/settings/playbooks/{book.pk}/", [step["name"] for step in book.steps]
    sent = form_of(client.get(path))
    for do in ("down:0", "remove:2", "add", "add:3", "remove:0:0"):
        sent = form_of(client.post(path, sent | {"do": do}))
    assert Playbook.objects.get(pk=book.pk).steps == book.steps
    sent |= {"s3-name": ["Hand over"], "s3-guard": ["previous_done"], "s3t0-subject": ["Say hello"]}
    assert client.post(path, sent).status_code == 303
    steps = Playbook.objects.get(pk=book.pk).steps
    assert [step["name"] for step in steps] == [names[1], names[0], names[3], "Hand over"]
    assert (steps[3]["key"], steps[3]["guard"]) == ("hand-over", "previous_done")
    assert steps[3]["tasks"][0]["subject"] == "Say hello"
    assert len(steps[0]["tasks"]) == 2


def test_what_is_wrong_is_said_beside_it_and_what_was_typed_stays(book, people):
    client, path = browser(people.ada), f"/settings/playbooks/{book.pk}/"
    sent = form_of(client.get(path)) | {"s0-name": [""], "s0t0-days": ["soon"], "s1-name": ["Offer"]}
    answer = client.post(path, sent)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="soon"' in text and 'value="Offer"' in text and 'aria-invalid="true"' in text
    assert Playbook.objects.get(pk=book.pk).steps == book.steps


@pytest.mark.parametrize("do", ["up:99", "remove:-1", "add:99", "fly:0", "up:", "remove:0:99", "::"])
def test_odd_buttons_change_nothing(book, people, do):
    client, path = browser(people.ada), f"/settings/playbooks/{book.pk}/"
    sent = form_of(client.get(path))
    assert form_of(client.post(path, sent | {"do": do})) == sent
