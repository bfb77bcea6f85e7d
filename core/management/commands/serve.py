"""Web and worker under one roof: what `make run` and the container start."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError

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
        self.stopping = False
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(name, self.stop)
        host, port = options["host"], options["port"]
        self.refuse_busy_port(host, port)
        if not options["no_prepare"]:
            self.prepare()
        web = self.start_web(host, port)
        worker = self.start("worker")
        try:
            self.announce(web, host, port)
            while not self.stopping and web.poll() is None:
                if worker.poll() is not None:
                    text = f"The worker ended (code {worker.returncode}); starting it again."
                    self.stderr.write(text)
                    self.rest(RESTART_SECONDS)
                    worker = self.start("worker")
                self.rest(1)
        finally:
            died = web.poll() is not None
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
                    f"Port {port} on {host} is not free ({error.strerror}). "
                    f"Choose another: make run PORT={port + 1}"
                ) from error

    def prepare(self) -> None:
        """Bring the database up to this version; each step does nothing when it is done."""
        known = get_commands()
        for name, arguments in PREPARATIONS:
            if name in known:
                call_command(name, stdout=self.stdout, stderr=self.stderr, **arguments)

    def start_web(self, host: str, port: int) -> subprocess.Popen[bytes]:
        """Start the web server; our settings, not its own, say which proxy is trusted."""
        command = [sys.executable, "-m", "uvicorn", "config.asgi:application"]
        command += ["--host", host, "--port", str(port), "--no-access-log", "--no-server-header"]
        command += ["--no-proxy-headers", "--log-level", "warning"]
        command += ["--timeout-graceful-shutdown", "20"]
        return self.spawn(command, {"PORT": str(port)})

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start another of our commands."""
        return self.spawn([sys.executable, sys.argv[0], name], {})

    def spawn(self, command: list[str], extra: dict[str, str]) -> subprocess.Popen[bytes]:
        """Start a child in a session of its own, so that Ctrl-C reaches it only through us."""
        environment = {**os.environ, **extra}
        if sys.platform == "darwin" and shutil.which("brew"):
            environment.setdefault("DYLD_FALLBACK_LIBRARY_PATH", "/opt/homebrew/lib:/usr/local/lib")
        return subprocess.Popen(command, start_new_session=True, env=environment)

    def announce(self, web: subprocess.Popen[bytes], host: str, port: int) -> None:
        """Print the address once it answers."""
        local = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  (only compared)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and web.poll() is None and not self.stopping:
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

    def end(self, *children: subprocess.Popen[bytes]) -> None:
        """Ask the children to finish what they have in hand, then end what is left."""
        for child in children:
            child.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in children:
            try:
                child.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                child.kill()

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """Remember that we were told to stop."""
        self.stopping = True
