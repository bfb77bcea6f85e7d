"""One file that holds everything: whole or refused, kept as long as promised; and what a restored copy does not do."""

import io
import json
import sqlite3
import tarfile
from datetime import UTC, datetime, timedelta
from gzip import GzipFile
from pathlib import Path

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from accounts.actions.workspace import quarantine_workspace, release_workspace
from accounts.jobs import back_up_everything, watch_backups
from accounts.models import Notification, Workspace
from core import backups, clock, effects, files, health, http, jobs, quarantine, relay, restores
from core.errors import Denied, Refused
from core.mail import HouseMailBackend
from core.models import Delivery, Event, Heartbeat, JobRun
from core.sealing import CHUNK, Opener, Sealer
from outreach import llm
from outreach.connectors import registry
from outreach.connectors.sink import Sink
from outreach.connectors.stripe import Stripe
from tests.people import SYSTEM, as_actor, browser

pytestmark = pytest.mark.django_db
KEY = "k" * 96
CANARY = b"canary-of-a-customer " * 50
NIGHT = datetime(2026, 11, 22, 2, tzinfo=UTC)


@pytest.fixture
def folder(settings, tmp_path) -> Path:
    """Return the folder of this test's backups; one file is stored, and the key is KEY."""
    settings.BACKUP_KEY = KEY
    files.store(CANARY, "documents", ".txt")
    return settings.BACKUP_DIR


def sealed(data: bytes, key: str = KEY) -> bytes:
    """Return data as a Sealer leaves it."""
    file = io.BytesIO()
    sealer = Sealer(file, key)
    sealer.write(data)
    sealer.finish()
    return file.getvalue()


def opened(data: bytes, key: str = KEY) -> bytes:
    """Return what an Opener reads, in pieces of odd sizes."""
    opener, found = Opener(io.BytesIO(data), key), b""
    while piece := opener.read(70_001):
        found += piece
    return found


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_is_sealed_opens_again(size):
    assert opened(sealed(b"x" * size)) == b"x" * size


def test_a_changed_bit_a_cut_a_longer_file_and_another_order_are_refused():
    whole = sealed(bytes(2 * CHUNK + 7))
    for at in (0, 10, 11, 42, 43, 1_000, CHUNK + 43 + 16, len(whole) - 1):
        changed = bytearray(whole)
        changed[at] ^= 1
        with pytest.raises(Refused):
            opened(bytes(changed))
    head, block = 43, CHUNK + 16
    one, two = whole[head : head + block], whole[head + block : head + 2 * block]
    cuts = (b"", whole[:20], whole[:head], whole[: head + block], whole[: head + 2 * block], whole[:-1], whole + b"x")
    for damaged in (*cuts, whole[:head] + two + one + whole[head + 2 * block :]):
        with pytest.raises(Refused):
            opened(damaged)


def test_another_key_a_short_key_and_a_newer_format_are_refused_in_words():
    whole = sealed(b"x")
    with pytest.raises(Refused, match="its key is another"):
        opened(whole, "j" * 96)
    with pytest.raises(Refused, match="has 6 characters"):
        sealed(b"x", "secret")
    with pytest.raises(Refused, match="format 2, and this version reads 1"):
        opened(whole[:10] + b"\2" + whole[11:])
    with pytest.raises(Refused, match="not a backup of this product"):
        opened(b"SQLite format 3\0" * 10)


def test_a_backup_holds_database_files_and_keys_but_not_its_own_key(folder, settings, tmp_path):
    made = backups.make(folder)
    assert made.path.stat().st_mode & 0o777 == 0o600
    told = backups.read(made.path, KEY, tmp_path / "out")
    (stored,) = (name for name in told["members"] if name.startswith("files/"))
    assert (tmp_path / "out" / stored).read_bytes() == CANARY
    assert (tmp_path / "out" / "keys" / "audit-key").read_text() == settings.AUDIT_KEY
    assert told["vendor"] == connection.vendor
    assert set(told["members"]) == {"database", stored, "keys/secret-key", "keys/field-key", "keys/audit-key"}
    raw = made.path.read_bytes()
    for secret in (CANARY[:20], settings.SECRET_KEY.encode(), settings.AUDIT_KEY.encode(), b"CREATE TABLE"):
        assert secret not in raw
    unpacked = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert KEY.encode() not in unpacked
    assert [path.name for path in folder.iterdir()] == [made.path.name]
    assert not list(settings.DATA_DIR.glob(".scratch-*"))


def test_drafts_and_files_that_vanish_are_no_error(folder, settings, monkeypatch):
    (settings.MEDIA_ROOT / "half.part").write_bytes(b"half")
    files.store(b"gone", "documents", ".gone")
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda path, *how: vanished() if path.suffix == ".gone" else real(path, *how))
    told = backups.read(backups.make(folder).path, KEY)
    assert [Path(name).suffix for name in told["members"] if name.startswith("files/")] == [".txt"]


def vanished():
    raise FileNotFoundError


def test_a_backup_that_cannot_be_read_back_does_not_count(folder, monkeypatch):
    written = backups._write

    def write_badly(file, *rest):
        written(file, *rest)
        file.seek(60)
        file.write(b"!")
        file.flush()

    monkeypatch.setattr(backups, "_write", write_badly)
    with pytest.raises(Refused):
        backups.make(folder)
    assert list(folder.iterdir()) == []


def test_a_checksum_that_is_not_the_manifest_s_is_refused(tmp_path):
    manifest = json.dumps({"members": {"database": {"size": 1, "sha256": "0"}}}).encode()
    file = io.BytesIO()
    sealer = Sealer(file, KEY)
    with GzipFile("", "wb", 5, sealer) as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        for name, data in (("database", b"x"), ("manifest.json", manifest)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    sealer.finish()
    (tmp_path / "forged").write_bytes(file.getvalue())
    with pytest.raises(Refused, match="checksum"):
        backups.read(tmp_path / "forged", KEY)


def test_seven_days_four_weeks_and_twelve_months_are_kept(folder):
    folder.mkdir()
    (folder / "holiday.jpg").touch()
    for day in range(800):
        at = NIGHT - timedelta(days=799 - day)
        (folder / f"crm-{at:%Y%m%dT%H%M%SZ}.backup").touch()
        with time_machine.travel(at, tick=False):
            backups.prune(folder)
    kept = [one.made_at for one in backups.stored(folder)]
    ends = [at.date().isoformat() for at in kept]
    assert ends[:7] == [(NIGHT - timedelta(days=n)).date().isoformat() for n in range(7)]
    assert ends[7:] == ["2026-11-15", "2026-11-08", "2026-11-01", "2026-10-31", "2026-09-30", "2026-08-31",
                        "2026-07-31", "2026-06-30", "2026-05-31", "2026-04-30", "2026-03-31", "2026-02-28",
                        "2026-01-31", "2025-12-31"]  # fmt: skip
    assert (folder / "holiday.jpg").exists()


def test_backups_of_one_day_are_all_kept_until_it_is_over(folder):
    folder.mkdir()
    for hour in (2, 9, 10):
        (folder / f"crm-20261122T{hour:02}0000Z.backup").touch()
    with time_machine.travel(NIGHT + timedelta(hours=9), tick=False):
        backups.prune(folder)
        assert len(backups.stored(folder)) == 3
    with time_machine.travel(NIGHT + timedelta(days=1, hours=9), tick=False):
        backups.prune(folder)
        assert [one.made_at.hour for one in backups.stored(folder)] == [10]


def test_the_job_makes_no_backup_on_a_full_disk(folder, monkeypatch):
    usage = type("Usage", (), {"free": 9, "total": 100})
    monkeypatch.setattr(backups.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(Refused, match=r"only 9 % of the disk .* is free"):
        back_up_everything()
    assert backups.stored() == []


def lines() -> dict[str, health.Check]:
    """Return the lines of /readyz."""
    return {check.key: check for check in health.run_checks()}


def test_readyz_knows_how_old_the_newest_backup_is(folder, django_assert_max_num_queries, monkeypatch):
    assert lines()["backup"] == health.Check("backup", True, "The first backup is made at 02:00.")
    long_ago = clock.now() - timedelta(hours=27)
    monkeypatch.setattr(health.MigrationRecorder, "has_table", lambda recorder: True)
    monkeypatch.setattr(health.MigrationRecorder, "migration_qs", Applied(long_ago))
    assert lines()["backup"].detail == "There is no backup. Make one: manage.py backup"
    folder.mkdir()
    (folder / f"crm-{long_ago:%Y%m%dT%H%M%SZ}.backup").touch()
    (folder / f"crm-{clock.now():%Y%m%dT%H%M%SZ}.part").touch()
    assert lines()["backup"] == health.Check(
        "backup", False, "The newest backup was made 27 h ago. Make one: manage.py backup"
    )
    (folder / f"crm-{clock.now():%Y%m%dT%H%M%SZ}.backup").touch()
    with django_assert_max_num_queries(0):
        assert health.backup_is_fresh()[0]


class Applied:
    """Migrations of which the first was applied then."""

    def __init__(self, at):
        self.at = at

    def aggregate(self, **asked):
        return {"at": self.at}


def test_administrators_hear_once_of_a_backup_that_failed(people, folder):
    ada, at = people.ada, clock.now()
    watch_backups()
    assert not Notification.objects.filter(kind="backup.missing").exists()
    JobRun.objects.create(
        job="accounts.jobs.back_up_everything", period="1", started_at=at, finished_at=at, error="Refused: No room."
    )
    watch_backups()
    watch_backups()
    told = Notification.objects.get(kind="backup.missing", user=ada)
    assert told.text == "The last backup failed. No room."
    backups.make(folder)
    Notification.objects.all().delete()
    with time_machine.travel(at + timedelta(hours=1)):
        JobRun.objects.update(started_at=at - timedelta(minutes=1))
        watch_backups()
        assert not Notification.objects.exists()
    with time_machine.travel(at + timedelta(hours=28, minutes=30)):
        watch_backups()
        assert "28 h ago" in Notification.objects.get(kind="backup.missing", user=ada).text


def test_a_restore_is_refused_before_anything_is_touched(people, folder, settings, tmp_path):
    assert people.ada.pk
    made = backups.make(folder)
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    whole = made.path.read_bytes()
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 4
    damaged = {"flipped": bytes(changed), "cut": whole[:-100], "empty": b""}
    for name, data in damaged.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(Refused):
            restores.restore(tmp_path / name, KEY, replace=True)
    with pytest.raises(Refused, match="its key is another"):
        restores.restore(made.path, "j" * 96, replace=True)
    with pytest.raises(Refused, match="No such file"):
        restores.restore(tmp_path / "nowhere", KEY, replace=True)
    with pytest.raises(Refused, match="add --replace"):
        restores.restore(made.path, KEY, replace=False)
    Heartbeat.objects.create(name="w", at=clock.now())
    with pytest.raises(Refused, match="Stop web and worker first"):
        restores.restore(made.path, KEY, replace=True)
    assert list(settings.DATA_DIR.iterdir()) == []
    with files.open_kept(str(next(settings.MEDIA_ROOT.rglob("*.txt")).relative_to(settings.MEDIA_ROOT))) as kept:
        assert kept.read() == CANARY


def test_a_backup_of_another_database_or_of_a_newer_version_is_refused():
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[connection.vendor]
    with pytest.raises(Refused, match=f"This backup is of {other}"):
        restores._refuse_foreign({"vendor": other, "migrations": []})
    applied = {"vendor": connection.vendor, "migrations": ["accounts.0001_initial", "accounts.9999_more", "gone.0001"]}
    with pytest.raises(Refused, match=r"accounts\.9999_more is not known here"):
        restores._refuse_foreign(applied)


def test_an_open_database_is_not_replaced(tmp_path, monkeypatch):
    place = tmp_path / "open.sqlite3"
    monkeypatch.setitem(connection.settings_dict, "NAME", place)
    monkeypatch.setattr(restores.connections, "close_all", lambda: None)
    somebody = sqlite3.connect(place)
    somebody.execute("PRAGMA journal_mode=WAL")
    somebody.execute("CREATE TABLE x (y)")
    with pytest.raises(Refused, match="Something still uses the database"):
        restores._alone_on_sqlite()
    somebody.close()
    restores._alone_on_sqlite()


@pytest.fixture
def copy(people) -> None:
    """Make this install a restored copy."""
    assert people.ada.pk
    quarantine_workspace(actor=SYSTEM, made_at=clock.now())


def test_a_restored_copy_starts_nothing_and_sends_nothing_until_it_is_released(copy, people, settings, monkeypatch):
    ran = []
    monkeypatch.setattr(jobs, "JOBS", {"x": jobs.Job("x", lambda: ran.append(1), every=timedelta(seconds=5))})
    monkeypatch.setattr(quarantine, "unfinished", lambda: Path("/nowhere"))
    settings.EMAIL_URL, settings.OPENAI_API_KEY = "smtp://127.0.0.1:9", "sk-x"
    event = Event.objects.get(name="workspace.restored")
    Delivery.objects.create(event=event, subscriber="x", due_at=clock.now() - timedelta(days=1))
    effects.plan("letter:1", kind="email", repeatable=True)
    assert (relay.drain(), jobs.tick(), relay.is_stuck(timedelta())) == (0, 0, False)
    assert effects.perform("letter:1", lambda claim: ran.append(1)).state == "waiting"
    with mail.get_connection(f"{HouseMailBackend.__module__}.HouseMailBackend") as ours:
        assert ours.send_messages([mail.EmailMessage("Hello", "text", to=["a@example.com"])]) == 1
    assert len(list(settings.MAIL_DIR.iterdir())) == 1
    assert isinstance(registry.sender(), Sink)
    with pytest.raises(effects.RetryLater, match="restored copy"):
        http.Client("vendor", "http://127.0.0.1:9").request("GET", "/")
    with pytest.raises(http.Unsafe, match="restored copy"):
        http.fetch_public("http://example.com/")
    with pytest.raises(effects.RetryLater, match="restored copy"):
        list(Stripe("sk_test_x", "http://127.0.0.1:9").events_since(clock.now()))
    assert not llm.is_configured()
    assert (lines()["quarantine"].ok, lines()["queue"].ok) == (False, True)

    release_workspace(actor=as_actor(people.ada))
    assert (relay.drain(), jobs.tick()) == (1, 1)
    effects.perform("letter:1", lambda claim: ran.append(2) or "id")
    assert ran == [1, 2]
    assert lines()["quarantine"] == health.Check("quarantine", True, "This is no restored copy.")


def test_only_those_who_keep_the_settings_see_the_banner_and_release(copy, people):
    page = browser(people.rita).get(reverse("crm:lead-list"))
    assert b"It sends nothing until you release it" not in page.content
    with pytest.raises(Denied):
        release_workspace(actor=as_actor(people.max))
    ada, release = browser(people.ada), reverse("accounts:workspace-release")
    assert f'href="{release}"' in ada.get(reverse("crm:lead-list")).content.decode()
    assert browser(people.max).post(release).status_code == 403
    assert Workspace.quiet_since() is not None
    assert b"stop that one first" in ada.get(release).content
    assert ada.post(release).status_code == 303
    assert Workspace.quiet_since() is None
    assert Event.objects.get(name="workspace.released").actor_id == people.ada.pk
    assert b"until you release it" not in ada.get(reverse("crm:lead-list")).content
    assert ada.post(release).status_code == 409


def test_a_restore_that_was_not_finished_keeps_everything_quiet(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    quarantine.unfinished().touch()
    assert quarantine.is_quiet()
    assert lines()["quarantine"].detail.startswith("A restore was not finished.")
    with pytest.raises(CommandError, match="A restore was not finished"):
        call_command("serve", "--port", "1")
