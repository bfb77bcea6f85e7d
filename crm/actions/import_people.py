"""Rows of contacts, companies and leads: planned in memory first, so that a rehearsal counts what a commit does."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from accounts.actor import Actor
from accounts.roles import REP
from core import bulk
from crm.actions.contacts import keep_addresses
from crm.actions.import_leads import Leads
from crm.actions.import_parts import (
    CREATED,
    NOTHING_NEW,
    SKIPPED,
    TAGGED,
    UPDATED,
    Draft,
    Importer,
    Result,
    Work,
    own_id,
    refused,
)
from crm.actions.recording import Recorder
from crm.columns import CUSTOM, reference_prefix
from crm.forms.imports import YES, CleanRow
from crm.matching import e164, fold_company, fold_email
from crm.models import Consent, Contact, ContactAddress, ImportRun, Tag
from crm.models.search import INDEXED
from crm.queries.privacy import erased_fingerprints, is_erased

# A row's field → the contact's column.
FACTS = {
    name: name
    for name in ("first_name", "last_name", "job_title", "industry", "city", "country", "language", "timezone")
} | {"business_name": "company_name"}  # fmt: skip
SETTINGS = ("stage", "do_not_contact", "do_not_ai")
READ = (
    "id", "version", "kind", "external_ref", "email", "email_folded", "phone", "phone_e164", "owner_id", "company_id",
    "company_folded", "score", "custom", *INDEXED, *SETTINGS, *FACTS.values(),
)  # fmt: skip
SOURCES = frozenset(Contact.Source.values)
REFUSALS = {"do_not_email": "email", "do_not_call": "phone"}
ADDRESSES = {"email": "email_folded", "phone": "phone_e164"}
# The kinds of keys, in the order in which they decide, and the columns that hold them.
COLUMNS = {"ref": "external_ref", **ADDRESSES, "name": "company_folded"}
ERASED = "This person asked to be erased; their address is not taken in again."
NOT_THERE = "Another address in the row belongs to somebody else and was left there."


class PeopleImporter(Importer):
    """Imports contacts and companies; with leads, each row's contact first and then its lead."""

    knows_who = True

    def __init__(self, run: ImportRun, actor: Actor, model: Any = None, *, is_dry: bool) -> None:
        self.is_dry = is_dry
        super().__init__(run, actor)
        self.leads = Leads(self, model) if run.kind == ImportRun.Kind.LEADS else None

    def prepare(self) -> None:
        """Load what every row needs."""
        mapped = self.mapped = set(self.run.mapping.values())
        names = {"first_name", "last_name"} if "name" in mapped else set()
        self.facts = [(name, column) for name, column in FACTS.items() if name in mapped | names]
        self.settings = [name for name in (*SETTINGS, "created_at") if name in mapped]
        self.has_custom = any(name.startswith(CUSTOM.rstrip(":")) for name in mapped)
        self.has_more = bool(mapped & {"tags", "addresses", "parent", "parent_ref", *REFUSALS})
        self.prefix = reference_prefix(self.run.mapping, "external_ref")
        every = Tag.objects.all() if "tags" in mapped else ()
        self.tags: dict[str, Draft | int] = {tag.name.casefold(): tag.pk for tag in every}
        aliases = ContactAddress.objects.current().filter(is_primary=False)
        self.has_aliases = aliases.exclude(channel="postal").exists()
        self.may_assign = self.actor.can("lead:reassign").allowed
        user = self.actor.user
        self.keeper = user.pk if user and REP in user.roles and not self.may_assign else None
        self.erased = erased_fingerprints()
        self.now: tuple[int, Draft, Draft | None] | None = None  # whom the last row was about

    def screen(self, rows: Sequence[CleanRow]) -> None:
        """Refuse rows with an address of an erased person."""
        for row in rows if self.erased else ():
            told = (("email", row.get("email_folded")), ("phone", row.get("phone_e164")))
            if not row.problems and is_erased([pair for pair in told if pair[1]], self.erased):
                row.blame("email" if row.get("email_folded") else "phone", ERASED)

    def keys(self, row: CleanRow) -> list[str]:
        """A row's reference and addresses; a company without a reference is known by its name."""
        if row.keys is not None:
            return row.keys
        told = row.values
        keys = [f"ref:{self.prefix}{told['external_ref']}"] if told.get("external_ref") else []
        if told["email_folded"]:
            keys.append(f"email:{told['email_folded']}")
        if told["phone_e164"]:
            keys.append(f"phone:{told['phone_e164']}")
        if self.is_company(row) and not told.get("external_ref") and told.get("business_name"):
            keys.append(f"name:{fold_company(told['business_name'])[:200]}")
        row.keys = keys
        return keys

    def is_company(self, row: CleanRow) -> bool:
        """Whether a row is about a company."""
        return self.run.kind == "accounts" or row.values.get("kind") == "company"

    def kin(self, keys: Sequence[str]) -> list[list[str]]:
        """All keys of each contact that has one of these."""
        return [own for _, own in self._find(keys)]

    def look_up(self, work: Sequence[Work]) -> None:
        """Load the contacts that the rows are about, and what is to be compared with them."""
        rows = [one.row for one in work if not one.row.problems]
        keys = [key for row in rows for key in self.keys(row)]
        if self.mapped & {"parent", "parent_ref"}:
            keys += map(self._parent_key, rows)
        if not self.is_dry:
            self.now = None
        self.here: dict[str, Draft] = {}
        known: dict[int, Draft] = {}
        for values, own in self._find(keys):
            contact = known[values["id"]] = self.known(Contact, values["id"], values)
            contact.held = set()
            for key in own:
                self.here.setdefault(key, contact)
        self.mine: set[int] = set()
        if known:
            allowed = self.actor.visible("contact:update", Contact.objects.filter(pk__in=known))
            self.mine = set(allowed.values_list("pk", flat=True))
            self._hold(known)
        if self.leads is not None:
            self.leads.look_up(rows, list(known))

    def plan_row(self, row: CleanRow, work: Work) -> Result:
        """Create the row's contact or fill what a known one lacks; then see to its lead."""
        keys, here = self.keys(row), self.here
        contact, lead = None, None
        if self.now is not None and self.now[0] == work.entity:
            _, contact, lead = self.now
        else:
            contact = next((here[key] for key in keys if key in here), None)
        taken = {
            key for at, key in enumerate(keys) if work.strange >> at & 1 or here.get(key, contact) is not contact
        }  # fmt: skip
        message, joined = "", contact is not None
        if contact is None:
            contact, outcome = self._new_contact(row, taken), CREATED
        else:
            is_filled = not row.get("lead_ref") and self._fill(contact, row, taken)
            outcome = UPDATED if is_filled else SKIPPED
            message = f"Joined {contact.name}." if is_filled else NOTHING_NEW
            message += f" {NOT_THERE}" if taken else ""
        for key in keys:
            here.setdefault(key, contact)
        if self.leads is not None:
            if problem := self.leads.problem(row):
                return refused(row, problem)
            lead, ended = self.leads.see_to(row, contact, lead)
            if ended is CREATED:
                outcome, message = CREATED, f"New lead of {contact.name}." if joined else ""
            elif ended is UPDATED:
                outcome, message = UPDATED, f"Joined {contact.name}."
        self.now = (work.entity, contact, lead)
        return Result(row, outcome, message, contact, lead)

    def write(self, record: Recorder) -> None:
        """Write what was planned; an address that a known contact got gets its row too."""
        super().write(record)
        moved = [d.pk or 0 for d in self.drafts[Contact] if d.changed and d.changed & set(ADDRESSES)]
        if moved:
            record.watch(ContactAddress.objects.filter(contact_id__in=moved))
            for contact in Contact.objects.filter(pk__in=moved):
                keep_addresses(contact)

    def tie(self, rows: Sequence[CleanRow], record: Recorder) -> dict[int, str]:
        """Tie contacts to companies that stood below them; returns words about rows whose company nobody knows."""
        wanted = {row.number: (self.keys(row)[0], self._parent_key(row)) for row in rows}
        every = {key for pair in wanted.values() for key in pair}
        found = {key: values for values, own in self._find(every) for key in own}
        pairs, said = {}, {}
        for row in rows:
            child, parent = (found.get(key) for key in wanted[row.number])
            if parent is None:
                name = row.get("parent") or row.get("parent_ref")
                said[row.number] = f"Its parent {name} is not known; left open."
            elif child and child["id"] != parent["id"] and child["company_id"] is None:
                pairs[child["id"]] = parent["id"]
        record.watch(Contact.objects.filter(pk__in=pairs).exclude(import_run=self.run))
        bulk.update(Contact, ("company_id",), pairs.items())
        return said

    def _new_contact(self, row: CleanRow, taken: set[str]) -> Draft:
        told = row.values
        values = {column: told.get(name, "") for name, column in self.facts}
        for channel, folded in ADDRESSES.items():
            value = told[folded]
            is_free = value and not (taken and f"{channel}:{value}" in taken)
            values[channel], values[folded] = (told[channel], value) if is_free else ("", None)
        if "business_name" in told:
            values["company_folded"] = fold_company(told["business_name"])[:200]
        owner, source = self.owner_of(row) if self.may_assign else None, told.get("source", "")
        values |= {
            "kind": "company" if self.is_company(row) else "person",
            "owner_id": owner or self.keeper,
            "external_ref": f"{self.prefix}{told['external_ref']}" if told.get("external_ref") else None,
            "source": source.casefold() if source.casefold() in SOURCES else "import",
            "import_run_id": self.run.pk,
        }  # fmt: skip
        if self.leads is None:
            if self.has_custom:
                values["custom"] = self.custom(row)
            values |= {name: told[name] for name in self.settings if told.get(name)}
        contact = self.add(Contact, values)
        for channel, folded in ADDRESSES.items():
            if value := values[folded]:
                self._add_address(contact, channel, values[channel], value, is_primary=True)
        if self.has_more:
            self._add_to(contact, row)
        return contact

    def _fill(self, contact: Draft, row: CleanRow, taken: set[str]) -> bool:
        """Fill what the contact does not have yet; what is there stays, unless the file's word counts."""
        if not contact.is_new and contact.pk not in self.mine:
            return False
        news: dict[str, Any] = {}
        for name, column in self.facts:
            self.compare(contact, column, row.get(name), news)
        for channel, folded in ADDRESSES.items():
            is_free = f"{channel}:{row.get(folded)}" not in taken
            if is_free and self.compare(contact, folded, row.get(folded), news):
                news[channel] = row.get(channel)
        reference = f"{self.prefix}{row.get('external_ref')}" if row.get("external_ref") else ""
        is_own = own_id(reference, self.workspace.code, "C") == contact.pk
        if reference and not (is_own or contact.external_ref or taken):
            news["external_ref"] = reference
        if self.leads is None:
            self._fill_settings(contact, row, news)
        if "company_name" in news:
            news["company_folded"] = fold_company(news["company_name"])[:200]
        contact.put(**news)
        return self._add_to(contact, row) or bool(news)

    def _fill_settings(self, contact: Draft, row: CleanRow, news: dict[str, Any]) -> None:
        for name in SETTINGS:
            self.compare(contact, name, row.get(name), news)
        owner = self.owner_of(row) if self.may_assign else None
        self.compare(contact, "owner_id", owner, news)
        if custom := self.added_custom(contact, row):
            news["custom"] = custom

    def _add_to(self, contact: Draft, row: CleanRow) -> bool:
        """Add tags, further addresses, refusals and the parent company; True when one was new."""
        told, is_more = row.values, False
        held = contact.held = set() if contact.held is None else contact.held
        before = len(held)
        for tag in self._tags(told["tags"]) if told.get("tags") else ():
            if tag not in held:
                held.add(tag)
                self.add(TAGGED, {"contact_id": contact, "tag_id": tag})
        for said in told.get("addresses") or ():
            self._further_address(contact, said, held)
        for key, channel in REFUSALS.items():
            if key in told and told[key].casefold() in YES and f"no {channel}" not in held:
                held.add(f"no {channel}")
                proof = f"{self.run.file_name}, row {row.number}"
                self.new(Consent, contact_id=contact, channel=channel, state="withdrawn", source="import",
                         proof=proof, at=self.at)  # fmt: skip
        if (key := self._parent_key(row)) and contact.values.get("company_id") is None:
            parent = self.here.get(key)
            if parent is None:
                self.loose.append(row.number)
            elif parent is not contact:
                contact.put(company_id=parent)
                is_more = True
        return is_more or len(held) > before

    def _further_address(self, contact: Draft, said: Any, held: set[Any]) -> None:
        channels = ContactAddress.Channel.values
        if not isinstance(said, Mapping) or said.get("channel") not in channels:
            return
        channel, value = said["channel"], str(said.get("value", ""))[:400]
        region = contact.country or self.workspace.country
        plain = " ".join(value.casefold().split())
        folded = {"email": fold_email(value), "phone": e164(value, region)}.get(channel, plain)
        since, until = (str(said.get(name) or "") or None for name in ("valid_from", "valid_until"))
        if self.erased and channel != "postal" and is_erased([(channel, folded)], self.erased):
            return
        if folded and (channel, folded, until) not in held:
            held.add((channel, folded, until))
            label = str(said.get("label", ""))[:40]
            self._add_address(contact, channel, value, folded, label=label, valid_from=since, valid_until=until)

    def _add_address(self, contact: Draft, channel: str, value: str, folded: str, **more: Any) -> None:  # fmt: skip
        told = {"contact_id": contact, "channel": channel, "value": value, "folded": folded, **more}
        self.add(ContactAddress, told)

    def _tags(self, text: str) -> Iterator[Draft | int]:
        """The tags that a cell names; those that nobody has are made."""
        sign = next((sign for sign in ",;|" if sign in text), ",")
        words = (word.strip()[:40] for word in text.split(sign))
        for folded, word in {word.casefold(): word for word in words if word}.items():
            tag = self.tags.get(folded)
            if tag is None:
                tag = self.new(Tag, name=word)
            elif isinstance(tag, Draft) and tag.pk:
                tag = tag.pk  # written with an earlier chunk
            self.tags[folded] = tag
            yield tag

    def _parent_key(self, row: CleanRow) -> str:
        if row.values.get("parent_ref"):
            return f"ref:{row.get('parent_ref')}"
        return f"name:{fold_company(row.get('parent'))[:200]}" if row.values.get("parent") else ""

    def _hold(self, known: Mapping[int, Draft]) -> None:
        """Note the tags, addresses and refusals that known contacts have, as far as the file tells of such."""
        rows: list[tuple[int, Any]] = []
        if "tags" in self.mapped:
            links = TAGGED.objects.filter(contact_id__in=known)
            rows += links.values_list("contact_id", "tag_id")
        if "addresses" in self.mapped:
            held = ContactAddress.objects.filter(contact_id__in=known)
            for one in held:
                until = one.valid_until.isoformat() if one.valid_until else None
                rows.append((one.contact_id, (one.channel, one.folded, until)))
        if self.mapped & set(REFUSALS):
            said = Consent.objects.filter(contact_id__in=known).order_by("pk")
            last = {(one.contact_id, one.channel): one.state for one in said}
            rows += [(c, f"no {channel}") for (c, channel), state in last.items() if state == "withdrawn"]  # fmt: skip
        for contact_id, value in rows:
            contact = known[contact_id]
            contact.held = {*(contact.held or ()), value}

    def _find(self, keys: Iterable[str]) -> Iterator[tuple[dict[str, Any], list[str]]]:
        """The contacts that have one of the keys: their values, and all the keys that they have."""
        parts: dict[str, set[str]] = {name: set() for name in COLUMNS}
        for key in keys:
            name, _, value = key.partition(":")
            if value:
                parts[name].add(value)
        aliases: dict[int, list[str]] = {}
        for channel in ADDRESSES if self.has_aliases else ():
            held = ContactAddress.objects.current().filter(channel=channel, is_primary=False)
            for pk, folded in held.filter(folded__among=parts[channel]).values_list("contact_id", "folded"):
                aliases.setdefault(pk, []).append(f"{channel}:{folded}")
        own = {own_id(ref, self.workspace.code, "C") for ref in parts["ref"]} - {0}
        found: dict[int, dict[str, Any]] = {}
        for name, wanted in {"pk": {*aliases, *own}, **parts}.items():
            if wanted:
                rows = Contact.objects.filter(**{f"{COLUMNS.get(name, name)}__among": wanted})
                rows = rows.filter(kind=Contact.Kind.COMPANY) if name == "name" else rows
                found |= {row["id"]: row for row in rows.values(*READ)}
        for pk, row in sorted(found.items()):
            keys = aliases.get(pk, [])
            keys.append(f"ref:{row['external_ref'] or f'{self.workspace.code}-C{pk}'}")
            for name, column in COLUMNS.items():
                if row[column] and name != "ref" and (name != "name" or row["kind"] == "company"):
                    keys.append(f"{name}:{row[column]}")
            yield row, keys
