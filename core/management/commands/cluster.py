"""Run the queue's processes; leaves with code 75 when one of them dies, so that its supervisor starts anew."""

import ctypes
import os
import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand

SUDDEN_DEATH = 75


class Command(BaseCommand):
    """The cluster under `manage.py worker`."""

    help = "Run the queue processes (started and restarted by `manage.py worker`)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Start the cluster and stay until it stops."""
        from django_q import cluster

        class LeavingSentinel(cluster.Sentinel):
            """A worker killed while idle keeps the queue's read lock for ever; leaving is the only way on."""

            def reincarnate(self, process: Any) -> None:
                """Replace a recycled or timed-out worker as usual; leave when any other process died."""
                timer = getattr(process, "timer", None)
                if timer is None or int(timer.value) not in {0, -2}:
                    os._exit(SUDDEN_DEATH)
                super().reincarnate(process)

        cluster.Sentinel = LeavingSentinel
        os.register_at_fork(after_in_child=die_with_parent)
        parent = os.getppid()
        queue = cluster.Cluster()
        queue.start()
        while queue.sentinel.exitcode is None:
            queue.sentinel.join(1)
            if os.getppid() != parent:  # our worker was killed; its successor starts a cluster of its own
                os.killpg(os.getpgrp(), signal.SIGKILL)
        if queue.sentinel.exitcode:
            os._exit(SUDDEN_DEATH)


def die_with_parent() -> None:
    """Let Linux kill this process when the one that forked it dies, so that no orphan eats the queue's rings."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, prctl(2)
