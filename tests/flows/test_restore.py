"""A house burns down and comes back from one file and one key; nothing leaves it before a person says so."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.flows.running import ROOT, House, Letterbox, house, post, wait_for

pytestmark = pytest.mark.slow
INVITE = """
from accounts.actions.people import invite_user
from accounts.actor import Actor
from core import files
files.store(b"the contract of Asha", "documents", ".txt")
invite_user(actor=Actor.system("test"), email="nina@example.com", name="Nina New", roles=("viewer",))
"""
LOOK = """
from django.core.management import call_command
call_command("state_digest", json=True)
call_command("audit_verify", json=True)
"""
WRITE = """
from accounts.actor import Actor
from crm.actions.contacts import create_contact
from itertools import count
for n in count():
    create_contact(actor=Actor.system("test"), first_name=f"Writer {n}", email=f"writer{n}@example.com")
    print(n)
"""


def test_one_file_and_one_key_bring_a_house_back_and_it_is_quiet_until_released(tmp_path):
    with house(tmp_path / "old") as old:
        people = {one["email"].split("@")[0]: one for one in old.prepare()["users"]}
        before = told_of(old, INVITE)
        made = Path(old.json("backup", "--to", str(tmp_path / "kept"), "--json")["path"])
        key = tmp_path / "kept" / "key"
        key.write_text((Path(old.env["CRM_DATA_DIR"]) / "backup-key").read_text())
    letterbox = Letterbox()
    with house(tmp_path / "new", letterbox) as new:
        data = Path(new.env["CRM_DATA_DIR"])
        told = new.json("restore", str(made), "--key-file", str(key), "--json")
        assert told["ok"] and "sends nothing until you release it" in told["notes"][-1]
        after = told_of(new)
        assert after["digest"] == before["digest"]
        assert after["ok"]
        (stored,) = (data / "files").rglob("*.txt")
        assert stored.read_bytes() == b"the contract of Asha"
        assert (data / "backup-key").read_text() == key.read_text()
        assert {path.stat().st_mode & 0o077 for path in data.glob("*-key")} == {0}

        new.start("web")
        new.start("worker")
        ada = new.sign_in(people["ada"]["email"], people["ada"]["password"])
        page = ada.get("/settings/jobs/").text
        assert "It sends nothing until you release it" in page
        wait_for(lambda: ready(ada)["worker"]["ok"], 30, new.tail)
        time.sleep(6)  # longer than a sweep
        assert (letterbox.raw, ready(ada)["quarantine"]["ok"]) == ([], False)
        assert not list(data.glob("mail/*"))
        assert post(ada, "/settings/release/").status_code == 303
        wait_for(lambda: letterbox.messages(to="nina@example.com"), 40, new.tail)
        assert ready(ada)["quarantine"]["ok"]


def told_of(running: House, first: str = "") -> dict:
    """Return the digest of what is in a house, and whether its audit chain holds."""
    said = running.command("shell", "-v", "0", "-c", first + LOOK).splitlines()
    return json.loads(said[0]) | json.loads(said[1])


def ready(client) -> dict[str, dict]:
    return {line["key"]: line for line in client.get("/readyz").json()["checks"]}


def test_a_copy_made_while_others_write_is_whole_and_replaces_what_is_there(tmp_path):
    with house(tmp_path) as running:
        running.prepare()
        data = Path(running.env["CRM_DATA_DIR"])
        said = tmp_path / "writer.log"
        with said.open("wb") as log:
            command = [sys.executable, "-u", "manage.py", "shell", "-v", "0", "-c", WRITE]
            writer = subprocess.Popen(command, cwd=ROOT, env=running.env, stdout=log, stderr=log)
        try:
            wait_for(lambda: said.read_text().count("\n") > 3, 60, said.read_text)
            before = said.read_text().count("\n")
            made = running.json("backup", "--json")
        finally:
            writer.kill()
            writer.wait()
        assert said.read_text().count("\n") > before + 3, "nobody wrote meanwhile"
        assert running.json("restore", made["path"], "--replace", "--json")["ok"]
        assert running.json("check_invariants", "--json")["ok"]
        assert not (data / "restore-unfinished").exists()
        assert (data / "crm.sqlite3.before-restore").exists() != bool(running.database)
        assert "released" in running.command("restore", "--release")
