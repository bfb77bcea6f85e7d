"""Rows of contacts, companies and leads: planned in memory first, so that a rehearsal counts what a commit does."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Q

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
from crm.columns import reference_prefix
from crm.forms.imports import YES, CleanRow
from crm.matching import e164, fold_company, fold_email
from crm.models import Consent, Contact, ContactAddress, ImportRun, Tag

# A row's field → the contact's column.
FACTS = {
    name: name
    for name in ("first_name", "last_name", "job_title", "industry", "city", "country", "language", "timezone")
} | {"business_name": "company_name"}  # fmt: skip
SETTINGS = ("stage", "do_not_contact", "do_not_ai")
READ = (
    "id", "version", "kind", "external_ref", "email", "email_folded", "phone", "phone_e164", "owner_id", "company_id",
    "company_folded", "score", "custom", "search_words", *SETTINGS, *FACTS.values(),
)  # fmt: skip
SOURCES = frozenset(Contact.Source.values)
REFUSALS = {"do_not_email": "email", "do_not_call": "phone"}
ADDRESSES = {"email": "email_folded", "phone": "phone_e164"}
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
        self.mapped = set(self.run.mapping.values())
        self.prefix = reference_prefix(self.run.mapping, "external_ref")
        self.tags: dict[str, Draft | int] = (
            {tag.name.casefold(): tag.pk for tag in Tag.objects.all()}
            if "tags" in self.mapped
            else {}
        )
        self.may_assign = self.actor.can("lead:reassign").allowed
        user = self.actor.user
        self.keeper = user if user and REP in user.roles and not self.may_assign else None
        self.now: tuple[int, Draft, Draft | None] | None = None  # whom the last row was about

    def keys(self, row: CleanRow) -> list[str]:
        """A row's reference and addresses; a company without a reference is known by its name."""
        reference, email, phone = (
            self.reference(row),
            row.get("email_folded"),
            row.get("phone_e164"),
        )
        keys = [f"ref:{reference}"] if reference else []
        if email:
            keys.append(f"email:{email}")
        if phone:
            keys.append(f"phone:{phone}")
        if not reference and self.is_company(row) and row.get("business_name"):
            keys.append(f"name:{fold_company(row.get('business_name'))[:200]}")
        return keys

    def reference(self, row: CleanRow) -> str:
        """The key by which a file knows the contact, kept apart from other files' keys."""
        return f"{self.prefix}{row.get('external_ref')}" if row.get("external_ref") else ""

    def is_company(self, row: CleanRow) -> bool:
        """Whether a row is about a company."""
        return self.run.kind == "accounts" or row.get("kind") == Contact.Kind.COMPANY

    def kin(self, keys: Sequence[str]) -> list[list[str]]:
        """All keys of each contact that has one of these."""
        return [own for _, own in self._find(keys)]

    def look_up(self, work: Sequence[Work]) -> None:
        """Load the contacts that the rows are about, and what is to be compared with them."""
        rows = [one.row for one in work if not one.row.problems]
        keys = [key for row in rows for key in self.keys(row)]
        parents = [key for row in rows if (key := self._parent_key(row))]
        self.here: dict[str, Draft] = {}
        if not self.is_dry:
            self.now = None
        for values, own in self._find([*keys, *parents]):
            contact = self.known(Contact, values["id"], values)
            for key in own:
                self.here.setdefault(key, contact)
        ids = [contact.pk for contact in self.here.values()]
        self.mine = set(
            self.actor.visible("contact:update", Contact.objects.filter(pk__in=ids)).values_list("pk", flat=True)
        ) if ids else set()  # fmt: skip
        self.held: dict[int, set[Any]] = {}
        if ids and "tags" in self.mapped:
            self._hold(
                TAGGED.objects.filter(contact_id__in=ids).values_list("contact_id", "tag_id")
            )
        if ids and self.mapped & {"addresses"}:
            held = ContactAddress.objects.filter(contact_id__in=ids)
            self._hold(held.values_list("contact_id", "channel", "folded", "valid_until"))
        if ids and self.mapped & set(REFUSALS):
            said = Consent.objects.filter(contact_id__in=ids).order_by("pk")
            last = {
                (c, channel): state
                for c, channel, state in said.values_list("contact_id", "channel", "state")
            }
            self._hold(
                (c, f"no {channel}") for (c, channel), state in last.items() if state == "withdrawn"
            )
        if self.leads is not None:
            self.leads.look_up(rows, ids)

    def plan_row(self, row: CleanRow, work: Work) -> Result:
        """Create the row's contact or fill what a known one lacks; then see to its lead."""
        keys = self.keys(row)
        contact, lead = None, None
        if self.now is not None and self.now[0] == work.entity:
            _, contact, lead = self.now
        else:
            contact = next((self.here[key] for key in keys if key in self.here), None)
        taken = {
            key for at, key in enumerate(keys)
            if work.strange >> at & 1 or self.here.get(key, contact) is not contact
        }  # fmt: skip
        message, joined = "", contact is not None
        if contact is None:
            contact, outcome = self._new_contact(row, taken), CREATED
        else:
            is_filled = not row.get("lead_ref") and self._fill(contact, row, taken)
            outcome = UPDATED if is_filled else SKIPPED
            message = f"Joined {contact.name}." if is_filled else NOTHING_NEW
            if taken:
                message += f" {NOT_THERE}"
        for key in keys:
            self.here.setdefault(key, contact)
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
        moved = [d.pk for d in self.drafts.get(Contact, ()) if d.changed & set(ADDRESSES)]
        if moved:
            record.watch(ContactAddress.objects.filter(contact_id__in=moved))
            for contact in Contact.objects.filter(pk__in=moved):
                keep_addresses(contact)

    def tie(self, rows: Sequence[CleanRow], record: Recorder) -> dict[int, str]:
        """Tie contacts to companies that stood below them; returns words about rows whose company nobody knows."""
        wanted = {row.number: (self.keys(row)[0], self._parent_key(row)) for row in rows}
        found = {
            key: row
            for row, own in self._find({k for pair in wanted.values() for k in pair})
            for key in own
        }
        pairs, said = {}, {}
        for row in rows:
            child, parent = (found.get(key) for key in wanted[row.number])
            if parent is None:
                name = row.get("parent") or row.get("parent_ref")
                said[row.number] = f"Its parent {name} is not known; left open."
            elif child and child["id"] != parent["id"] and child["company_id"] is None:
                pairs[child["id"]] = parent["id"]
        older = Contact.objects.filter(pk__in=pairs).exclude(import_run=self.run)
        record.watch(older)
        bulk.update(Contact, ("company_id",), pairs.items())
        return said

    def _new_contact(self, row: CleanRow, taken: set[str]) -> Draft:
        values: dict[str, Any] = {column: row.get(name) for name, column in FACTS.items()}
        for channel, folded in ADDRESSES.items():
            value = row.get(folded)
            is_free = value and f"{channel}:{value}" not in taken
            values |= {
                channel: row.get(channel) if is_free else "",
                folded: value if is_free else None,
            }
        owner = self.owner_of(row) if self.may_assign else None
        source = str(row.get("source")).casefold()
        contact = self.new(
            Contact,
            **values,
            kind="company" if self.is_company(row) else "person",
            company_folded=fold_company(row.get("business_name"))[:200],
            external_ref=self.reference(row) or None,
            owner_id=owner or (self.keeper.pk if self.keeper else None),
            source=source if source in SOURCES else Contact.Source.IMPORT.value,
            custom=self.custom(row) if self.leads is None else {},
            import_run_id=self.run.pk,
            **{n: row.get(n) for n in (*SETTINGS, "created_at") if not self.leads and row.get(n)},
        )
        for channel, folded in ADDRESSES.items():
            if values[folded]:
                self.new(
                    ContactAddress, contact, contact_id=contact, channel=channel, value=values[channel],
                    folded=values[folded], is_primary=True,
                )  # fmt: skip
        self._add_to(contact, row)
        return contact

    def _fill(self, contact: Draft, row: CleanRow, taken: set[str]) -> bool:
        """Fill what the contact does not have yet; what is there stays, unless the file's word counts."""
        if not contact.is_new and contact.pk not in self.mine:
            return False
        news: dict[str, Any] = {}
        for name, column in FACTS.items():
            self.compare(contact, column, row.get(name), news)
        for channel, folded in ADDRESSES.items():
            is_free = f"{channel}:{row.get(folded)}" not in taken
            if is_free and self.compare(contact, folded, row.get(folded), news):
                news[channel] = row.get(channel)
        if (reference := self.reference(row)) and not contact.external_ref and not taken:
            if own_id(reference, self.workspace.code, "C") != contact.pk:
                news["external_ref"] = reference
        if self.leads is None:
            for name in SETTINGS:
                self.compare(contact, name, row.get(name), news)
            owner = self.owner_of(row) if self.may_assign else None
            self.compare(contact, "owner_id", owner, news)
            if custom := self.added_custom(contact, row):
                news["custom"] = custom
        if "company_name" in news:
            news["company_folded"] = fold_company(news["company_name"])[:200]
        contact.put(**news)
        return self._add_to(contact, row) or bool(news)

    def _add_to(self, contact: Draft, row: CleanRow) -> bool:
        """Add tags, further addresses, refusals and the parent company; True when one was new."""
        held = self.held.setdefault(contact.pk or -id(contact), set())
        before = len(held)
        for word in _words(row.get("tags")):
            tag = self._tag(word)
            if tag not in held:
                held.add(tag)
                self.new(TAGGED, contact, contact_id=contact, tag_id=tag)
        for said in row.get("addresses") or ():
            self._further_address(contact, said, held)
        for key, channel in REFUSALS.items():
            if str(row.get(key)).casefold() in YES and f"no {channel}" not in held:
                held.add(f"no {channel}")
                proof = f"{self.run.file_name}, row {row.number}"
                self.new(Consent, contact_id=contact, channel=channel, state="withdrawn", source="import",
                         proof=proof, at=self.at)  # fmt: skip
        more = len(held) > before
        if (key := self._parent_key(row)) and contact.values.get("company_id") is None:
            parent = self.here.get(key)
            if parent is None:
                self.loose.append(row.number)
            elif parent is not contact:
                contact.put(company_id=parent)
                more = True
        return more

    def _further_address(self, contact: Draft, said: Any, held: set[Any]) -> None:
        if (
            not isinstance(said, Mapping)
            or said.get("channel") not in ContactAddress.Channel.values
        ):
            return
        channel, value = said["channel"], str(said.get("value", ""))[:400]
        region = contact.values.get("country") or self.workspace.country
        folded = {"email": fold_email(value), "phone": e164(value, region)}.get(
            channel, " ".join(value.casefold().split())
        )
        until = str(said.get("valid_until") or "") or None
        if folded and (channel, folded, until) not in held:
            held.add((channel, folded, until))
            since = str(said.get("valid_from") or "") or None
            self.new(
                ContactAddress, contact, contact_id=contact, channel=channel, value=value, folded=folded,
                label=str(said.get("label", ""))[:40], valid_from=since, valid_until=until,
            )  # fmt: skip

    def _tag(self, word: str) -> Draft | int:
        tag = self.tags.get(word.casefold())
        if tag is None:
            tag = self.new(Tag, name=word)
        elif isinstance(tag, Draft) and tag.pk:
            tag = tag.pk  # written with an earlier chunk
        self.tags[word.casefold()] = tag
        return tag

    def _parent_key(self, row: CleanRow) -> str:
        if row.get("parent_ref"):
            return f"ref:{row.get('parent_ref')}"
        return f"name:{fold_company(row.get('parent'))[:200]}" if row.get("parent") else ""

    def _hold(self, rows: Iterable[Any]) -> None:
        for contact_id, *value in rows:
            plain = [v.isoformat() if hasattr(v, "isoformat") else v for v in value]
            self.held.setdefault(contact_id, set()).add(
                plain[0] if len(plain) == 1 else tuple(plain)
            )

    def _find(self, keys: Iterable[str]) -> Iterator[tuple[dict[str, Any], list[str]]]:
        """The contacts that have one of the keys: their values, and all the keys that they have."""
        parts: dict[str, set[str]] = {"ref": set(), "email": set(), "phone": set(), "name": set()}
        for key in keys:
            prefix, _, value = key.partition(":")
            parts[prefix or "ref"].add(value)
        addresses = parts["email"] | parts["phone"]
        aliases: dict[int, list[str]] = {}
        held = ContactAddress.objects.current().filter(folded__in=addresses, is_primary=False)
        for pk, channel, folded in held.values_list("contact_id", "channel", "folded"):
            aliases.setdefault(pk, []).append(f"{channel}:{folded}")
        own = {own_id(ref, self.workspace.code, "C") for ref in parts["ref"]} - {None}
        wanted = Q(pk__in={*aliases, *own}) | Q(external_ref__in=parts["ref"])
        wanted |= Q(email_folded__in=parts["email"]) | Q(phone_e164__in=parts["phone"])
        if parts["name"]:
            wanted |= Q(kind=Contact.Kind.COMPANY, company_folded__in=parts["name"])
        for row in Contact.objects.filter(wanted).order_by("pk").values(*READ):
            pk, found = row["id"], aliases.get(row["id"], [])
            found.append(f"ref:{row['external_ref'] or f'{self.workspace.code}-C{pk}'}")
            found += [f"email:{row['email_folded']}"] * bool(row["email_folded"])
            found += [f"phone:{row['phone_e164']}"] * bool(row["phone_e164"])
            found += [f"name:{row['company_folded']}"] * (row["kind"] == Contact.Kind.COMPANY)
            yield row, found


def _words(text: Any) -> list[str]:
    sign = next((sign for sign in ",;|" if sign in str(text)), ",")
    words = (word.strip()[:40] for word in str(text).split(sign))
    return list({word.casefold(): word for word in words if word}.values())
