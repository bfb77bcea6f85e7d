"""What is held about a person: rows, events, images of changes that could be undone, shares, notifications, files."""

import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import IO, Any
from urllib.parse import quote_plus

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from accounts.models import Notification, Workspace
from core import clock, files
from core.errors import NotFound
from core.exports import to_bytes
from core.models import Event
from core.numbers import is_number
from core.persons import HELD, tells
from crm.matching import e164, fold_email, spellings
from crm.models import Channel, Contact, ContactAddress, OperationPart, Suppression
from crm.persons import DERIVED
from crm.queries.addresses import CHANNELS
from crm.queries.consent import address_fingerprint
from crm.queries.contacts import known_contact
from crm.queries.merging import share_models

ERASED = "erased"
PSEUDONYM = "erased:"
SHORTEST = 7  # of a number that is looked for in texts
Rows = dict[str, list[Model]]
Key = tuple[str, int]


@dataclass
class Person:
    """A contact with what it is known by: ids, addresses and names that it has, or had before it was merged."""

    contact: Contact
    rows: Rows
    ids: set[int] = field(default_factory=set)
    addresses: set[tuple[str, str]] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    keys: set[Key] = field(default_factory=set)
    shared: dict[tuple[str, str], bool] = field(default_factory=dict)

    @property
    def told(self) -> list[str]:
        """The addresses and names, as texts and addresses of pages hold them."""
        plain = self.words | self.names
        return sorted({*plain, *(quote_plus(word).casefold() for word in plain)})

    def learn(self, label: str, pk: int, values: Mapping[str, Any]) -> None:
        """Take in a row, as it is or was."""
        self.keys.add((label, pk))
        name = f"{values.get('first_name') or ''} {values.get('last_name') or ''}".strip()
        if label == "crm.contact":
            self.ids.add(pk)
            pairs = [("email", "email_folded"), ("phone", "phone_e164")]
            self._hold([(channel, values.get(folded), values.get(channel)) for channel, folded in pairs])
            self.names |= {name.casefold()} if " " in name else set()
        elif label == "crm.contactaddress" and values.get("channel") in ("email", "phone"):
            self._hold([(values["channel"], values.get("folded"), values.get("value"))])
        elif label == "crm.contactmerge" and values.get("old_id"):
            self.ids.add(values["old_id"])
            self.keys.add(("crm.contact", values["old_id"]))

    def _hold(self, found: Sequence[tuple[str, Any, Any]]) -> None:
        for channel, folded, value in found:
            if folded and self._is_anothers(channel, folded):
                continue  # it is somebody else's, too
            if folded:
                self.addresses.add((channel, folded))
            told = {folded, value, *(spellings(folded) if channel == "phone" and folded else ())}
            self.words |= {text.casefold() for text in told if text and len(text) >= SHORTEST}

    def _is_anothers(self, channel: str, folded: str) -> bool:
        if (channel, folded) not in self.shared:
            held = ContactAddress.objects.current().filter(channel=channel, folded=folded)
            self.shared[channel, folded] = held.exclude(contact__in={self.contact.pk, *self.ids}).exists()
        return self.shared[channel, folded]


def person_called(text: str) -> Contact:
    """Return the contact of an id, an email address or a phone number; raises NotFound."""
    text = text.strip()
    own = Contact.objects.filter(Q(pk=text) | Q(merges__old_id=text)).first() if is_number(text) else None
    found = own or known_contact(folded=fold_email(text), phone=e164(text, Workspace.current().country))
    if found is None or is_pseudonym(found):
        raise NotFound(_("Nothing is held about this person."))
    return found


def is_pseudonym(contact: Contact) -> bool:
    """Whether a contact is what is left of an erased person."""
    return (contact.external_ref or "").startswith(PSEUDONYM)


def person_of(contact: Contact) -> Person:
    """Return a contact with every row that hangs on it, by the paths that each model declares."""
    rows: Rows = {}
    for label, entry in HELD.items():
        if entry.paths == ("pk",):
            rows[label] = [contact]
            continue
        about = [entry.rows.filter(**{path: contact.pk}).values("pk") for path in entry.paths]
        found = list(entry.rows.filter(pk__in=about[0].union(*about[1:])).order_by("pk")) if about else []
        rows |= {label: found} if found else {}
    person = Person(contact, rows)
    mine = {(row.channel, row.folded) for row in rows.get("crm.contactaddress", []) if isinstance(row, ContactAddress)}
    others = ContactAddress.objects.current().exclude(contact=contact).filter(folded__in=[one for _, one in mine])
    held = set(others.values_list("channel", "folded"))
    person.shared |= {one: one in held for one in mine}
    for label, found in rows.items():
        for row in found:
            person.learn(label, row.pk, row.__dict__)
    return person


def fingerprints_of(addresses: Iterable[Sequence[str]]) -> dict[str, str]:
    """Return the fingerprints under which folded addresses are suppressed, each with its channel."""
    return {address_fingerprint(channel, folded): channel for own, folded in addresses for channel in CHANNELS[own]}


def erased_fingerprints() -> frozenset[str]:
    """Return the fingerprints of the addresses of erased persons."""
    return frozenset(Suppression.objects.filter(reason=ERASED).values_list("fingerprint", flat=True))


def is_erased(addresses: Iterable[Sequence[str]], erased: frozenset[str]) -> bool:
    """Whether one of these addresses is an erased person's."""
    first = {"email": Channel.EMAIL, "phone": Channel.PHONE}
    return any(address_fingerprint(first[channel], folded) in erased for channel, folded in addresses)


def images_about(person: Person) -> dict[int, list[int]]:
    """Return the places, by part, of images about the person; what was deleted earlier is known from now on, too."""
    while True:
        known, found = len(person.keys), {}
        for part in OperationPart.objects.order_by("pk").iterator(chunk_size=50):
            places = [at for at, entry in enumerate(part.rows) if _is_about(person, part.model, entry)]
            if not places:
                continue
            found[part.pk] = places
            past = {entry[0]: entry[1] for at in places if isinstance(entry := part.rows[at], list) and entry[1]}
            rows: Any = apps.get_model(part.model)._base_manager if past else Contact.objects
            for pk in past.keys() - set(rows.filter(pk__in=past).values_list("pk", flat=True)):
                person.learn(part.model, pk, past[pk])
        if len(person.keys) == known:
            return found


def events_about(person: Person) -> QuerySet[Event]:
    """Return the events about the person or a record of theirs, and those that tell an address."""
    about = Q(contact_id__in=person.ids)
    nouns: dict[str, list[int]] = {}
    for label, pk in person.keys:
        nouns.setdefault(label.partition(".")[2], []).append(pk)
    for noun, pks in nouns.items():
        about |= Q(subject_type=noun, subject_id__in=pks)
    for word in person.words:
        about |= Q(told__icontains=word) | Q(told__icontains=json.dumps(word)[1:-1])
    return Event.objects.annotate(told=Cast("data", TextField())).filter(about)


def shares_of(person: Person) -> Iterator[QuerySet[Any]]:
    """Yield the shares of the person's records, by model."""
    labels = {label for label, _ in person.keys}
    for model in share_models():
        about = Q(pk__in=())
        for label in labels:
            kind = ContentType.objects.get_for_model(apps.get_model(label))
            about |= Q(content_type=kind, object_pk__in=[str(pk) for of, pk in person.keys if of == label])
        yield model._base_manager.filter(about)


def notifications_of(person: Person) -> QuerySet[Notification]:
    """Return what colleagues were told about the person."""
    rows = [row for found in person.rows.values() for row in found if hasattr(row, "get_absolute_url")]
    urls = {row.get_absolute_url() for row in rows}
    about = Q(url__in={*urls, *(url.partition("#")[0] for url in urls)} - {"/contacts/duplicates/"})
    for word in person.told:
        about |= Q(text__icontains=word)
    return Notification.objects.filter(about)


def counts_of(person: Person) -> list[tuple[str, int]]:
    """Return what is held, in the words of the house, each with how many there are."""
    tables = [rows for rows in person.rows.values() if not getattr(rows[0], "is_derived", False)]
    named = [(str(rows[0]._meta.verbose_name_plural), len(rows)) for rows in tables]
    events, told = events_about(person).count(), notifications_of(person).count()
    return [*sorted(named), (_("entries of the audit"), events), (_("notifications"), told)]


def copy_of(person: Person) -> IO[bytes]:
    """Return a ZIP of all that is held: one JSON document, a CSV of each table, and the stored files."""
    tables: dict[str, list[dict[str, Any]]] = {label: list(map(_shown, rows)) for label, rows in person.rows.items()}
    tags = person.contact.tags.values("id", "name")
    places = images_about(person)
    parts = OperationPart.objects.filter(pk__in=places)
    tables |= {
        "tags": list(tags),
        "images": [{"model": part.model, "image": part.rows[at]} for part in parts for at in places[part.pk]],
        "shares": [_shown(row) for rows in shares_of(person) for row in rows],
        "notifications": [_shown(row) for row in notifications_of(person)],
        "events": [_shown(row) for row in events_about(person).order_by("pk")],
    }
    tables = {name: rows for name, rows in tables.items() if rows}
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller reads it
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        whole = {"contact": person.contact.pk, "written_at": clock.now(), **tables}
        made.writestr("person.json", json.dumps(whole, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
        for name, rows in tables.items():
            lines = ([_cell(value) for value in row.values()] for row in rows)
            made.writestr(f"{name}.csv", to_bytes("csv", list(rows[0]), lines))
        for path, name in sorted(files_of(person.rows).items()):
            target = files.path_of(path)
            if target.is_file():
                made.write(target, f"files/{name}")
    file.seek(0)
    return file


def files_of(rows: Rows) -> dict[str, str]:
    """Return the stored files of rows, each with a name to hand it out by."""
    found = {}
    for label, held in rows.items():
        column = HELD[label].files
        for row in held if column else ():
            for path, name in _paths(getattr(row, column)):
                said = name or getattr(row, "file_name", "") or f"{getattr(row, 'number', row.pk)}.pdf"
                found[path] = f"{label.partition('.')[2]}-{row.pk}-{said}".replace("/", "-")
    return found


def _paths(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and value:
        yield value, ""
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict) and one.get("path"):
            yield one["path"], str(one.get("name", ""))


def _shown(row: Model) -> dict[str, Any]:
    hidden = {*DERIVED, *(HELD[row._meta.label_lower].hidden if row._meta.label_lower in HELD else ())}
    return {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.name not in hidden}


def _cell(value: Any) -> Any:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False) if isinstance(value, (dict, list)) else value


def _is_about(person: Person, label: str, entry: Any) -> bool:
    if isinstance(entry, dict):  # what failed, or was kept
        return tells(json.dumps(entry, ensure_ascii=False), person.told)
    pk, *images = entry
    if isinstance(pk, list):  # created: it tells no more than when
        return False
    for image in filter(None, images):
        if any((to, image.get(column)) in person.keys for column, to in _pointers(label)):
            return True
        if any(isinstance(value, str) and value.casefold() in person.words for value in image.values()):
            return True
    return (label, pk) in person.keys


@cache
def _pointers(label: str) -> list[tuple[str, str]]:
    """The columns that make a row part of what is held; that a person works for a company makes it no part of it."""
    fields: Any = () if label == "crm.contact" else apps.get_model(label)._meta.concrete_fields
    return [(f.attname, f.related_model._meta.label_lower) for f in fields if f.is_relation]
