"""What the importers share: drafts of records, the result of a row, people by name, one writer for all nouns."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any

from django.db.models import Model

from accounts.actor import Actor
from accounts.models import Team, User, Workspace
from core import bulk, clock
from core.errors import Refused
from core.money import Money
from crm import search
from crm.actions.recording import Recorder
from crm.columns import CUSTOM
from crm.forms.imports import CleanRow
from crm.matching import normalise
from crm.models import (
    Activity,
    Consent,
    Contact,
    ContactAddress,
    Deal,
    DealLine,
    ImportRun,
    Item,
    Lead,
    Pipeline,
    Stage,
    Tag,
)
from crm.models.record import Record
from crm.models.search import Searchable, add_words, index_rows
from crm.search import names_in
from crm.staging import Ending

CREATED, UPDATED, SKIPPED, ERROR = "created", "updated", "skipped", "error"
QUIET = frozenset({"score", "stage"})  # a machine's reckoning is no edit
LOST_REASON = "Imported as lost"
NOTHING_NEW = "Already here; the row tells nothing new."
TAGGED = Contact.tags.through
# Those that are pointed at come first.
ORDER: tuple[type[Model], ...] = (
    Tag, Contact, ContactAddress, TAGGED, Item, Deal, DealLine, Lead, Activity, Consent,
)  # fmt: skip


class Draft:
    """A row of the database on its way: new, or known with what changes; reads like the record itself."""

    __slots__ = ("changed", "is_new", "model", "owner", "pk", "values")

    def __init__(self, model: type[Model], values: dict[str, Any], pk: int | None = None) -> None:
        self.model, self.values, self.pk, self.is_new = model, values, pk, pk is None
        self.owner: Draft | None = None  # of a part, which comes and goes with its record
        self.changed: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        for held in (self.values, _blank(self.model)):
            for key in (name, f"{name}_id"):
                if key in held:
                    return held[key]
        raise AttributeError(name)

    def put(self, **news: Any) -> None:
        """Change columns."""
        self.values.update(news)
        if not self.is_new:
            self.changed.update(news)

    @property
    def name(self) -> str:
        """How people call it."""
        return str(self.model.name.fget(self))  # type: ignore[attr-defined]


@cache
def _blank(model: type[Model]) -> dict[str, Any]:
    return bulk.defaults(model)


@dataclass(slots=True)
class Result:
    """What becomes of one row."""

    row: CleanRow
    outcome: str
    message: str = ""
    contact: Draft | None = None
    lead: Draft | None = None
    deal: Draft | None = None

    def ending(self, places: Mapping[str, int]) -> Ending:
        """The result to keep, with the ids that the records have by now."""
        faults = tuple(places[key] for key in self.row.at_fault if key in places)
        drafts = (self.contact, self.lead, self.deal)
        ids = (draft.pk if draft is not None else None for draft in drafts)
        return Ending(self.row.number, self.outcome, self.message[:400], faults, *ids)


def refused(row: CleanRow, *problems: str) -> Result:
    """The result of a row that cannot be imported."""
    return Result(row, ERROR, " ".join(problems or row.problems))


@dataclass(frozen=True, slots=True)
class Work:
    """A cleaned row in the order of work; see staging.Place."""

    row: CleanRow
    entity: int
    strange: int


class Importer:
    """One kind of file: who a row is about, what is decided about it in memory, and how that is written."""

    knows_who = False  # whether a row with keys of its own is a new record for sure

    def __init__(self, run: ImportRun, actor: Actor) -> None:
        self.run, self.actor, self.at = run, actor, clock.now()
        self.workspace = Workspace.current()
        self.people = People()
        self.is_replacing = run.known == ImportRun.Known.REPLACE
        self.drafts: dict[type[Model], list[Draft]] = {}
        self.loose: list[int] = []  # rows whose ties wait for the others
        self.prepare()

    def prepare(self) -> None:
        """Load what every row needs."""

    def keys(self, row: CleanRow) -> list[str]:
        """What a row has in common with every other about the same; the first that is known decides."""
        return []

    def kin(self, keys: Sequence[str]) -> list[list[str]]:
        """All keys of each record that is here already and has one of these."""
        return []

    def plan(self, work: Sequence[Work]) -> list[Result]:
        """Decide about each row, in memory; a rehearsal stops here."""
        self.drafts, self.loose = {}, []
        self.look_up(work)
        return [
            refused(one.row) if one.row.problems else self.plan_row(one.row, one) for one in work
        ]

    def look_up(self, work: Sequence[Work]) -> None:
        """Load what these rows point to."""

    def plan_row(self, row: CleanRow, work: Work) -> Result:
        """Decide about one row."""
        raise NotImplementedError

    def new(self, model: type[Model], owner: Draft | None = None, **values: Any) -> Draft:
        """Begin a row of the database; `owner` is the record that a part belongs to."""
        draft = Draft(model, values)
        draft.owner = owner
        self.drafts.setdefault(model, []).append(draft)
        return draft

    def known(self, model: type[Model], pk: int, values: dict[str, Any]) -> Draft:
        """Take a row of the database at hand; it is written when something was put into it."""
        draft = Draft(model, values, pk)
        self.drafts.setdefault(model, []).append(draft)
        return draft

    def write(self, record: Recorder) -> None:
        """Write what was planned; call inside the transaction."""
        told: set[str] = set()
        begun = {
            model: [draft for draft in self.drafts.get(model, ()) if draft.is_new and not draft.pk]
            for model in ORDER
        }
        for model, drafts in begun.items():
            if drafts:
                for draft, pk in zip(drafts, bulk.reserve(model, len(drafts)), strict=True):
                    draft.pk = pk
        for model, drafts in begun.items():
            if changed := [d for d in self.drafts.get(model, ()) if d.changed and not d.is_new]:
                record.watch(model._base_manager.filter(pk__in=[draft.pk for draft in changed]))
                _update(model, changed, self.at)
            if drafts:
                if issubclass(model, Searchable):
                    told.update(_tell_search(drafts))
                _insert(model, drafts, self.at)
                after = {"updated_at": self.at.isoformat()} if issubclass(model, Record) else {}
                listed = [d for d in drafts if d.owner is None or not d.owner.is_new]
                record.add(model, ((draft.pk or 0, None, after) for draft in listed))
        add_words(names_in(told))
        for model, ids in self._unsaid().items():
            index_rows(model, ids)

    def _unsaid(self) -> dict[type[Searchable], set[int]]:
        """The records whose words must be read from the database: changed ones, and those with further addresses."""
        found: dict[type[Searchable], set[int]] = {
            model: {
                draft.pk or 0
                for draft in self.drafts.get(model, ())
                if draft.changed.intersection(model.searched)
                or (draft.is_new and not draft.search_words)
            }
            for model in (Contact, Lead, Deal)
        }
        rows = self.drafts.get(ContactAddress, ())
        found[Contact] |= {row.contact.pk or 0 for row in rows if not row.is_primary}
        return found

    def tie(self, rows: Sequence[CleanRow], record: Recorder) -> dict[int, str]:
        """Tie rows that waited for others; returns words about those that could not be. Call inside a transaction."""
        return {}

    def compare(self, held: Draft, column: str, value: Any, news: dict[str, Any]) -> bool:
        """Note a value as news when the record has none, or another and the file's word counts."""
        old = held.values.get(column)
        if value in ("", None) or value == old or not (self.is_replacing or old in ("", None)):
            return False
        news[column] = value
        return True

    def custom(self, row: CleanRow) -> dict[str, Any]:
        """What a row tells of the record's own fields."""
        told = {**(row.get("custom") or {})}
        for key, value in row.values.items():
            if key.startswith(CUSTOM) and value not in ("", None):
                told[key.removeprefix(CUSTOM)] = value
        return told

    def added_custom(self, held: Draft, row: CleanRow) -> dict[str, Any]:
        """The record's own fields with what a row adds to them, {} when that is nothing."""
        old: dict[str, Any] = held.values.get("custom") or {}
        told = self.custom(row)
        news = {
            k: v for k, v in told.items() if old.get(k) != v and (self.is_replacing or k not in old)
        }
        return {**old, **news} if news else {}

    def money(self, amount: Decimal | str | None, currency: str) -> int:
        """An amount in minor units."""
        return Money.of(amount, currency).minor if amount else 0

    def owner_of(self, row: CleanRow) -> int | None:
        """The person that a row names."""
        user = self.people.find(row.get("owner")) if row.get("owner") else None
        return user.pk if user else None

    def ids(self, model: type[Model]) -> list[int]:
        """The ids of the records that this chunk made or changed."""
        drafts = self.drafts.get(model, ())
        return sorted(
            {draft.pk for draft in drafts if draft.pk and (draft.is_new or draft.changed)}
        )


def _tell_search(drafts: Sequence[Draft]) -> Iterator[str]:
    """Give new records the words by which they are found; yields their names, for the vocabulary."""
    for draft in drafts:
        names = draft.model.search_names(draft)  # type: ignore[attr-defined]
        yield from names
        if draft.model is Contact:
            addresses = (draft.email, draft.phone_e164 or draft.phone)
            draft.values["search_words"] = search.words(names, addresses)
        elif isinstance(source := draft.contact, Draft):
            draft.values["search_words"] = search.words(names, more=source.search_words)


def _insert(model: type[Model], drafts: Sequence[Draft], at: datetime) -> None:
    base = bulk.defaults(model)
    base |= {name: at for name in ("created_at", "updated_at") if name in base}
    given = {name for draft in drafts for name in draft.values}
    names = sorted(given & base.keys())
    same = {name: value for name, value in base.items() if name not in given}
    picked = [(name, base[name]) for name in names]
    rows = (
        (draft.pk, *[_plain(draft.values.get(name, default)) for name, default in picked])
        for draft in drafts
    )
    bulk.insert(model, ("id", *names), rows, same)


def _update(model: type[Model], drafts: Sequence[Draft], at: datetime) -> None:
    groups: dict[tuple[str, ...], list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(tuple(sorted(draft.changed)), []).append(draft)
    for names, group in groups.items():
        is_edit = issubclass(model, Record) and not QUIET.issuperset(names)
        stamp = {"updated_at": at} if is_edit else {}
        rows = [
            (
                draft.pk,
                *[_plain(draft.values[name]) for name in names],
                *stamp.values(),
                *([draft.version + 1] if is_edit else ()),
            )
            for draft in group
        ]
        bulk.update(model, (*names, *stamp, *(("version",) if is_edit else ())), rows)


def _plain(value: Any) -> Any:
    return value.pk if value.__class__ is Draft else value


class People:
    """Finds users by the names that files use, and teams by theirs."""

    def __init__(self) -> None:
        self.by_name: dict[str, User | None] = {}
        self.names: dict[int, str] = {}
        self.teams = {team.name.casefold(): team.pk for team in Team.objects.all()}
        self.found: dict[str, User | None] = {}
        for user in User.objects.order_by("pk"):
            self.names[user.pk] = str(user)
            for key in {normalise(str(user)), user.email.casefold()}:
                self.by_name[key] = None if key in self.by_name else user

    def find(self, text: str) -> User | None:
        """The one user of this name or address; None when nobody or several are."""
        if text not in self.found:
            known = self.by_name.get(text.strip().casefold())
            self.found[text] = known or self.by_name.get(normalise(text))
        return self.found[text]


def won_deal(
    lead: Draft, contact: Draft, place: tuple[Pipeline, Stage], at: datetime, currency: str
) -> dict[str, Any]:
    """The columns of a deal that was won elsewhere: in the last stage, closed on the day of the import."""
    pipeline, stage = place
    today = at.date()
    return {
        "contact_id": contact, "title": lead.title, "pipeline_id": pipeline.pk, "stage_id": stage.pk,
        "owner_id": lead.values.get("owner_id"), "value_minor": lead.estimated_value_minor or 0,
        "currency": lead.currency or currency, "status": "won", "probability": 100, "won_at": at,
        "closed_on": today, "expected_close_on": today, "stage_since": at,
    }  # fmt: skip


def last_stage() -> tuple[Pipeline, Stage]:
    """The default pipeline and the stage nearest to winning; raises Refused when there is none."""
    stage = (
        Stage.objects.filter(pipeline__is_default=True)
        .select_related("pipeline")
        .order_by("-probability", "-order")
        .first()
    )
    if stage is None:
        raise Refused(
            "There is no default pipeline with stages. Create one first, then import again."
        )
    return stage.pipeline, stage


def own_id(reference: str, code: str, letter: str) -> int | None:
    """The id that a reference of our own export names ("3f9a1c-C12"), None for any other."""
    found = re.fullmatch(rf"{re.escape(code)}-{letter}(\d{{1,18}})", reference)
    return int(found[1]) if found else None


def noon(day: date | None) -> datetime | None:
    """The middle of a day, for moments of which a file tells the day alone."""
    return datetime.combine(day, time(12), UTC) if day else None
