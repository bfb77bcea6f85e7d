"""The worker: supervises the queue's processes, sweeps for forgotten rows, runs the jobs on the clock."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from core import clock, jobs, relay
from core.models import Heartbeat

SWEEP_SECONDS = 5
GRACE_SECONDS = 25


class Command(BaseCommand):
    """Start with `manage.py worker`; several may run, on several machines."""

    help = "Deliver events, send messages, run jobs. Needs no arguments."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT; restarts the cluster whenever it ends by itself."""
        self.stopping = False
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        name = f"{socket.gethostname()}:{os.getpid()}"
        cluster = self.start_cluster()
        swept = 0.0
        try:
            while not self.stopping:
                if cluster.poll() is not None:
                    self.kill_group(cluster)
                    self.stderr.write("The queue's processes ended; starting them again.")
                    cluster = self.start_cluster()
                if time.monotonic() - swept >= SWEEP_SECONDS:
                    swept = time.monotonic()
                    self.sweep(name)
                time.sleep(0.25)
        finally:
            self.end_cluster(cluster)
            with contextlib.suppress(Exception):
                Heartbeat.objects.filter(name=name).delete()

    def sweep(self, name: str) -> None:
        """Show that this worker lives, run due jobs, ring for due rows; a database restart is waited out."""
        try:
            close_old_connections()
            Heartbeat.objects.update_or_create(name=name, defaults={"at": clock.now()})
            jobs.tick()
            if relay.due().exists():
                jobs.ring()
        except Exception as error:
            self.stderr.write(f"Sweep failed, trying again: {type(error).__name__}: {error}")

    def start_cluster(self) -> subprocess.Popen[bytes]:
        """Start the queue's processes in a group of their own, so that all of them can be ended."""
        return subprocess.Popen(
            [sys.executable, sys.argv[0], "cluster"],
            start_new_session=True,
            env={**os.environ, "CRM_PARENT": str(os.getpid())},
        )

    def end_cluster(self, cluster: subprocess.Popen[bytes]) -> None:
        """Let the work in hand finish, then end what is left."""
        cluster.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            cluster.wait(GRACE_SECONDS)
        self.kill_group(cluster)

    def kill_group(self, cluster: subprocess.Popen[bytes]) -> None:
        """End every process of the group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(cluster.pid, signal.SIGKILL)

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """Ask the loop to end."""
        self.stopping = True
