"""What messages and what machines made of them hold about a person; see core.persons."""

import base64
import binascii
import email
import email.policy
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.db.models import Model

from core.persons import WITH_ROWS, WITH_WORDS, Held, declare, nobody, tells
from outreach.drops import VENDOR
from outreach.models import Receipt

declare(
    Held("outreach.Suggestion", ("contact",)),
    Held("outreach.AgentRun", ("lead__contact", "message__contact")),
    Held("outreach.Message", ("contact",), files="attachments"),
    Held("outreach.Conversation", ("contact",)),
    Held("outreach.Receipt", says={"note": ""}, because="its body goes, its id stays: a repeat is still one"),
    Held("outreach.ToolCall", says={"error": ""}),
)
nobody("how this house works, in its own words", "outreach.Template", "outreach.Workflow", "outreach.Cursor")


def forget_answers(rows: Mapping[str, Sequence[Model]]) -> None:
    """Let the language model's remembered answers about the person go."""
    runs = rows.get("outreach.agentrun", ())
    cache.delete_many([f"llm:answer:{run.input_hash}" for run in runs])  # type: ignore[attr-defined]


def forget_mails(words: Sequence[str], _: Collection[int]) -> int:
    """Empty the deliveries, and remove the mail files, that tell of the person."""
    told = 0
    closed = Receipt.objects.exclude(body="").exclude(closed_at=None).order_by("pk")
    for receipt in closed.iterator(chunk_size=100):
        raw = receipt.body.encode()
        if receipt.vendor == VENDOR:
            try:
                raw = base64.b64decode(raw)
            except binascii.Error:
                raw = b""
        if _mail_tells(raw, words):
            told += Receipt.objects.filter(pk=receipt.pk).update(body="")
    read = Path(settings.MAIL_DROP_DIR).glob("*/*.eml")
    for path in (*Path(settings.MAIL_DIR).glob("*.eml"), *read):
        if _mail_tells(path.read_bytes(), words):
            path.unlink(missing_ok=True)
            told += 1
    return told


def _mail_tells(raw: bytes, words: Sequence[str]) -> bool:
    if tells(raw.decode("utf-8", "replace"), words):
        return True
    mail = email.message_from_bytes(raw, policy=email.policy.compat32)
    parts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    decoded = (part.get_payload(decode=True) or b"" for part in parts)
    return any(tells(bytes(part).decode("utf-8", "replace"), words) for part in decoded)  # type: ignore[arg-type]


WITH_ROWS.append(forget_answers)
WITH_WORDS.append(forget_mails)
