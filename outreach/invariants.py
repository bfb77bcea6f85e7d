"""What must hold about messages and drafts (`manage.py check_invariants`)."""

from collections.abc import Iterator
from datetime import timedelta

from core.clock import now
from core.metrics import register_gauge
from core.models import Effect
from core.registry import register_invariant
from crm.models import Suppression
from crm.queries.consent import address_fingerprint, fold_address
from outreach import llm
from outreach.models import Message, Suggestion
from outreach.models.suggestion import content_fingerprint

# What the ledger may say about a message in each of its states.
AGREE = {"sent": {"done"}, "settled": {"settled"}, "unknown": {"unknown"}, "failed": {"failed"}}
IN_DATA = timedelta(seconds=90)  # a message that was being handed over when the opt-out came
LATE = timedelta(minutes=5)


def messages_agree_with_the_ledger() -> list[str]:
    """Return the outgoing messages of which the ledger of effects says something else."""
    effects = dict(Effect.objects.filter(subject_type="message").values_list("subject_id", "state"))
    rows = Message.objects.outgoing().values_list("pk", "state", "created_at")
    wrong = []
    for pk, state, created_at in rows.iterator(chunk_size=2000):
        ledger = effects.get(pk)
        forgotten = state == "queued" and ledger != "planned" and created_at < now() - LATE
        if ledger is None or forgotten or (state in AGREE and ledger not in AGREE[state]):
            wrong.append(f"message {pk} is {state}, the ledger says {ledger}")
    return wrong


def nothing_goes_to_suppressed_addresses() -> list[str]:
    """Return the messages that left for an address after it was suppressed."""
    since = dict(Suppression.objects.filter(channel="email").values_list("fingerprint", "at"))
    if not since:
        return []
    rows = Message.objects.outgoing().filter(state="sent", sent_at__gt=min(since.values()))
    wrong = []
    for pk, address, sent_at in rows.values_list("pk", "to_address", "sent_at").iterator(chunk_size=2000):
        stopped_at = since.get(address_fingerprint("email", fold_address("email", address)))
        if stopped_at and sent_at > stopped_at + IN_DATA:
            wrong.append(f"message {pk} left after its address was suppressed")
    return wrong


def approvals_are_of_what_left() -> list[str]:
    """Return the drafts that were approved as drafted and whose message says something else."""
    return [f"suggestion {pk} was approved, message {message} differs" for pk, message in _differing()]


def _differing() -> Iterator[tuple[int, int]]:
    rows = Suggestion.objects.filter(state="approved").select_related("message")
    for row in rows.iterator(chunk_size=2000):
        message = row.message
        if message is None:
            continue
        left = content_fingerprint(
            to_address=message.to_address,
            channel=message.channel,
            subject=message.subject,
            body=message.body_text,
            attachments=message.attachments,
        )
        if left != row.fingerprint:
            yield row.pk, message.pk


def threads_hold_their_own() -> list[str]:
    """Return the messages that stand in the conversation of another person."""
    rows = Message.objects.select_related("conversation").only("contact_id", "conversation__contact_id")
    return [
        f"message {row.pk} is of contact {row.contact_id}, its thread of {row.conversation.contact_id}"
        for row in rows.iterator(chunk_size=2000)
        if row.contact_id != row.conversation.contact_id
    ]


register_invariant("I2-message", "Every message agrees with the ledger.", messages_agree_with_the_ledger)
register_invariant("I3", "Nothing leaves for a suppressed address.", nothing_goes_to_suppressed_addresses)
register_invariant("A-05", "What was approved is what left.", approvals_are_of_what_left)
register_invariant("I8", "Every message stands in its own person's thread.", threads_hold_their_own)
register_gauge(
    "crm_model_micros_today",
    "What the language model cost today, in millionths of the budget's currency.",
    llm.spent_today,
)
