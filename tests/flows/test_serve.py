"""`make run` from the second line on: one command brings up everything and takes it down again."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.flows.running import ROOT, House, descendants, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.stop()


def serve(house: House, log) -> subprocess.Popen:
    command = [sys.executable, "manage.py", "serve", "--port", str(house.port)]
    return subprocess.Popen(command, cwd=ROOT, env=house.env, stdout=log, stderr=log)


def readiness(house: House) -> dict:
    try:
        with urllib.request.urlopen(f"{house.url}/readyz", timeout=2) as answer:
            return json.load(answer)
    except OSError:
        return {"status": "silent"}


def test_serve_prepares_starts_survives_a_killed_worker_and_ends_clean(house, tmp_path):
    output = tmp_path / "serve.log"
    with output.open("wb") as log:
        process = serve(house, log)
        try:
            wait_for(lambda: readiness(house)["status"] == "ready", 90, output.read_text)
            assert f"Ready: {house.url}/" in output.read_text()
            assert f"{house.url}/join/first-admin/" in output.read_text()

            os.kill(workers(process)[0], signal.SIGKILL)
            wait_for(lambda: "starting it again" in output.read_text(), 20, output.read_text)
            wait_for(lambda: len(workers(process)) == 1, 20, output.read_text)

            below = descendants(process.pid)
            started = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(35) == 0
            assert time.monotonic() - started < 30
            wait_for(lambda: not [pid for pid in below if alive(pid)], 10, output.read_text)
        finally:
            process.kill()
    assert output.read_text().rstrip().endswith("Stopped.")


def workers(process: subprocess.Popen) -> list[int]:
    """The worker itself: it leads its session, the queue's processes below it bear its name only."""
    below = descendants(process.pid)
    return [pid for pid in below if command_of(pid) == "crm-worker" and parent_of(pid) == process.pid]


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def command_of(pid: int) -> str:
    command = ["ps", "-o", "comm=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def alive(pid: int) -> bool:
    return "<defunct>" not in command_of(pid) and bool(command_of(pid))
