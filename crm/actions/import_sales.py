"""Writing rows of companies, people, catalog and deals; planned in memory first, like the leads."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from accounts.actions.people import create_user, deactivate_user
from accounts.actions.teams import create_team, set_members
from accounts.actor import Actor
from accounts.models import Membership, Team, User, Workspace
from accounts.roles import MANAGER, REP
from core import clock
from core.money import Money
from crm.actions.import_parts import (
    CREATED,
    LOST_REASON,
    NOTHING_NEW,
    SKIPPED,
    UPDATED,
    People,
    Result,
    last_stage,
    refused,
)
from crm.columns import CUSTOM, slug
from crm.forms.imports import CleanRow
from crm.matching import closest, country_code, fold_company, normalise, squeeze
from crm.models import Contact, Deal, DealLine, ImportRow, ImportRun, Item, Stage

NO_ACCOUNT = "No company named yet"
NO_ACCOUNT_REFERENCE = "import:no-company"


class Importer:
    """What the kinds have in common: a plan in memory for each chunk, and then its writing."""

    def __init__(self, run: ImportRun, actor: Actor, *, rows: Sequence[CleanRow]) -> None:
        self.run, self.actor = run, actor
        self.workspace = Workspace.current()
        self.people = People()
        self.new: list[Any] = []
        self.changed: list[Any] = []
        self.prepare(rows)

    def prepare(self, rows: Sequence[CleanRow]) -> None:
        """Load what every row needs."""

    def plan(self, rows: Sequence[CleanRow]) -> list[Result]:
        """Decide about each row, in memory; a rehearsal stops here."""
        self.new, self.changed = [], []
        return [refused(row, *row.problems) if row.problems else self.plan_row(row) for row in rows]

    def plan_row(self, row: CleanRow) -> Result:
        """Decide about one row."""
        raise NotImplementedError

    def write(self) -> None:
        """Write what was planned for this chunk; call inside the transaction."""
        raise NotImplementedError

    def money(self, amount: Decimal | None, row: CleanRow) -> int:
        """An amount in minor units of the row's currency."""
        return Money.of(amount, self.currency(row)).minor if amount else 0

    def currency(self, row: CleanRow) -> str:
        """The row's currency, else the workspace's."""
        return str(row.get("currency")).upper() or self.workspace.currency


class CompanyImporter(Importer):
    """Accounts become contacts of kind company; the same name, legal form aside, is the same company."""

    def prepare(self, rows: Sequence[CleanRow]) -> None:
        """Load the companies by folded name, and the names that the file will add."""
        self.known = companies()
        self.coming = {fold_company(row.get("business_name")) for row in rows}

    def plan_row(self, row: CleanRow) -> Result:
        """Create a company, or fill what a known one does not have yet."""
        name, owner = row.get("business_name"), self.people.find(row.get("owner"))
        folded = fold_company(name)[:200]
        values = {"industry": row.get("industry"), "city": row.get("city")}
        values["country"] = country_code(row.get("country"))
        own = {
            k.removeprefix(CUSTOM): v for k, v in row.values.items() if k.startswith(CUSTOM) and v
        }
        parent = fold_company(row.get("parent"))
        note = ""
        if parent and parent not in self.known and parent not in self.coming:
            note = f"Its parent {row.get('parent')} is not known; left open."
        company = self.known.get(folded)
        if company is None:
            company = Contact(
                kind=Contact.Kind.COMPANY, company_name=name, company_folded=folded, source=Contact.Source.IMPORT,
                owner_id=owner.pk if owner else None, custom=own, **values,
            )  # fmt: skip
            self.known[folded] = company
            self.new.append(company)
            return Result(row, CREATED, note, contact=company)
        news = {key: value for key, value in values.items() if value and not getattr(company, key)}
        missing = {key: value for key, value in own.items() if key not in company.custom}
        if not news and not missing:
            return Result(row, SKIPPED, NOTHING_NEW, contact=company)
        for key, value in (news | {"custom": company.custom | missing}).items():
            setattr(company, key, value)
        self.changed.append(company)
        return Result(row, UPDATED, f"Joined {company.name}. {note}".strip(), contact=company)

    def write(self) -> None:
        """Write the companies; `finish` ties them to their parents."""
        Contact.objects.bulk_create(self.new)
        stamp(self.changed)
        fields = ["industry", "city", "country", "custom", "version", "updated_at"]
        Contact.objects.bulk_update(
            [company for company in self.changed if company.pk], fields, batch_size=200
        )

    def finish(self, rows: Iterable[CleanRow]) -> None:
        """Tie each company to its parent, once all of them are there."""
        known, tied = companies(), []
        for row in rows:
            child = known.get(fold_company(row.get("business_name"))) if not row.problems else None
            parent = known.get(fold_company(row.get("parent"))) if row.get("parent") else None
            if child and parent and child.company_id is None and child.pk != parent.pk:
                child.company_id = parent.pk
                tied.append(child)
        Contact.objects.bulk_update(tied, ["company"], batch_size=200)


class UserImporter(Importer):
    """Agents become people without a password who cannot sign in until an administrator opens their account."""

    def prepare(self, rows: Sequence[CleanRow]) -> None:
        """Load who is in which team."""
        pairs = Membership.objects.values_list("user_id", "team__name")
        self.member = {(user, team) for user, team in pairs}
        self.planned: set[str] = set()

    def plan_row(self, row: CleanRow) -> Result:
        """Create a person in their manager's team, or put a known one there."""
        name, team = row.get("name"), self.team_name(row)
        shown = f"{name}, {team}" if team else name
        user = self.people.find(row.get("email") or name)
        if user is None and normalise(name) in self.planned:
            return Result(row, SKIPPED, f"{name} stands in the file twice.")
        self.planned.add(normalise(name))
        self.new.append(row)
        if user is None:
            return Result(row, CREATED, shown)
        if not team or (user.pk, team) in self.member:
            return Result(row, SKIPPED, NOTHING_NEW)
        return Result(row, UPDATED, shown)

    def write(self) -> None:
        """Create people and teams through their own actions."""
        for row in self.new:
            user = self.person(row.get("name"), row.get("email"), REP)
            if self.team_name(row):
                manager = (
                    self.person(row.get("manager"), "", MANAGER) if row.get("manager") else None
                )
                self.join(self.team_name(row), row.get("region"), user, manager)

    def person(self, name: str, email: str, role: str) -> User:
        """The person of this name, created without a login when there is none."""
        user = self.people.find(email or name)
        if user is None:
            address = email or f"{squeeze(name)[:60] or 'person'}@imported.invalid"
            user = create_user(actor=self.actor, email=address, name=name, roles=(role,))
            if user.is_active:
                user = deactivate_user(user, actor=self.actor)
            self.people = People()
        return user

    def join(self, name: str, region: str, user: User, manager: User | None) -> None:
        """Put a person into a team, led by the manager."""
        team = Team.objects.filter(name=name).first() or create_team(
            actor=self.actor, name=name, region=region
        )
        members = {m.user_id: m.user for m in team.memberships.select_related("user")} | {
            user.pk: user
        }
        leads = {
            m.user_id: m.user
            for m in team.memberships.filter(is_manager=True).select_related("user")
        }
        if manager is not None:
            leads[manager.pk] = manager
        set_members(
            team, actor=self.actor, members=list(members.values()), managers=list(leads.values())
        )

    @staticmethod
    def team_name(row: CleanRow) -> str:
        """A manager's team, else the region's."""
        name = f"Team {row.get('manager')}" if row.get("manager") else row.get("region")
        return str(name)[:100]


class ItemImporter(Importer):
    """Products become catalog items; "GTXPro" is the item "GTX Pro"."""

    def prepare(self, rows: Sequence[CleanRow]) -> None:
        """Load the catalog by article number and by name."""
        items = list(Item.objects.order_by("pk"))
        self.by_sku = {item.sku.casefold(): item for item in items}
        self.by_name = {item.name_folded: item for item in items}

    def plan_row(self, row: CleanRow) -> Result:
        """Create an item, or take over the file's price."""
        name = row.get("name")
        sku = row.get("sku") or slug(name).upper().replace("_", "-")[:60]
        item = self.by_sku.get(sku.casefold()) or (
            None if row.get("sku") else self.by_name.get(squeeze(name))
        )
        values = {
            "unit_price_minor": self.money(row.get("unit_price"), row),
            "currency": self.currency(row),
        }
        values |= {key: row.get(key) for key in ("series", "description") if row.get(key)}
        if item is None:
            item = Item(sku=sku, name=name, name_folded=squeeze(name)[:200], **values)
            self.by_sku[sku.casefold()] = self.by_name[item.name_folded] = item
            self.new.append(item)
            return Result(row, CREATED, reference=f"item:{sku}")
        if all(getattr(item, key) == value for key, value in values.items()):
            return Result(row, SKIPPED, NOTHING_NEW)
        for key, value in values.items():
            setattr(item, key, value)
        self.changed.append(item)
        return Result(row, UPDATED, f"{item.name} has the file's price now.")

    def write(self) -> None:
        """Write the items."""
        Item.objects.bulk_create(self.new)
        stamp(self.changed)
        fields = ["unit_price_minor", "currency", "series", "description", "version", "updated_at"]
        Item.objects.bulk_update([item for item in self.changed if item.pk], fields, batch_size=200)


class DealImporter(Importer):
    """Opportunities become deals in their state of then; companies, people and items must be here already."""

    def prepare(self, rows: Sequence[CleanRow]) -> None:
        """Load everything that deals point to, and which of the file's deals are here already."""
        self.at = clock.now()
        self.pipeline, self.last = last_stage()
        self.stages = {
            squeeze(s.name): s
            for s in Stage.objects.filter(pipeline=self.pipeline).order_by("order", "pk")
        }
        self.first = next(iter(self.stages.values()))
        self.companies = companies()
        self.items = {item.name_folded: item for item in Item.objects.order_by("pk")}
        self.names: dict[tuple[str, str], Any] = {}
        self.find: dict[str, Callable[[str], Any]] = {
            "company": lambda name: self.companies.get(fold_company(name)),
            "product": lambda name: self.items.get(squeeze(name)),
            "owner": self.people.find,
        }
        references = ImportRow.objects.filter(deal__isnull=False, reference__startswith="deal:")
        self.here = set(references.values_list("reference", flat=True))
        self.nobody: Contact | None = Contact.objects.filter(
            external_ref=NO_ACCOUNT_REFERENCE
        ).first()

    def plan_row(self, row: CleanRow) -> Result:
        """Create a deal, or refuse a row that points to something unknown."""
        reference = f"deal:{row.get('reference')}" if row.get("reference") else ""
        if reference in self.here:
            return Result(row, SKIPPED, "This deal is here already.", reference="")
        problems: list[str] = []
        company = self.look_up("company", row.get("business_name"), self.companies, problems)
        item = self.look_up("product", row.get("item"), self.items, problems)
        owner = self.look_up("owner", row.get("owner"), self.people.by_name, problems)
        state = _state(row.get("stage"))
        closed, opened = row.get("closed_on") or None, row.get("opened_on") or None
        if state == "won" and closed is None:
            problems.append("A won deal needs the day it was closed on.")
        if problems:
            return refused(row, *problems)
        notes = []
        if company is None:
            company = self.placeholder()
            notes.append(f"The row names no company; filed under {NO_ACCOUNT}.")
        stage = self.stage(row.get("stage"), state, notes)
        value = row.get("value")
        price = item.unit_price_minor if item and state == "open" else 0
        deal = Deal(
            contact=company, title=_title(row, company, item), pipeline=self.pipeline, stage=stage,
            owner_id=owner.pk if owner else None, value_minor=self.money(value, row) or price,
            currency=self.currency(row), status=state,
            probability={"won": 100, "lost": 0}.get(state, stage.probability),
            lost_reason=LOST_REASON if state == "lost" else "", closed_on=closed if state != "open" else None,
            won_at=_moment(closed) if state == "won" else None,
            lost_at=(_moment(closed) or self.at) if state == "lost" else None,
            expected_close_on=closed, created_at=_moment(opened) or self.at, stage_since=self.at, last_touch_at=self.at,
        )  # fmt: skip
        self.here.add(reference or f"row:{row.number}")
        self.new.append((deal, item))
        return Result(row, CREATED, " ".join(notes), reference, contact=company, deal=deal)

    def write(self) -> None:
        """Write the deals with one line each; who bought something is a customer."""
        if self.nobody is not None and not self.nobody.pk:
            self.nobody.save()
        Deal.objects.bulk_create([deal for deal, _ in self.new])
        DealLine.objects.bulk_create(
            DealLine(deal=deal, item=item, description=item.name, unit_price_minor=deal.value_minor)
            for deal, item in self.new
            if item is not None
        )
        customers = {deal.contact_id for deal, _ in self.new if deal.status == "won"}
        Contact.objects.filter(pk__in=customers, stage__in=("prospect", "qualified")).update(
            stage="customer"
        )

    def look_up(self, noun: str, name: str, known: Mapping[str, Any], problems: list[str]) -> Any:
        """The record of this name, small misspellings included; an unknown name is a problem, none is none."""
        if not name:
            return None
        if (noun, name) not in self.names:
            found = self.find[noun](name)
            if found is None and (near := closest(name, known)):
                found = known[near]
            self.names[noun, name] = found
        if self.names[noun, name] is None:
            problems.append(
                f"Nobody here is called {name}. Import the people first."
                if noun == "owner"
                else f"No {noun} is called {name}. Import or create it first."
            )
        return self.names[noun, name]

    def stage(self, name: str, state: str, notes: list[str]) -> Stage:
        """Closed deals stand in the last stage; open ones in the stage of that name, else in the first."""
        if state != "open":
            return self.last
        found = self.stages.get(squeeze(name))
        if found is None:
            notes.append(f"The pipeline has no stage {name}; put into {self.first.name}.")
        return found or self.first

    def placeholder(self) -> Contact:
        """The company under which deals without one are filed."""
        if self.nobody is None:
            self.nobody = Contact(
                kind=Contact.Kind.COMPANY, company_name=NO_ACCOUNT, company_folded=fold_company(NO_ACCOUNT),
                external_ref=NO_ACCOUNT_REFERENCE, source=Contact.Source.IMPORT,
            )  # fmt: skip
        return self.nobody


def companies() -> dict[str, Contact]:
    """Every company by its folded name."""
    found = (
        Contact.objects.filter(kind=Contact.Kind.COMPANY).exclude(company_folded="").order_by("-pk")
    )
    return {company.company_folded: company for company in found}


def stamp(records: Iterable[Any]) -> None:
    """Count a change on each record."""
    for record in records:
        record.version += 1
        record.updated_at = clock.now()


def _state(stage: str) -> str:
    word = squeeze(stage)
    if word in {"won", "closedwon", "win"}:
        return "won"
    return "lost" if word in {"lost", "closedlost", "lose"} else "open"


def _title(row: CleanRow, company: Contact, item: Item | None) -> str:
    parts = (
        row.get("business_name") or row.get("reference") or company.name,
        item.name if item else "",
    )
    return str(row.get("title") or ": ".join(part for part in parts if part))[:200]


def _moment(day: date | None) -> datetime | None:
    return datetime.combine(day, time(12), UTC) if day else None
