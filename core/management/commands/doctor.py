"""What is configured, what is missing and what that means, in words."""

import json
import stat
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection

from core import health, jobs, pdf
from core.models import Delivery, Effect

FLOORS = {"django": (5, 2, 19), "django-allauth": (65, 21, 1), "django-guardian": (3, 5, 1), "weasyprint": (70, 0)}
"""Below these versions known holes are open."""
SQLITE_FLOOR = (3, 51, 3)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: ok, off (a choice), warning (works, but), error (does not work)."""

    key: str
    state: str
    text: str


class Command(BaseCommand):
    """Exit code 1 when something that is needed does not work."""

    help = "Say what is configured, what is missing and what to do about it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer --json."""
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Examine and print."""
        found = [*profile(), *data(), *mail(), *vendors(), *software(), *work()]
        ok = all(finding.state != "error" for finding in found)
        if options["json"]:
            document = {"ok": ok, "findings": [asdict(finding) for finding in found]}
            self.stdout.write(json.dumps(document, ensure_ascii=False))
        else:
            for finding in found:
                self.stdout.write(f"{finding.state:<8} {finding.key:<12} {finding.text}")
        if not ok:
            sys.exit(1)


def judge(key: str, is_fine: bool, good: str, bad: str, worse: str = "error") -> Finding:
    """Return the line of something that is either fine or not."""
    return Finding(key, "ok", good) if is_fine else Finding(key, worse, bad)


def profile() -> Iterator[Finding]:
    """Examine the profile, the address and the secrets."""
    state = "ok" if settings.PRODUCTION else "off"
    yield Finding("profile", state, f"CRM_PROFILE is {settings.CRM_PROFILE}.")
    if settings.DEBUG:
        worse = "error" if settings.PRODUCTION else "warning"
        yield Finding("debug", worse, "CRM_DEBUG shows traces to visitors; unset it.")
    fits = settings.SITE_URL.startswith("https://") or not settings.PRODUCTION
    text = f"SITE_URL is {settings.SITE_URL}."
    yield judge("address", fits, text, f"{text} Links and cookies need https in production.")
    exposed = [
        path.name
        for path in sorted(settings.DATA_DIR.glob("*-key"))
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    text = f"Others may read {', '.join(exposed)}. Run: chmod 600 on each."
    good = "The keys come from the environment or from 0600 files."
    yield judge("secrets", not exposed, good, text)


def data() -> Iterator[Finding]:
    """Examine the database, the queue's doorbell and the disk."""
    lines = {check.key: check for check in health.run_checks()}
    for key in ("database", "migrations", "broker", "disk"):
        yield Finding(key, "ok" if lines[key].ok else "error", lines[key].detail)
    if connection.vendor == "sqlite":
        import sqlite3

        version = sqlite3.sqlite_version_info
        text = f"SQLite {sqlite3.sqlite_version} at {settings.DATABASES['default']['NAME']}."
        if version < SQLITE_FLOOR:
            text += " Versions before 3.51.3 can damage a WAL database; install the pysqlite3 wheel."
        yield Finding("sqlite", "ok" if version >= SQLITE_FLOOR else "warning", text)
    else:
        major, minor = divmod(connection.cursor().connection.info.server_version, 10_000)
        yield Finding("postgresql", "ok" if major >= 15 else "warning", f"PostgreSQL {major}.{minor}.")


def mail() -> Iterator[Finding]:
    """Examine the ways out and in."""
    if settings.EMAIL_URL:
        parts = urlsplit(settings.EMAIL_URL)
        yield Finding("mail-out", "ok", f"Mail leaves by {parts.scheme} through {parts.hostname}.")
    else:
        state = "warning" if settings.PRODUCTION else "off"
        text = f"EMAIL_URL is not set: each message becomes a file in {settings.MAIL_DIR}."
        yield Finding("mail-out", state, text)
    ways = [
        f"IMAP at {urlsplit(settings.IMAP_URL).hostname}" if settings.IMAP_URL else "",
        "signed posts" if settings.INBOUND_SECRET else "",
        f"files dropped in {settings.MAIL_DROP_DIR}",
    ]
    text = f"Replies are read from: {', '.join(way for way in ways if way)}."
    if not settings.IMAP_URL and not settings.INBOUND_SECRET:
        text += " Set IMAP_URL or INBOUND_SECRET to receive real replies."
        yield Finding("mail-in", "warning" if settings.PRODUCTION else "off", text)
    else:
        yield Finding("mail-in", "ok", text)


def vendors() -> Iterator[Finding]:
    """Examine the language model and the payments."""
    if settings.OPENAI_API_KEY:
        host = urlsplit(settings.OPENAI_BASE_URL).hostname
        yield Finding("model", "ok", f"{settings.OPENAI_MODEL} at {host} writes and reads.")
    else:
        text = "OPENAI_API_KEY is not set: the rules write and read."
        yield Finding("model", "off", text)
    if not settings.STRIPE_API_KEY:
        text = "STRIPE_API_KEY is not set: a sandbox page stands in for payment and says so."
        yield Finding("stripe", "warning" if settings.PRODUCTION else "off", text)
    elif not settings.STRIPE_WEBHOOK_SECRET:
        text = "STRIPE_WEBHOOK_SECRET is not set: every webhook is refused, no payment arrives."
        yield Finding("stripe", "error", text)
    else:
        live = settings.STRIPE_API_KEY.startswith(("sk_live", "rk_live"))
        yield Finding("stripe", "ok", f"Stripe takes {'real' if live else 'test'} payments.")


def software() -> Iterator[Finding]:
    """Examine versions and the libraries that PDF needs."""
    old = [f"{name} {metadata.version(name)}" for name, floor in FLOORS.items() if version_of(name) < floor]
    good = "Every package stands at or above its security floor."
    yield judge("versions", not old, good, f"{', '.join(old)} has known holes. Run: make setup")
    try:
        pdf.render_pdf("<p>ok</p>")
    except pdf.PdfUnavailable as error:
        yield Finding("pdf", "warning", str(error))
    else:
        yield Finding("pdf", "ok", "PDF files can be made.")


def work() -> Iterator[Finding]:
    """Examine the worker and what waits for a person."""
    lines = {check.key: check for check in health.run_checks()}
    for key in ("worker", "queue", "backup", "quarantine"):
        yield Finding(key, "ok" if lines[key].ok else "warning", lines[key].detail)
    buried = Delivery.objects.filter(buried_at__isnull=False).count()
    text = f"{buried} deliveries failed for good. See them: manage.py replay --list"
    yield judge("buried", not buried, "None failed for good.", text, "warning")
    bad = jobs.last_runs().exclude(error="").values_list("job", flat=True)
    text = f"{', '.join(bad)} failed at the last run. See the reasons at /settings/jobs/."
    yield judge("jobs", not bad, "The last run of every job was good.", text, "warning")
    unknown = Effect.objects.filter(state=Effect.UNKNOWN).count()
    text = f"{unknown} messages may or may not have left; each waits for a person's decision."
    yield judge("unknown", not unknown, "None is in doubt.", text, "warning")


def version_of(name: str) -> tuple[int, ...]:
    """Return the installed version as numbers."""
    return tuple(int(part) for part in metadata.version(name).split(".") if part.isdigit())
