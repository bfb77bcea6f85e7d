"""A whole house as real processes: web, worker, its own database, a real SMTP server before the door."""

import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from aiosmtpd.controller import Controller

ROOT = Path(__file__).resolve().parents[2]
PREPARED: list[tuple[Path, str, str]] = []  # of this process: data folder, database and people of a prepared house


class Letterbox:
    """An SMTP server that keeps what it accepted; `pause` makes each acceptance slow, for kills in between."""

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause
        self.raw: list[bytes] = []
        self.arrived: list[float] = []
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port(), ready_timeout=20)

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802  (aiosmtpd's name)
        """Keep a message, then answer."""
        import asyncio

        self.raw.append(bytes(envelope.content))
        self.arrived.append(time.time())
        if self.pause:
            await asyncio.sleep(self.pause)
        return "250 kept"

    @property
    def url(self) -> str:
        """The EMAIL_URL of this server."""
        return f"smtp://127.0.0.1:{self.controller.port}"

    def messages(self, **wanted: str) -> list[EmailMessage]:
        """Return the messages whose headers hold the given words, oldest first (to="x", subject="y")."""
        parsed = [message_from_bytes(raw, policy=policy.default) for raw in list(self.raw)]
        return [
            message
            for message in parsed
            if all(text.lower() in str(message[name] or "").lower() for name, text in wanted.items())
        ]


class House:
    """One install in a folder: `start` its processes, kill them, ask its commands."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "house.log"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.env = {
            **{name: value for name, value in os.environ.items() if name not in {"SECRET_KEY", "CRM_PROFILE"}},
            "CRM_DATA_DIR": str(folder / "data"),
            "CRM_PROFILE": "development",
            "SITE_URL": self.url,
            "PYTHONUNBUFFERED": "1",
            "LOG_LEVEL": "WARNING",
            "TRUSTED_PROXIES": "1",
            **settings,
        }
        self.database = ""
        if os.environ.get("DATABASE_URL", "").startswith("postgres"):
            self.database = f"crm_flow_{uuid.uuid4().hex[:10]}"
            address = urlsplit(os.environ["DATABASE_URL"])
            self.env["DATABASE_URL"] = address._replace(path=f"/{self.database}").geturl()
            self._admin_sql(f'CREATE DATABASE "{self.database}"')

    def command(self, *arguments: str) -> str:
        """Run a management command and return what it printed; raises with its errors."""
        result = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        if result.returncode:
            raise AssertionError(f"{arguments}: {result.stdout[-2000:]} {result.stderr[-4000:]}")
        return result.stdout

    def json(self, *arguments: str) -> dict:
        """Run a management command that prints JSON."""
        return json.loads(self.command(*arguments))

    def prepare(self) -> dict:
        """Make the tables and one person per role; returns what seed_roles prints. A second house gets a copy."""
        data = Path(self.env["CRM_DATA_DIR"])
        if not PREPARED:
            self.command("migrate", "--verbosity", "0")
            self.command("createcachetable")
            people = self.command("seed_roles", "--json")
            folder, database = Path(tempfile.mkdtemp(prefix="house-")), f"{self.database}_kept" if self.database else ""
            shutil.copytree(data, folder, dirs_exist_ok=True)
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            if database:
                self._admin_sql(f'CREATE DATABASE "{database}" TEMPLATE "{self.database}"')
                atexit.register(self._admin_sql, f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
            PREPARED.append((folder, database, people))
            return json.loads(people)
        folder, database, people = PREPARED[0]
        shutil.copytree(folder, data, dirs_exist_ok=True)
        if database:
            self._admin_sql(f'DROP DATABASE "{self.database}" WITH (FORCE)')
            self._admin_sql(f'CREATE DATABASE "{self.database}" TEMPLATE "{database}"')
        return json.loads(people)

    def start(self, name: str) -> None:
        """Start "web", "worker", or "serve", which is both."""
        commands = {
            "web": ["-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--port", str(self.port),
                    "--log-level", "warning", "--timeout-graceful-shutdown", "3"],
            "worker": ["manage.py", "worker"],
            "serve": ["manage.py", "serve", "--no-prepare", "--port", str(self.port)],
        }  # fmt: skip
        with self.log.open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *commands[name]],
                cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        if name != "worker":
            wait_for(lambda: self._answers(), 60, lambda: f"the web did not start: {self.tail()}")

    def kill(self, name: str) -> None:
        """kill -9 a process and everything below it."""
        process = self.processes.pop(name)
        for pid in descendants(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(10)

    def stop(self) -> None:
        """End everything and drop the database."""
        for name in list(self.processes):
            self.kill(name)
        if self.database:
            self._admin_sql(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')

    def sign_in(self, email: str, password: str) -> httpx2.Client:
        """Return a browser-like client that is signed in."""
        client = httpx2.Client(base_url=self.url, timeout=30, follow_redirects=False)
        client.get("/accounts/login/")
        answer = client.post(
            "/accounts/login/",
            data={"login": email, "password": password, "csrfmiddlewaretoken": client.cookies["csrftoken"]},
        )
        assert answer.status_code == 302, f"{email} could not sign in: {answer.status_code}"
        return client

    def tail(self) -> str:
        """Return the end of the log."""
        return self.log.read_text()[-3000:] if self.log.exists() else ""

    def _answers(self) -> bool:
        with contextlib.suppress(httpx2.HTTPError):
            return httpx2.get(f"{self.url}/healthz", timeout=2).status_code == 200
        return False

    def _admin_sql(self, statement: str) -> None:
        import psycopg

        address = urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres").geturl()
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement)


def post(client: httpx2.Client, path: str, **data: str) -> httpx2.Response:
    """Post a form as a page does, with the token of the cookie."""
    return client.post(path, data={**data, "csrfmiddlewaretoken": client.cookies["csrftoken"]})


def wait_for(ask, seconds: float, message="it did not happen"):
    """Ask until the answer is true; returns it, or fails with the message (text, or a function of it)."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(message() if callable(message) else message)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def descendants(pid: int) -> list[int]:
    """Return a process and all below it, deepest last."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            tasks = Path(f"/proc/{parent}/task").iterdir()
            for task in tasks:
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


@contextlib.contextmanager
def house(folder: Path, letterbox: Letterbox | None = None, **settings: str) -> Iterator[House]:
    """Run a house with its letterbox; everything is gone afterwards."""
    if letterbox is not None:
        letterbox.controller.start()
        settings["EMAIL_URL"] = letterbox.url
    running = House(folder, **settings)
    try:
        yield running
    finally:
        running.stop()
        if letterbox is not None:
            letterbox.controller.stop()
