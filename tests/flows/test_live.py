"""Live lines over real sockets: changes arrive at once, by right, and each line ends with the right to it."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2
import pytest

from tests.crm.test_conflict import TRIALS
from tests.flows.running import House, house, post

pytestmark = [pytest.mark.slow]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SOON = 2.0  # s; the poller looks four times a second
END = 5.0  # s; the bar for a line whose reader lost the right to it


class Heard:
    """What one open line said, and when it closed."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, dict]] = []
        self.status = 0
        self.closed_at = 0.0

    def names(self) -> list[str]:
        return [data.get("event", kind) for kind, data in self.messages]

    def reason(self) -> str:
        return next((data["reason"] for kind, data in self.messages if kind == "end"), "")

    def until(self, ask: Callable[[], object], seconds: float) -> float:
        """Wait until `ask` is true; returns how long that took."""
        began = time.monotonic()
        while not ask():
            assert time.monotonic() < began + seconds, self.messages
            time.sleep(0.02)
        return time.monotonic() - began


@contextmanager
def listening(client: httpx2.Client, address: str, **headers: str) -> Iterator[Heard]:
    """Hold a line open while the block runs."""
    heard = Heard()

    def listen() -> None:
        kind = ""
        try:
            with client.stream("GET", address, timeout=60, headers=headers) as answer:
                heard.status = answer.status_code
                for line in answer.iter_lines():
                    if line.startswith("event: "):
                        kind = line.removeprefix("event: ")
                    elif line.startswith("data: "):
                        heard.messages.append((kind, json.loads(line.removeprefix("data: "))))
        except (httpx2.HTTPError, RuntimeError):
            pass
        heard.closed_at = time.monotonic()

    threading.Thread(target=listen, daemon=True).start()
    heard.until(lambda: heard.messages or heard.closed_at, 10)
    yield heard


class Scene:
    """A running house with its cast, a lead of Rita's, and a key of Ada's."""

    def __init__(self, running: House) -> None:
        self.house = running
        users = running.prepare()["users"]
        self.cast = {entry["email"].partition("@")[0]: entry for entry in users}
        running.start("web")
        self.ada = httpx2.Client(base_url=f"{running.url}/api/v1/crm", timeout=30, headers=self.key("ada"))
        body = {"email": "a@lead.example", "owner": self.cast["rita"]["id"]}
        self.lead = self.ada.post("/leads", json=body).json()["id"]

    def key(self, short: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.cast[short]['api_key']}"}

    def browser(self, short: str) -> httpx2.Client:
        return self.house.sign_in(self.cast[short]["email"], self.cast[short]["password"])

    def change(self, step: str) -> None:
        answer = self.ada.patch(f"/leads/{self.lead}", json={"next_step": step})
        assert answer.status_code == 200, answer.text

    def shell(self, code: str) -> None:
        self.house.command("shell", "-v", "0", "-c", code)


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Iterator[Scene]:
    with house(tmp_path_factory.mktemp("live")) as running:
        yield Scene(running)


def test_a_change_reaches_pages_and_programs_by_right(scene):
    rita, ron = scene.browser("rita"), scene.browser("ron")
    assert ron.get(f"/live/lead:{scene.lead}/").status_code == 404
    assert httpx2.get(f"{scene.house.url}/live/leads/").status_code == 302
    program = httpx2.Client(base_url=scene.house.url, headers=scene.key("max"))
    pipeline = "/api/v1/crm/live/org:main:crm:pipeline"
    with (
        listening(rita, f"/live/lead:{scene.lead}/") as page,
        listening(rita, "/live/leads/") as rows,
        listening(ron, "/live/leads/") as other,
        listening(program, pipeline) as board,
    ):
        scene.change("Visit")
        for heard in (page, rows, board):
            assert heard.until(lambda one=heard: "lead.updated" in one.names(), SOON) < SOON
        time.sleep(0.5)
        assert other.names() == ["open"]
        assert httpx2.get(scene.house.url + pipeline, headers=scene.key("vic")).status_code == 403


def test_a_reader_goes_on_where_the_line_broke(scene):
    rita = scene.browser("rita")
    with listening(rita, "/live/leads/") as heard:
        scene.change("One")
        heard.until(lambda: "lead.updated" in heard.names(), SOON)
    last = rita.get("/live/leads/?poll=1").json()["last"]
    scene.change("Two")
    with listening(rita, "/live/leads/", **{"Last-Event-ID": str(last)}) as again:
        again.until(lambda: "lead.updated" in again.names(), SOON)


@pytest.mark.parametrize("what", ["sign out", "roles", "share", "deactivate", "key"])
def test_a_line_ends_within_five_seconds_of_the_loss(scene, what):
    short = {"sign out": "rita", "key": "max", "roles": "mia", "deactivate": "vic"}.get(what, "ron")
    address = "/live/leads/"
    if what == "key":
        client = httpx2.Client(base_url=scene.house.url, headers=scene.key("max"))
        address = "/api/v1/crm/live/leads"
    else:
        client = scene.browser(short)
    if what == "share":
        body = {"user": scene.cast["ron"]["id"], "may": "read"}
        assert scene.ada.post(f"/leads/{scene.lead}/share", json=body).status_code == 200
        address = f"/live/lead:{scene.lead}/"
    with listening(client, address) as heard:
        assert heard.status == 200
        pk = scene.cast[short]["id"]
        if what == "sign out":
            post(client, "/accounts/logout/")
        elif what == "share":
            body = {"user": scene.cast["ron"]["id"]}
            assert scene.ada.post(f"/leads/{scene.lead}/unshare", json=body).status_code == 200
        else:
            call = {
                "roles": "people.change_roles(user, actor=Actor.system(), roles=['viewer'])",
                "deactivate": "people.deactivate_user(user, actor=Actor.system())",
                "key": f"[api_keys.revoke_api_key(k, actor=Actor.system()) for k in ApiKey.objects.filter(user={pk})]",
            }[what]
            scene.shell(
                "from accounts.actions import api_keys, people; from accounts.actor import Actor;"
                f"from accounts.models import ApiKey, User; user = User.objects.get(pk={pk}); {call}"
            )
        assert heard.until(lambda: heard.closed_at, END) < END
        assert heard.reason() == ("rights-changed" if what in {"roles", "share"} else "signed-out")


def test_one_process_serves_many_lines(scene):
    program = {"base_url": scene.house.url, "headers": scene.key("rita"), "timeout": 60}
    with httpx2.Client(**program, limits=httpx2.Limits(max_connections=100)) as client:
        lines = [listening(client, "/api/v1/crm/live/leads") for _ in range(60)]
        heard = [line.__enter__() for line in lines]
        scene.change("Many")
        for one in heard:
            one.until(lambda line=one: "lead.updated" in line.names(), SOON * 2)


@pytest.mark.skipif(not CHROMIUM, reason="needs Chromium on the PATH")
def test_open_pages_change_without_a_reload_and_hidden_ones_hold_no_line(scene):
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = chromium.new_context()
        cookies = scene.browser("max").cookies.items()
        context.add_cookies([{"name": name, "value": text, "url": scene.house.url} for name, text in cookies])
        page, asked = context.new_page(), []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{scene.house.url}/leads/")
        page.wait_for_load_state("load")
        scene.change("Bring the brochure")
        page.wait_for_selector("#rows >> text=Bring the brochure", timeout=10_000)
        page.check("#rows input[name=pk] >> nth=0")
        scene.change("Ask for the budget")
        page.click("#news", timeout=10_000)
        page.wait_for_selector("#rows >> text=Ask for the budget", timeout=10_000)
        assert len([url for url in asked if "/live/" in url]) == 1
        for hidden in ("true", "false"):
            page.evaluate(
                f"Object.defineProperty(document, 'hidden', {{get: () => {hidden}, configurable: true}});"
                "document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))"
            )
            if hidden == "true":
                asked.clear()
                scene.change("Send the contract")
                page.wait_for_timeout(1_500)
                assert asked == []
        page.wait_for_selector("#rows >> text=Send the contract", timeout=10_000)
        chromium.close()


def test_no_update_of_four_processes_is_lost(scene):
    scene.change("0")
    work = (
        "from accounts.actor import Actor; from tests.crm.test_conflict import add_one;"
        f"[add_one({scene.lead}, Actor.system(), [0]) for _ in range({TRIALS // 4})]"
    )
    workers = [threading.Thread(target=scene.shell, args=(work,)) for _ in range(4)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    assert scene.ada.get(f"/leads/{scene.lead}").json()["next_step"] == str(TRIALS // 4 * 4)
