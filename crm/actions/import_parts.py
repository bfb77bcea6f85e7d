"""What the importers share: drafts of records, the result of a row, people by name, one writer for all nouns."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

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
from crm.models.search import INDEXED, INDEXES, Searchable, add_words, index_rows
from crm.staging import Ending

CREATED, UPDATED, SKIPPED, ERROR = "created", "updated", "skipped", "error"
QUIET = frozenset({"score", "stage"})  # a machine's reckoning is no edit
MOST_LEARNED = 100_000  # names that are remembered as known to the search
LOST_REASON = "Imported as lost"
NOTHING_NEW = "Already here; the row tells nothing new."
TAGGED = Contact.tags.through
# Those that are pointed at come first. Parts come and go with the record that a column leads to.
ORDER: tuple[type[Model], ...] = (
    Tag, Contact, ContactAddress, TAGGED, Item, Deal, DealLine, Lead, Activity, Consent,
)  # fmt: skip
OWNERS: dict[type[Model], str] = {
    ContactAddress: "contact_id", TAGGED: "contact_id", DealLine: "deal_id",
}  # fmt: skip


class Draft:
    """A row of the database on its way: new, or known with what changes; reads like the record itself."""

    __slots__ = ("changed", "held", "is_new", "model", "pk", "values")

    def __init__(self, model: type[Model], values: dict[str, Any], pk: int | None = None) -> None:
        self.model, self.values, self.pk, self.is_new = model, values, pk, pk is None
        self.changed: set[str] | None = None
        self.held: set[Any] | None = None  # what it has beside its columns: tags, addresses

    def __getattr__(self, name: str) -> Any:
        for held in (self.values, _blank(self.model)):
            for key in (name, f"{name}_id"):
                if key in held:
                    return held[key]
        raise AttributeError(name)

    def put(self, **news: Any) -> None:
        """Change columns."""
        self.values.update(news)
        if news and not self.is_new:
            self.changed = {*(self.changed or ()), *news}

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
        at_fault = self.row.at_fault
        faults = tuple(places[key] for key in at_fault if key in places) if at_fault else ()
        drafts = (self.contact, self.lead, self.deal)
        ids = [draft.pk if draft is not None else None for draft in drafts]
        return Ending(self.row.number, self.outcome, self.message[:400], faults, *ids)


def refused(row: CleanRow, *problems: str) -> Result:
    """The result of a row that cannot be imported."""
    return Result(row, ERROR, " ".join(problems or row.problems))


@dataclass(slots=True)
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
        self.drafts: dict[type[Model], list[Draft]] = {model: [] for model in ORDER}
        self.loose: list[int] = []  # rows whose ties wait for the others
        self.learned: set[str] = set()
        self.words: dict[Any, Any] = {}  # what is indexed of contacts that are here already, for their deals
        self.prepare()

    def prepare(self) -> None:
        """Load what every row needs."""

    def keys(self, row: CleanRow) -> list[str]:
        """What a row has in common with every other about the same; the first that is known decides."""
        return []

    def kin(self, keys: Sequence[str]) -> list[list[str]]:
        """All keys of each record that is here already and has one of these."""
        return []

    def screen(self, rows: Sequence[CleanRow]) -> None:
        """Note on rows why nobody like that may come in; a rehearsal and a commit both ask."""

    def plan(self, work: Sequence[Work]) -> list[Result]:
        """Decide about each row, in memory; a rehearsal stops here."""
        self.drafts, self.loose = {model: [] for model in ORDER}, []
        self.screen([one.row for one in work])
        self.look_up(work)
        return [refused(one.row) if one.row.problems else self.plan_row(one.row, one) for one in work]

    def look_up(self, work: Sequence[Work]) -> None:
        """Load what these rows point to."""

    def plan_row(self, row: CleanRow, work: Work) -> Result:
        """Decide about one row."""
        raise NotImplementedError

    def new(self, model: type[Model], **values: Any) -> Draft:
        """Begin a row of the database."""
        return self.add(model, values)

    def add(self, model: type[Model], values: dict[str, Any]) -> Draft:
        """Do the same with values at hand."""
        draft = Draft(model, values)
        self.drafts[model].append(draft)
        return draft

    def known(self, model: type[Model], pk: int, values: dict[str, Any]) -> Draft:
        """Take a row of the database at hand; it is written when something was put into it."""
        draft = Draft(model, values, pk)
        self.drafts[model].append(draft)
        return draft

    def write(self, record: Recorder) -> None:
        """Write what was planned; call inside the transaction."""
        begun = {
            model: [draft for draft in drafts if draft.is_new and draft.pk is None]
            for model, drafts in self.drafts.items()
        }
        for model, drafts in begun.items():
            if drafts and model not in OWNERS:
                for draft, pk in zip(drafts, bulk.reserve(model, len(drafts)), strict=True):
                    draft.pk = pk
        for model, drafts in begun.items():
            if changed := [draft for draft in self.drafts[model] if draft.changed]:
                record.watch(model._base_manager.filter(pk__in=[draft.pk for draft in changed]))
                _update(model, changed, self.at)
            if not drafts:
                continue
            if issubclass(model, Searchable):
                self._tell_search(drafts)
            listed = drafts
            if owner := OWNERS.get(model):
                # Parts of a new record are not listed: they go with it, and need no ids beforehand.
                listed = [draft for draft in drafts if not draft.values[owner].is_new]
                for draft, pk in zip(listed, bulk.reserve(model, len(listed)), strict=True):
                    draft.pk = pk
            _insert(model, drafts, self.at)
            after = {"updated_at": self.at.isoformat()} if issubclass(model, Record) else {}
            record.add(model, ((draft.pk or 0, None, after) for draft in listed))
        self._index_rest()

    def _tell_search(self, drafts: Sequence[Draft]) -> None:
        """Give new records the words by which they are found, and the vocabulary their names."""
        told = set()
        for draft in drafts:
            model: Any = draft.model
            told.update(model.search_names(draft))
            source = draft.values.get("contact_id")
            more = INDEXES(source) if isinstance(source, Draft) else self.words.get(source)
            if more or model is Contact:
                draft.values.update(zip(INDEXED, model.told_of(draft, more=more), strict=True))
        told -= self.learned
        if len(self.learned) < MOST_LEARNED:
            self.learned |= told
        add_words(search.names_in(told))

    def _index_rest(self) -> None:
        """See to the records whose words must be read from the database: changed ones, and with more addresses."""
        more = {row.contact.pk for row in self.drafts[ContactAddress] if not row.is_primary}
        for model in (Contact, Lead, Deal):
            ids = more if model is Contact else set()
            for draft in self.drafts[model]:
                changed = draft.changed and draft.changed.intersection(model.searched)
                if changed or (draft.is_new and not draft.search_words):
                    ids.add(draft.pk)
            index_rows(model, ids)

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
        news = {k: v for k, v in told.items() if old.get(k) != v and (self.is_replacing or k not in old)}
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
        drafts = self.drafts[model]
        return sorted({d.pk for d in drafts if d.pk and (d.is_new or d.changed)})


def _insert(model: type[Model], drafts: Sequence[Draft], at: datetime) -> None:
    base = bulk.defaults(model)
    base |= {name: at for name in ("created_at", "updated_at") if name in base}
    groups: dict[tuple[str, ...], list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(("id", *draft.values) if draft.pk else tuple(draft.values), []).append(draft)
    for names, group in groups.items():
        keys = [at for at, name in enumerate(names) if name.endswith("_id")]
        same = {name: value for name, value in base.items() if name not in names}
        bulk.insert(model, names, (_row(draft, keys) for draft in group), same)


def _row(draft: Draft, keys: Sequence[int]) -> list[Any]:
    row = [draft.pk, *draft.values.values()] if draft.pk else [*draft.values.values()]
    for at in keys:
        if row[at].__class__ is Draft:
            row[at] = row[at].pk
    return row


def _update(model: type[Model], drafts: Sequence[Draft], at: datetime) -> None:
    groups: dict[tuple[str, ...], list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(tuple(sorted(draft.changed or ())), []).append(draft)
    for names, group in groups.items():
        is_edit = issubclass(model, Record) and not QUIET.issuperset(names)
        stamp = ("updated_at", "version") if is_edit else ()
        rows = []
        for draft in group:
            values = [draft.values[name] for name in names]
            plain = [value.pk if value.__class__ is Draft else value for value in values]
            rows.append((draft.pk, *plain, *((at, draft.version + 1) if is_edit else ())))
        bulk.update(model, (*names, *stamp), rows)


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
    lead: Draft, contact: Draft, place: tuple[Pipeline, Stage], at: datetime, workspace: Workspace
) -> dict[str, Any]:
    """The columns of a deal that was won elsewhere: in the last stage, closed on the day of the import."""
    pipeline, stage = place
    today = at.astimezone(ZoneInfo(workspace.timezone)).date()
    return {
        "contact_id": contact, "title": lead.title, "pipeline_id": pipeline.pk, "stage_id": stage.pk,
        "owner_id": lead.values.get("owner_id"), "value_minor": lead.estimated_value_minor or 0,
        "currency": lead.currency or workspace.currency, "status": "won", "probability": 100, "won_at": at,
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
        raise Refused("There is no default pipeline with stages. Create one first, then import again.")
    return stage.pipeline, stage


def own_id(reference: str, code: str, letter: str) -> int:
    """The id that a reference of our own export names ("3f9a1c-C12"), 0 for any other."""
    found = re.fullmatch(rf"{re.escape(code)}-{letter}(\d{{1,18}})", reference)
    return int(found[1]) if found else 0


def noon(day: date | None) -> datetime | None:
    """The middle of a day, for moments of which a file tells the day alone."""
    return datetime.combine(day, time(12), UTC) if day else None
