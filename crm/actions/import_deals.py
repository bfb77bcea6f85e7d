"""Rows of deals; companies, people and items must be here already."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from crm.actions.import_parts import (
    CREATED,
    LOST_REASON,
    NOTHING_NEW,
    SKIPPED,
    UPDATED,
    Draft,
    Importer,
    Result,
    Work,
    last_stage,
    noon,
    own_id,
    refused,
)
from crm.actions.recording import Recorder
from crm.actions.rotting import recount
from crm.columns import reference_prefix
from crm.forms.imports import CleanRow
from crm.matching import closest, fold_company, squeeze
from crm.models import Contact, Deal, DealLine, Item, Pipeline, PriceList, Stage
from crm.models.search import INDEXED

NO_ACCOUNT = "No company named yet"
NO_ACCOUNT_REFERENCE = "import:no-company"
WORDS = {
    "won": "won", "closedwon": "won", "win": "won", "lost": "lost", "closedlost": "lost", "lose": "lost",
    "abandoned": "abandoned",
}  # fmt: skip
MAX_LINES = 200
READ = ("id", "version", "title", "expected_close_on", "agreed_on", "owner_id", "custom", "status")
TOLD = (
    "closed_on", "won_at", "lost_at", "expected_close_on", "created_at", "stage_since", "last_touch_at", "agreed_on",
    "snoozed_on", "snoozed_until", "proposal_sent_at", "reopened_at",
)  # fmt: skip


class DealImporter(Importer):
    """Opportunities become deals in their state of then; companies, people and items must be here already."""

    def prepare(self) -> None:
        """Load the pipelines, and what deals are called by."""
        default, self.last = last_stage()
        self.prefix = reference_prefix(self.run.mapping, "reference")
        self.pipelines = {squeeze(p.name): p for p in Pipeline.objects.all()} | {"": default}
        self.stages: dict[int, dict[str, Stage]] = {}
        for stage in Stage.objects.order_by("order", "pk"):
            self.stages.setdefault(stage.pipeline_id, {})[squeeze(stage.name)] = stage
        self.lists = {squeeze(one.name): one.pk for one in PriceList.objects.all()}
        self.items = {item.name_folded: item for item in Item.objects.order_by("pk")}
        self.by_sku = {item.sku.casefold(): item for item in self.items.values()}
        self.every: dict[str, int] | None = None  # each company, read when a name is misspelt
        self.companies: dict[str, int | None] = {}
        self.nobody: Draft | int | None = (
            Contact.objects.filter(external_ref=NO_ACCOUNT_REFERENCE).values_list("pk", flat=True).first()
        )
        self.planned: set[str] = set()

    def look_up(self, work: Sequence[Work]) -> None:
        """Load the companies, contacts and deals that these rows name."""
        rows = [one.row for one in work if not one.row.problems]
        names = {fold_company(row.get("business_name")) for row in rows} - {"", *self.companies}
        found = Contact.objects.filter(kind=Contact.Kind.COMPANY, company_folded__in=names)
        self.companies |= dict(found.order_by("-pk").values_list("company_folded", "pk"))
        people = self._referred(Contact, {row.get("contact_ref") for row in rows}, "C", ("id",))
        self.contacts = {key: values["id"] for key, values in people.items()}
        deals = self._referred(Deal, {self.reference(row) for row in rows}, "D", READ)
        self.here = {key: self.known(Deal, values["id"], values) for key, values in deals.items()}
        known = Deal.objects.filter(pk__in=[values["id"] for values in deals.values()])
        self.mine = set(self.actor.visible("deal:update", known).values_list("pk", flat=True))
        ids = {*self.contacts.values(), *self.companies.values()} - {0} - self.words.keys()
        self.words |= {pk: more for pk, *more in Contact.objects.filter(pk__in=ids).values_list("pk", *INDEXED)}

    def reference(self, row: CleanRow) -> str:
        """The key by which a file knows the deal."""
        return f"{self.prefix}{row.get('reference')}" if row.get("reference") else ""

    def plan_row(self, row: CleanRow, work: Work) -> Result:
        """Create a deal, or refuse a row that points to something unknown."""
        reference = self.reference(row)
        if reference in self.here:
            return self._refresh(self.here[reference], row)
        if reference and reference in self.planned:
            return Result(row, SKIPPED, "This deal stands in the file twice.")
        problems: list[str] = []
        contact = self._contact(row, problems)
        item = self._item(row.get("item"), problems)
        owner = self._owner(row.get("owner"), problems)
        pipeline = self._pipeline(row, problems)
        status = self._status(row, problems)
        currency = row.get("currency") or self.workspace.currency
        lines = self._lines(row, currency, problems)
        if problems or pipeline is None:
            return refused(row, *problems)
        notes: list[str] = []
        if contact is None:
            contact = self._placeholder()
            notes.append(f"The row names no company; filed under {NO_ACCOUNT}.")
        stage, title = self._stage(row, pipeline, status, notes), _title(row, item)
        deal = self.new(
            Deal,
            contact_id=contact,
            title=title,
            pipeline_id=pipeline.pk,
            stage_id=stage.pk,
            owner_id=owner,
            external_ref=reference or None,
            import_run_id=self.run.pk,
            currency=currency,
            value_minor=self.money(row.get("value"), currency) or _worth(item, status, row),
            custom=self.custom(row),
            **self._ends(row, status, stage),
        )
        if not lines and item is not None:
            lines = [{"item_id": item.pk, "description": item.name, "unit_price_minor": deal.value_minor}]
        for order, line in enumerate(lines):
            self.new(DealLine, deal_id=deal, order=order, **line)
        self.planned.add(reference)
        who = contact if isinstance(contact, Draft) else Draft(Contact, {}, contact)
        return Result(row, CREATED, " ".join(notes), who, deal=deal)

    def _pipeline(self, row: CleanRow, problems: list[str]) -> Pipeline | None:
        pipeline = self.pipelines.get(squeeze(row.get("pipeline")))
        if pipeline is None or not self.stages.get(pipeline.pk):
            name = row.get("pipeline")
            problems.append(f"No pipeline with stages is called {name}. Create it first.")
        return pipeline

    def _status(self, row: CleanRow, problems: list[str]) -> str:
        """The state that a row names, else the one that its stage means."""
        named = str(row.get("status")).casefold()
        status = named or WORDS.get(squeeze(row.get("stage")), "open")
        if status not in Deal.Status.values:
            problems.append("Deal status: use one of Open, Won, Lost, Abandoned.")
        if status == "won" and not row.get("closed_on"):
            problems.append("A won deal needs the day it was closed on.")
        return status

    def write(self, record: Recorder) -> None:
        """Write the deals with their lines; who bought something is a customer, and open deals rot from now on."""
        deals = self.drafts[Deal]
        super().write(record)
        customers = {_pk(deal.contact_id) for deal in deals if deal.is_new and deal.status == "won"}
        early = ("prospect", "qualified")
        record.watch(Contact.objects.filter(pk__in=customers, stage__in=early))
        Contact.objects.filter(pk__in=customers, stage__in=early).update(stage="customer")
        recount(Deal.objects.filter(pk__in=[d.pk for d in deals if d.values["status"] == "open"]))

    def _ends(self, row: CleanRow, status: str, stage: Stage) -> dict[str, Any]:
        told = {name: row.get(name) or None for name in TOLD}
        closed, own = told["closed_on"], row.get("probability")
        probability = {"won": 100, "lost": 0, "abandoned": 0}.get(status, stage.probability)
        is_ours = "created_at" in row.values  # an export tells each of these, and none is guessed
        return told | {
            "status": status,
            "probability": probability if own in ("", None) else own,
            "probability_is_manual": own not in ("", None),
            "lost_reason": row.get("lost_reason") or (LOST_REASON if status == "lost" else ""),
            "closed_on": closed if status != "open" else None,
            "won_at": told["won_at"] or (noon(closed) if status == "won" else None),
            "lost_at": told["lost_at"] or (noon(closed) or self.at if status == "lost" else None),
            "expected_close_on": told["expected_close_on"] or (None if is_ours else closed),
            "created_at": told["created_at"] or noon(row.get("opened_on") or None) or self.at,
            "stage_since": told["stage_since"] or (None if is_ours else self.at),
            "last_touch_at": told["last_touch_at"] or (None if is_ours else self.at),
            "price_list_id": self.lists.get(squeeze(row.get("price_list"))),
            "team_id": self.people.teams.get(str(row.get("team")).casefold()),
            "snooze_reason": row.get("snooze_reason"),
        }

    def _refresh(self, deal: Draft, row: CleanRow) -> Result:
        """Fill what a known deal lacks; its state, its value and what it sells change by their own verbs only."""
        news: dict[str, Any] = {}
        for name in ("title", "expected_close_on", "agreed_on"):
            self.compare(deal, name, row.get(name), news)
        if row.get("owner"):
            self.compare(deal, "owner_id", self._owner(row.get("owner"), []), news)
        if custom := self.added_custom(deal, row):
            news["custom"] = custom
        if not news or deal.pk not in self.mine:
            return Result(row, SKIPPED, NOTHING_NEW, deal=deal)
        deal.put(**news)
        return Result(row, UPDATED, f"Joined {deal.title}.", deal=deal)

    def _referred(
        self, model: Any, references: Iterable[str], letter: str, columns: Sequence[str]
    ) -> dict[str, dict[str, Any]]:
        """The records that have these references."""
        wanted, code = set(references) - {""}, self.workspace.code
        own = {own_id(reference, code, letter) for reference in wanted} - {0}
        rows = model.objects.filter(external_ref__in=wanted) | model.objects.filter(pk__in=own)
        found = rows.values(*columns, "external_ref") if wanted else ()
        return {row["external_ref"] or f"{code}-{letter}{row['id']}": row for row in found}

    def _contact(self, row: CleanRow, problems: list[str]) -> int | Draft | None:
        if reference := row.get("contact_ref"):
            if reference not in self.contacts:
                problems.append(f"No contact has the reference {reference}. Import the contacts first.")
            return self.contacts.get(reference)
        if not (name := row.get("business_name")):
            return None
        folded = fold_company(name)
        if folded not in self.companies:
            if self.every is None:
                every = Contact.objects.filter(kind=Contact.Kind.COMPANY).exclude(company_folded="")
                self.every = dict(every.order_by("-pk").values_list("company_folded", "pk"))
            near = closest(name, self.every)
            self.companies[folded] = self.every[near] if near else None
        if self.companies[folded] is None:
            problems.append(f"No company is called {name}. Import or create it first.")
        return self.companies[folded]

    def _item(self, name: str, problems: list[str]) -> Item | None:
        if not name:
            return None
        item = self.items.get(squeeze(name))
        if item is None and (near := closest(name, self.items)):
            item = self.items[squeeze(name)] = self.items[near]
        if item is None:
            problems.append(f"No product is called {name}. Import or create it first.")
        return item

    def _owner(self, name: str, problems: list[str]) -> int | None:
        if not name:
            return None
        user = self.people.find(name)
        if user is None and (near := closest(name, self.people.by_name)):
            user = self.people.by_name[near]
        if user is None:
            problems.append(f"Nobody here is called {name}. Import the people first.")
        return user.pk if user else None

    def _lines(self, row: CleanRow, currency: str, problems: list[str]) -> list[dict[str, Any]]:
        """What is sold, as our exports tell it: article number, words, quantity, price."""
        found = []
        for told in (row.get("lines") or [])[:MAX_LINES]:
            try:
                sku = str(told.get("sku") or "")
                sold = self.by_sku[sku.casefold()] if sku else None
                quantity, price = Decimal(told["quantity"]), self.money(told["price"], currency)
                is_right = 0 < quantity < 10**9 and 0 <= price < 10**15
            except (KeyError, ValueError, ArithmeticError, AttributeError, TypeError):
                is_right = False
            if not is_right:
                problems.append("Lines: a line is not as our exports write it, or its article is not here.")
                break
            words = str(told.get("words") or (sold.name if sold else ""))[:300]
            found.append({"item_id": sold.pk if sold else None, "description": words,
                          "quantity": quantity, "unit_price_minor": price})  # fmt: skip
        return found

    def _stage(self, row: CleanRow, pipeline: Pipeline, status: str, notes: list[str]) -> Stage:
        """The stage of that name; else closed deals stand in the last stage and open ones in the first."""
        stages = self.stages[pipeline.pk]
        if found := stages.get(squeeze(row.get("stage"))):
            return found
        if status != "open":
            return max(stages.values(), key=lambda stage: (stage.probability, stage.order))
        first = next(iter(stages.values()))
        notes.append(f"The pipeline has no stage {row.get('stage')}; put into {first.name}.")
        return first

    def _placeholder(self) -> Draft | int:
        """The company under which deals without one are filed."""
        if isinstance(self.nobody, Draft) and self.nobody.pk:
            self.nobody = self.nobody.pk
        if self.nobody is None:
            self.nobody = self.new(
                Contact, kind="company", company_name=NO_ACCOUNT, company_folded=fold_company(NO_ACCOUNT),
                external_ref=NO_ACCOUNT_REFERENCE, source="import",
            )  # fmt: skip
        return self.nobody


def _worth(item: Item | None, status: str, row: CleanRow) -> int:
    """Without a value, an open deal is worth its product's price."""
    return item.unit_price_minor if item and status == "open" and row.get("value") == "" else 0


def _title(row: CleanRow, item: Item | None) -> str:
    parts = (row.get("business_name") or row.get("reference") or NO_ACCOUNT, item.name if item else "")
    return str(row.get("title") or ": ".join(part for part in parts if part))[:200]


def _pk(value: Any) -> Any:
    return value.pk if isinstance(value, Draft) else value
