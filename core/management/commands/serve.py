"""Web and worker under one roof: what `make run` and the container start.

Both are forked from one process that has loaded everything once, so that they share its memory.
"""

import contextlib
import ctypes
import gc
import multiprocessing
import os
import signal
import socket
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.urls import get_resolver

from core.health import copy_is_released
from core.quarantine import unfinished

START_SECONDS = 60
GRACE_SECONDS = 30
RESTART_SECONDS = 2
PREPARATIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("migrate", {"interactive": False, "verbosity": 0}),
    ("createcachetable", {"verbosity": 0}),
    ("starter_set", {}),
    ("first_admin", {}),
)
"""What must be in the database before anyone can sign in; each does nothing when it is there."""


class Command(BaseCommand):
    """Prepares the database, starts both processes, ends both on SIGTERM or SIGINT."""

    help = "Prepare the database, then run web and worker until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer the address to listen on."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument("--no-prepare", action="store_true", help="start without migrating")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until told to stop; exit code 1 when the web process ended by itself."""
        if unfinished().exists():
            raise CommandError(copy_is_released()[1])
        host, port = options["host"], options["port"]
        with_environment(PORT=str(port), **mac_needs())
        self.stopping = False
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(name, self.stop)
        self.refuse_busy_port(host, port)
        if not options["no_prepare"]:
            self.prepare()
        web = self.start("web", lambda: serve_pages(host, port))
        worker = self.start("worker", lambda: call_command("worker"))
        try:
            self.announce(web, host, port)
            while not self.stopping and web.is_alive():
                if not worker.is_alive():
                    text = f"The worker ended (code {worker.exitcode}); starting it again."
                    self.stderr.write(text)
                    self.rest(RESTART_SECONDS)
                    worker = self.start("worker", lambda: call_command("worker"))
                self.rest(1)
        finally:
            died = not web.is_alive()
            self.end(web, worker)
        if died:
            raise CommandError("The web process ended by itself; its last lines are above.")
        self.stdout.write("Stopped.")

    def refuse_busy_port(self, host: str, port: int) -> None:
        """Say which port is taken, before anything is started."""
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise CommandError(
                    f"Port {port} on {host} is not free ({error.strerror}). Choose another: make run PORT={port + 1}"
                ) from error

    def prepare(self) -> None:
        """Bring the database up to this version, in a process that takes what it loaded along when it ends."""
        preparing = self.start("prepare", lambda: prepare(self.stdout, self.stderr), session=False)
        preparing.join()
        if preparing.exitcode:
            raise CommandError("The database could not be prepared; the lines above say why.")

    def start(self, name: str, live: Callable[[], object], *, session: bool = True) -> BaseProcess:
        """Fork a child, which shares what is loaded already; in a session of its own Ctrl-C reaches it through us."""
        connections.close_all()  # a connection cannot be shared
        get_resolver().url_patterns  # noqa: B018 - the pages, once for all
        gc.collect()
        gc.freeze()  # the collector would copy every page that it looks at

        def begin() -> None:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            if session:
                os.setsid()
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(15, f"crm-{name}".encode())  # PR_SET_NAME, prctl(2)
            live()

        child = multiprocessing.get_context("fork").Process(target=begin)
        child.start()
        return child

    def announce(self, web: BaseProcess, host: str, port: int) -> None:
        """Print the address once it answers."""
        local = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  (only compared)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and web.is_alive() and not self.stopping:
            with contextlib.suppress(OSError):
                with socket.create_connection((local, port), timeout=1):
                    pass
                self.stdout.write(f"Ready: {settings.SITE_URL}/  (stop with Ctrl-C)")
                self.stdout.flush()
                return
            self.rest(0.2)

    def rest(self, seconds: float) -> None:
        """Sleep, but wake when told to stop."""
        end = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < end:
            time.sleep(0.1)

    def end(self, *children: BaseProcess) -> None:
        """Ask the children to finish what they have in hand, then end what is left."""
        for child in children:
            child.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in children:
            child.join(max(deadline - time.monotonic(), 0.1))
            child.kill()

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """Remember that we were told to stop."""
        self.stopping = True


def prepare(stdout: Any, stderr: Any) -> None:
    """Run each preparation; each does nothing when it is done."""
    known = get_commands()
    for name, arguments in PREPARATIONS:
        if name in known:
            call_command(name, stdout=stdout, stderr=stderr, **arguments)


def serve_pages(host: str, port: int) -> None:
    """Be the web process; our settings, not its own, say which proxy is trusted."""
    uvicorn.run(
        "config.asgi:application", host=host, port=port, access_log=False, server_header=False, proxy_headers=False,
        log_level="warning", timeout_graceful_shutdown=20,
    )  # fmt: skip


def mac_needs() -> dict[str, str]:
    """Return what macOS reads only at the start of a process: where Homebrew's libraries are, and that we may fork."""
    if sys.platform != "darwin":
        return {}
    found = {"DYLD_FALLBACK_LIBRARY_PATH": "/opt/homebrew/lib:/usr/local/lib"}
    return {"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"} | ({} if found.keys() & os.environ.keys() else found)


def with_environment(**wanted: str) -> None:
    """Start this command anew when its environment lacks something that is read only at the start."""
    if not wanted.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **wanted})  # noqa: S606 - ourselves
