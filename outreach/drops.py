"""Mail as files: the drop directory that is read, and the bytes as every inbound door stores them."""

import base64
import hashlib
import os
import secrets
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from django.conf import settings

from core.clock import now

VENDOR = "mail"


def mail_facts(raw: bytes) -> dict[str, str]:
    """Return vendor, external id and body of a mail's receipt; the same mail by another door has the same id."""
    plain = raw.replace(b"\r\n", b"\n").strip()
    return {"vendor": VENDOR, "external_id": hashlib.sha256(plain).hexdigest(), "body": base64.b64encode(raw).decode()}


def waiting_files() -> Iterator[Path]:
    """Yield the complete mails in the drop directory, oldest name first; links and hidden files are left alone."""
    folder = Path(settings.MAIL_DROP_DIR)
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.suffix == ".eml" and not path.name.startswith(".") and path.is_file() and not path.is_symlink():
            yield path


def put_away(path: Path, folder: str) -> None:
    """Move a mail that was read out of the way, into a folder beside it."""
    target = path.parent / folder
    target.mkdir(exist_ok=True, mode=0o700)
    path.replace(target / f"{secrets.token_hex(4)}-{path.name}")


def drop(raw: bytes) -> Path:
    """Write a mail into the drop directory; it appears whole or not at all."""
    folder = Path(settings.MAIL_DROP_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = secrets.token_hex(12)
    draft = folder / f".{name}.part"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    return draft.rename(folder / f"{name}.eml")


def reply_to(raw: bytes, text: str) -> bytes:
    """Return a mail that answers another as its receiver would: threaded, with the words quoted."""
    mail = message_from_bytes(raw, policy=policy.default)
    body = mail.get_body(preferencelist=("plain",))
    words = body.get_content() if body else ""
    answer = EmailMessage(policy=policy.SMTP)
    answer["From"] = str(mail["To"])
    answer["To"] = str(mail["Reply-To"] or mail["From"])
    answer["Subject"] = f"Re: {mail['Subject']}"
    answer["Message-ID"] = f"<{secrets.token_hex(12)}@mail-sink.invalid>"
    answer["Date"] = format_datetime(now())
    answer["In-Reply-To"] = str(mail["Message-ID"])
    answer["References"] = f"{mail['References'] or ''} {mail['Message-ID']}".strip()
    quoted = "\n".join(f"> {line}" for line in words.splitlines())
    answer.set_content(f"{text}\n\nOn {mail['Date']}, {mail['From']} wrote:\n{quoted}\n")
    return answer.as_bytes()
