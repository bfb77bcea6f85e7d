"""A person is erased: rows in one transaction, then files; what the law wants kept stays without them."""

import contextlib
import typing
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import JSONField, ProtectedError, Q, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Export
from core import audit, clock, erasures, files
from core.actions import action
from core.errors import NotFound, Refused
from core.events import EVENTS, publish
from core.models import Delivery, Effect, Event, IdempotencyKey
from core.persons import ALL, HELD, WITH_ROWS, WITH_WORDS, tells, without
from core.registry import AFTER_RESTORE, refusals
from crm.actions.import_check import stage_path
from crm.events import ContactErased, ContactHandedOut
from crm.forms.privacy import EraseContactForm
from crm.models import Contact, ContactAddress, ImportRun, Operation, OperationPart, SearchForm, Suppression
from crm.models.record import Record
from crm.models.search import Searchable, index_rows, known_words, searchables, squeeze_index
from crm.persons import VERSION
from crm.queries.privacy import (
    ERASED,
    PSEUDONYM,
    Person,
    events_about,
    files_of,
    fingerprints_of,
    images_about,
    is_pseudonym,
    notifications_of,
    person_of,
    shares_of,
)
from crm.search import Query, forms, names_in
from crm.staging import Stage
from crm.tables import open_table
from crm.workbooks import Unreadable

WHOLE = ("merge", "delete", "convert")  # operations about one record: half of one cannot be undone
# Texts of events that are words of ours.
PLAIN = frozenset({"channel", "currency", "kind", "purpose", "source", "state", "status", "via"})


@dataclass(frozen=True, slots=True)
class Erasure:
    """How many rows went, stayed without the person, and were taken out of the audit's words."""

    contact: int
    rows: int
    kept: int
    events: int


@action("contact.erase", permission="contact:erase", form=EraseContactForm)
def erase_contact(contact: Contact, *, actor: Actor, reason: str = "") -> Erasure:
    """Erase a person for good: what the law wants kept stays under a pseudonym. Publishes ContactErased.

    - The addresses are refused by every later import; events keep their place in the chain, without words.
    - Refused while a payment is under way. Cannot be undone.
    """
    if reasons := refusals("contact.erase", contact):
        raise Refused(" ".join(reasons))
    return _erase(contact, actor, reason)


@action("contact.erase_again", permission=None)
def erase_restored(contact: Contact, *, actor: Actor) -> Erasure:
    """Erase a person again whom a restored backup brought back. Publishes ContactErased."""
    return _erase(contact, actor, "A backup was restored.")


@action("contact.hand_out", permission="contact:erase")
def hand_out_copy(contact: Contact, *, actor: Actor) -> None:
    """Note that all that is held about a person was handed out. Publishes ContactHandedOut."""
    publish(ContactHandedOut(contact_id=contact.pk), actor=actor)


def forget_traces(paths: Collection[str], words: Sequence[str], ids: Collection[int] = ()) -> int:
    """Remove stored files, and every file and delivery that tells one of the words; call it after the commit."""
    for path in paths:
        with contextlib.suppress(NotFound):
            files.remove(path)
    squeeze_index()
    return len(paths) + sum(forget(words, ids) for forget in WITH_WORDS)


def erase_again() -> str:
    """Erase everybody in the ledger whom this database still holds as they were then."""
    marks: dict[str, str] = {}  # when each address was erased
    erased: dict[int, str] = {}  # who has no address
    again: dict[int, str] = {}
    for entry in erasures.noted():
        marks |= dict.fromkeys(entry["fingerprints"], entry["at"])
        told = [{"fingerprint": mark, "channel": channel} for mark, channel in entry["fingerprints"].items()]
        refused = [Suppression(reason=ERASED, **one) for one in told]
        Suppression.objects.bulk_create(refused, ignore_conflicts=True)
        if not entry["fingerprints"]:
            erased[entry["pk"]] = entry["at"]
    for pk, *address in _addresses() if marks or erased else ():
        erased.pop(pk, None)  # who has an address is known by nothing else
        if met := [marks[mark] for mark in fingerprints_of([address]) if mark in marks]:
            again[pk] = max(met)
    count = 0
    again |= erased
    for contact in Contact.objects.filter(pk__in=again).exclude(external_ref__startswith=PSEUDONYM):
        if contact.created_at.isoformat() <= again[contact.pk]:  # who came back by themselves since then stays
            erase_restored(contact, actor=Actor.system("restore", via="cli"))
            count += 1
    return f"{count} erased {'person was' if count == 1 else 'persons were'} erased again."


def forget_uploads(words: Sequence[str], ids: Collection[int]) -> int:
    """Empty the rows of uploaded files that tell of the person; a file that nobody has read yet goes as a whole."""
    told = 0
    for run in ImportRun.objects.exclude(file_path=""):
        source, staged = files.path_of(run.file_path), stage_path(run.file_path)
        if source.is_file() and _file_tells(source, words):
            source.unlink()
            told += 1
        if staged.is_file():
            with Stage(staged) as stage:
                blanked = stage.blank(lambda text: tells(text, words), ids)
            if blanked:
                ImportRun.objects.filter(pk=run.pk).update(rehearsal=run.rehearsal | {"sample": []})
            told += blanked
    return told


def _file_tells(source: Path, words: Sequence[str]) -> bool:
    try:
        with open_table(source) as table:
            return any(tells(" ".join(row.cells), words) for row in table.rows)
    except Unreadable:
        return True  # nothing can be imported from it either


def _erase(contact: Contact, actor: Actor, reason: str) -> Erasure:
    if is_pseudonym(contact):
        raise NotFound(_("Nothing is held about this person."))
    _overwrite()
    person = person_of(contact)
    places = images_about(person)
    paths, spoken = set(files_of(person.rows)), list(_names(person))
    for tell in WITH_ROWS:
        tell(person.rows)
    marks = fingerprints_of(person.addresses)
    for mark, channel in marks.items():
        told = {"reason": ERASED, "at": clock.now()}
        Suppression.objects.update_or_create(channel=channel, fingerprint=mark, defaults=told)
    notifications_of(person).delete()
    for shares in shares_of(person):
        shares.delete()
    paths |= _forget_images(places, spoken) | _forget_exports()
    about = list(events_about(person).values_list("pk", flat=True))
    events = audit.redact(Event.objects.filter(pk__in=about), lambda event: _take_words(event, person.told, spoken))
    left = _remove(person)
    _end_work(person, left, about)
    _take_mentions(person)
    for model in searchables():
        index_rows(model, left.get(model._meta.label_lower, ()))
    _forget_words(spoken)
    kept = sum(len(pks) for pks in left.values())
    rows = sum(map(len, person.rows.values())) - kept
    erasures.note(contact.pk, marks)
    why = without(reason, person.told)
    publish(ContactErased(contact_id=contact.pk, rows=rows, kept=kept, events=events, reason=why), actor=actor)
    paths -= set(_named(paths))
    transaction.on_commit(partial(forget_traces, paths, person.told, person.ids))
    return Erasure(contact.pk, rows, kept, events)


def _overwrite() -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")


def _remove(person: Person) -> dict[str, set[int]]:
    """Delete the rows, and blank those that stay; returns what stayed, by label."""
    left = {}
    for label, rows in person.rows.items():
        entry = HELD[label]
        table = entry.rows.filter(pk__in=[row.pk for row in rows])
        if entry.stays is None and entry.blank is None:
            table.delete()
        elif entry.stays != ALL:
            for row in table if entry.stays is None else table.exclude(entry.stays):
                with contextlib.suppress(ProtectedError):
                    row.delete()
        if entry.blank:
            table.update(**entry.blank, **(VERSION if issubclass(table.model, Record) else {}))
        left[label] = set(table.values_list("pk", flat=True))
    # What went with a later row.
    now = {label: set(HELD[label].rows.filter(pk__in=pks).values_list("pk", flat=True)) for label, pks in left.items()}
    return {label: pks for label, pks in now.items() if pks}


def _forget_images(places: dict[int, list[int]], spoken: list[str]) -> set[str]:
    """Take images out of operations; returns the files that they alone name."""
    paths, wholes = set(), set()
    for part in OperationPart.objects.filter(pk__in=places).select_related("operation"):
        gone = [part.rows[at] for at in places[part.pk]]
        part.rows = [entry for at, entry in enumerate(part.rows) if at not in set(places[part.pk])]
        part.save(update_fields=["rows"]) if part.rows else part.delete()
        if part.operation.kind in WHOLE:
            wholes.add(part.operation_id)
        images = [image for entry in gone if isinstance(entry, list) for image in entry[1:] if image]
        spoken += [text for image in images for text in _texts(image)]
        column = HELD[part.model].files if part.model in HELD else ""
        paths |= {image[column] for image in images if isinstance(image.get(column), str)} - {""}
    OperationPart.objects.filter(operation__in=wholes).delete()
    Operation.objects.filter(pk__in=wholes).update(steps=0, title="Erased", details={})
    return paths


def _forget_exports() -> set[str]:
    kept = Export.objects.exclude(path="")
    paths = set(kept.values_list("path", flat=True))
    kept.update(path="")
    return paths


def _take_words(event: Event, words: Sequence[str], spoken: list[str]) -> None:
    """Leave numbers, days and our own words in an event; it can still be read by who waits for it."""
    spoken += _texts(event.data)
    declared = EVENTS.get(event.name)
    hints = typing.get_type_hints(declared) if declared else {}
    event.data = {name: _plain(value, name, str(hints.get(name))) for name, value in event.data.items()}
    if event.actor_kind == "anonymous":
        event.ip = ""
    if tells(event.actor_name, words):
        event.actor_name = "Erased person"


def _plain(value: Any, name: str, hint: str) -> Any:
    if isinstance(value, list):
        return [_plain(item, "", "") for item in value if not isinstance(item, (str, dict))]
    if isinstance(value, dict):
        return {}
    is_ours = name in PLAIN or "date" in hint or "Decimal" in hint
    return "" if isinstance(value, str) and not is_ours else value


def _end_work(person: Person, left: dict[str, set[int]], events: Sequence[int]) -> None:
    """Let nothing be done any more about what is gone, and no answer be given again."""
    stays = {(label.partition(".")[2], pk) for label, pks in left.items() for pk in pks}
    gone = {(label.partition(".")[2], pk) for label, pk in person.keys} - stays
    for row in Delivery.objects.filter(event__in=events, done_at=None, buried_at=None).select_related("event"):
        if (row.event.subject_type, row.event.subject_id) in gone:
            Delivery.objects.filter(pk=row.pk).update(done_at=clock.now(), error="")
    for noun, pk in gone:
        Effect.objects.filter(subject_type=noun, subject_id=pk).delete()
    pattern = rf'"contact(_id)?": ?{person.contact.pk}[,}}]'
    IdempotencyKey.objects.filter(body__regex=pattern).update(body="")


def _take_mentions(person: Person) -> None:
    """Take the addresses and names out of what other rows say."""
    for entry in HELD.values():
        for column, value in entry.says.items():
            about = Q()
            for word in person.told:
                about |= Q(said__icontains=word)
            rows = entry.rows.annotate(said=Cast(column, TextField())).filter(about) if about else entry.rows.none()
            if value is None:
                rows.delete()
            elif callable(value):
                for row in rows:
                    said = value(getattr(row, column), person.told)
                    entry.rows.filter(pk=row.pk).update(**{column: said})
            else:
                rows.update(**{column: value})


def _forget_words(spoken: Sequence[str]) -> None:
    """Let the vocabulary forget the words that no record has any more."""
    for word in known_words(names_in(spoken)):
        asked = Query(((((word,),),),))
        if not any(model._base_manager.filter(search_words__matches=asked).exists() for model in searchables()):
            SearchForm.objects.filter(form__in=forms(word), word=word).delete()


def _names(person: Person) -> Iterator[str]:
    for rows in person.rows.values():
        for row in rows:
            if isinstance(row, Searchable):
                yield from row.search_names(row)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inner for text in _texts(item)]


def _named(paths: set[str]) -> Iterator[str]:
    """The files that rows still name."""
    for entry in HELD.values():
        if entry.files and not isinstance(entry.rows.model._meta.get_field(entry.files), JSONField):
            yield from entry.rows.filter(**{f"{entry.files}__in": paths}).values_list(entry.files, flat=True)


def _addresses() -> Iterator[tuple[int, str, str]]:
    rows = ContactAddress.objects.filter(channel__in=("email", "phone")).exclude(folded="")
    yield from rows.values_list("contact_id", "channel", "folded").iterator()
    for channel, column in (("email", "email_folded"), ("phone", "phone_e164")):
        for pk, folded in Contact.objects.exclude(**{column: None}).values_list("pk", column).iterator():
            yield pk, channel, folded


AFTER_RESTORE.append(erase_again)
WITH_WORDS.append(forget_uploads)
