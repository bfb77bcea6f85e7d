"""Rows of people and of the catalog; planned in memory first, like the contacts."""

from collections.abc import Sequence

from accounts.actions.people import create_user, deactivate_user
from accounts.actions.teams import create_team, set_members
from accounts.models import Membership, Team, User
from accounts.roles import MANAGER, REP
from core.events import publish
from crm.actions.import_parts import CREATED, NOTHING_NEW, SKIPPED, UPDATED, Draft, Importer, People, Result, Work
from crm.actions.recording import Recorder
from crm.columns import slug
from crm.events import ItemChanged
from crm.forms.imports import CleanRow
from crm.matching import normalise, squeeze
from crm.models import Item


class UserImporter(Importer):
    """Agents become people without a password who cannot sign in until an administrator opens their account."""

    def prepare(self) -> None:
        """Load who is in which team."""
        pairs = Membership.objects.values_list("user_id", "team__name")
        self.member = {(user, team) for user, team in pairs}
        self.planned: set[str] = set()

    def look_up(self, work: Sequence[Work]) -> None:
        """Begin a chunk."""
        self.rows: list[CleanRow] = []

    def plan_row(self, row: CleanRow, work: Work) -> Result:
        """Create a person in their manager's team, or put a known one there."""
        name, team = row.get("name"), self.team_name(row)
        shown = f"{name}, {team}" if team else name
        user = self.people.find(row.get("email") or name)
        if user is None and normalise(name) in self.planned:
            return Result(row, SKIPPED, f"{name} stands in the file twice.")
        self.planned.add(normalise(name))
        self.rows.append(row)
        if user is None:
            return Result(row, CREATED, shown)
        if not team or (user.pk, team) in self.member:
            return Result(row, SKIPPED, NOTHING_NEW)
        return Result(row, UPDATED, shown)

    def write(self, record: Recorder) -> None:
        """Create people and teams through their own actions; such an import is undone by hand."""
        for row in self.rows:
            user = self.person(row.get("name"), row.get("email"), REP)
            if self.team_name(row):
                manager = self.person(row.get("manager"), "", MANAGER) if row.get("manager") else None
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
        team = Team.objects.filter(name=name).first() or create_team(actor=self.actor, name=name, region=region)
        memberships = list(team.memberships.select_related("user"))
        members = {m.user_id: m.user for m in memberships} | {user.pk: user}
        leads = {m.user_id: m.user for m in memberships if m.is_manager}
        if manager is not None:
            leads[manager.pk] = manager
        set_members(team, actor=self.actor, members=list(members.values()), managers=list(leads.values()))

    @staticmethod
    def team_name(row: CleanRow) -> str:
        """A manager's team, else the region's."""
        name = f"Team {row.get('manager')}" if row.get("manager") else row.get("region")
        return str(name)[:100]


class ItemImporter(Importer):
    """Products become catalog items; "GTXPro" is the item "GTX Pro"."""

    READ = ("id", "version", "sku", "name", "name_folded", "unit_price_minor", "currency", "series", "description")

    def prepare(self) -> None:
        """Begin with an empty catalog; a rehearsal remembers what it planned."""
        self.by_sku: dict[str, Draft] = {}
        self.by_name: dict[str, Draft] = {}

    def look_up(self, work: Sequence[Work]) -> None:
        """Load the catalog by article number and by name."""
        for values in Item.objects.order_by("pk").values(*self.READ):
            item = self.known(Item, values["id"], values)
            self.by_sku[values["sku"].casefold()] = self.by_name[values["name_folded"]] = item

    def plan_row(self, row: CleanRow, work: Work) -> Result:
        """Create an item, or take over the file's price."""
        name = row.get("name")
        sku = row.get("sku") or slug(name).upper().replace("_", "-")[:60]
        item = self.by_sku.get(sku.casefold())
        if item is None and not row.get("sku"):
            item = self.by_name.get(squeeze(name))
        currency = row.get("currency") or self.workspace.currency
        values = {"unit_price_minor": self.money(row.get("unit_price"), currency), "currency": currency}
        values |= {key: row.get(key) for key in ("series", "description") if row.get(key)}
        if item is None:
            item = self.new(Item, sku=sku, name=name, name_folded=squeeze(name)[:200], **values)
            self.by_sku[sku.casefold()] = self.by_name[item.name_folded] = item
            return Result(row, CREATED)
        news = {key: value for key, value in values.items() if item.values.get(key) != value}
        item.put(**news)
        if not news:
            return Result(row, SKIPPED, NOTHING_NEW)
        return Result(row, UPDATED, f"{item.values['name']} has the file's price now.")

    def write(self, record: Recorder) -> None:
        """Write the items. Publishes ItemChanged for each."""
        super().write(record)
        for item in self.drafts[Item]:
            if item.changed or item.is_new:
                happening = ItemChanged(item.pk or 0, item.values["name"], is_active=True)
                publish(happening, actor=self.actor)
