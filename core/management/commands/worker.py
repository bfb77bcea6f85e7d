"""The worker: supervises the queue's processes, sweeps for forgotten rows, runs the jobs on the clock."""

import contextlib
import gc
import logging
import multiprocessing
import os
import secrets
import signal
import socket
import threading
import time
from datetime import timedelta
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from types import FrameType
from typing import Any, cast

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import close_old_connections, connections
from django.urls import get_resolver

from core import clock, jobs, relay
from core.models import Heartbeat

SWEEP_SECONDS = 5
GRACE_SECONDS = 25
STUCK = timedelta(seconds=30)
SURE = 3  # sweeps: with a long queue, nothing may be in hand for a moment
HANDS = 4  # jobs at a time: one that hangs delays no other, nor the sweep


class Command(BaseCommand):
    """Start with `manage.py worker`; several may run, on several machines."""

    help = "Deliver events, send messages, run jobs. Needs no arguments."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT; restarts the cluster when it ends by itself or answers no ring."""
        self.stopping, self.stuck = False, 0  # sweeps in a row
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        # A name of its own each time: what the process before us held is not ours.
        name = f"{socket.gethostname()[:50]}:{os.getpid()}:{secrets.token_hex(4)}"
        cluster = self.start_cluster()
        self.work: SimpleQueue[Any] = SimpleQueue()
        for _ in range(HANDS):
            threading.Thread(target=lend_a_hand, args=(self.work,), daemon=True).start()
        swept, started = 0.0, time.monotonic()
        try:
            while not self.stopping:
                ended = not cluster.is_alive()
                if ended or (self.stuck >= SURE and time.monotonic() - started > STUCK.total_seconds()):
                    self.kill_group(cluster)
                    how = "ended" if ended else "do not answer"
                    self.stderr.write(f"The queue's processes {how}; starting them again.")
                    cluster, started, self.stuck = self.start_cluster(), time.monotonic(), 0
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
            Heartbeat.objects.filter(at__lt=clock.now() - timedelta(days=1)).delete()
            jobs.tick(name, lambda *run: self.work.put(run))
            self.stuck = self.stuck + 1 if relay.is_stuck(STUCK) else 0
            if relay.due().exists():
                jobs.ring()
        except Exception as error:
            self.stderr.write(f"Sweep failed, trying again: {type(error).__name__}: {error}")

    def start_cluster(self) -> BaseProcess:
        """Start the queue's processes in a group of their own, forked: they share what is loaded already."""
        connections.close_all()  # a connection cannot be shared
        get_resolver().url_patterns  # noqa: B018 - the pages, too: messages link to them
        gc.collect()
        gc.freeze()  # the collector would copy every page that it looks at
        cluster = multiprocessing.get_context("fork").Process(target=run_cluster)
        cluster.start()
        return cluster

    def end_cluster(self, cluster: BaseProcess) -> None:
        """Let the work in hand finish, then end what is left."""
        cluster.terminate()
        cluster.join(GRACE_SECONDS)
        self.kill_group(cluster)

    def kill_group(self, cluster: BaseProcess) -> None:
        """End every process of the group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(cast(int, cluster.pid), signal.SIGKILL)
        cluster.kill()  # it may not have had the time to found its group
        cluster.join(1)

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """Ask the loop to end."""
        self.stopping = True


def lend_a_hand(work: SimpleQueue[Any]) -> None:
    """Run one job after the other, on a connection of its own: the whole life of a thread."""
    while True:
        entry, run = work.get()
        try:
            close_old_connections()
            jobs.run(entry, run)
        except Exception:
            logging.getLogger(__name__).exception("job could not be noted", extra={"job": entry.name})


def run_cluster() -> None:
    """Become the queue's processes: the whole life of the forked child."""
    os.setsid()
    call_command("cluster")
