"""What the importers share: the result of a row, people by name, deals that were won elsewhere, bulk writes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery

from accounts.models import User, Workspace
from core.errors import Refused
from crm.forms.imports import CleanRow
from crm.matching import normalise
from crm.models import (
    Contact,
    ContactAddress,
    Deal,
    ImportRow,
    ImportRun,
    Lead,
    Pipeline,
    Stage,
    Tag,
)

CREATED, UPDATED, SKIPPED, ERROR = "created", "updated", "skipped", "error"
LOST_REASON = "Imported as lost"
NOTHING_NEW = "Already here; the row tells nothing new."


@dataclass
class Result:
    """What becomes of one row."""

    row: CleanRow
    outcome: str
    message: str = ""
    reference: str = ""
    contact: Contact | None = None
    lead: Lead | None = None
    deal: Deal | None = None

    def as_row(self, run: ImportRun) -> ImportRow:
        """The row to keep."""
        return ImportRow(
            run=run,
            number=self.row.number,
            raw=self.row.cells,
            outcome=self.outcome,
            message=self.message[:400],
            reference=self.reference[:160],
            contact=self.contact,
            lead=self.lead,
            deal=self.deal,
        )


def refused(row: CleanRow, *problems: str) -> Result:
    """The result of a row that cannot be imported."""
    return Result(row, ERROR, " ".join(problems))


class People:
    """Finds users by the names that files use."""

    def __init__(self) -> None:
        self.by_name: dict[str, User | None] = {}
        self.names: dict[int, str] = {}
        for user in User.objects.order_by("pk"):
            self.names[user.pk] = str(user)
            for key in {normalise(str(user)), user.email.casefold()}:
                self.by_name[key] = None if key in self.by_name else user

    def find(self, text: str) -> User | None:
        """The one user of this name or address; None when nobody or several are."""
        return self.by_name.get(text.strip().casefold()) or self.by_name.get(normalise(text))


class WonDeals:
    """Leads that were won elsewhere come with the won deal that a converted lead has."""

    def __init__(self) -> None:
        self.place: tuple[Pipeline, Stage] | None = None

    def deal(self, lead: Lead, contact: Contact, at: datetime, workspace: Workspace) -> Deal:
        """A won deal in the last stage of the default pipeline, closed on the day of the import."""
        pipeline, stage = self.place or last_stage()
        self.place = (pipeline, stage)
        return Deal(
            contact=contact, lead=lead, title=lead.title, pipeline=pipeline, stage=stage, owner_id=lead.owner_id,
            value_minor=lead.estimated_value_minor or 0, currency=lead.currency or workspace.currency, status="won",
            probability=100, won_at=at, closed_on=at.date(), expected_close_on=at.date(), stage_since=at,
        )  # fmt: skip

    def write(self, deals: Sequence[Deal]) -> None:
        """Write the deals and tie each lead to its own."""
        Deal.objects.bulk_create(deals)
        own = Deal.objects.filter(lead=OuterRef("pk")).values("pk")[:1]
        Lead.objects.filter(pk__in=[deal.lead_id for deal in deals]).update(
            converted_deal=Subquery(own)
        )


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


def addresses_of(contacts: Iterable[Contact]) -> list[ContactAddress]:
    """The address rows of new contacts."""
    return [
        ContactAddress(
            contact=contact, channel=channel, value=value, folded=folded, is_primary=True
        )
        for contact in contacts
        for channel, value, folded in (
            ("email", contact.email, contact.email_folded),
            ("phone", contact.phone, contact.phone_e164),
        )
        if folded
    ]


def write_tags(pairs: Sequence[tuple[Contact, str]]) -> None:
    """Put tags on contacts, making those that are new."""
    known = {tag.name.casefold(): tag for tag in Tag.objects.all()}
    new = {word.casefold(): word for _, word in pairs if word.casefold() not in known}
    known |= {
        tag.name.casefold(): tag
        for tag in Tag.objects.bulk_create([Tag(name=word) for word in new.values()])
    }
    through = Contact.tags.through
    rows = [
        through(contact_id=contact.pk, tag_id=known[word.casefold()].pk) for contact, word in pairs
    ]
    through.objects.bulk_create(rows, ignore_conflicts=True)


def write_changes(records: Iterable[Contact | Lead], at: datetime) -> None:
    """Write what joined rows added, counting a change on each record."""
    changed: dict[type[Contact | Lead], list[Any]] = {Contact: [], Lead: []}
    for record in records:
        record.version += 1
        record.updated_at = at
        changed[type(record)].append(record)
    stamp = ["version", "updated_at"]
    contact_fields = [
        "first_name", "last_name", "job_title", "industry", "city", "company_name",
        "company_folded",
    ]  # fmt: skip
    contact_fields += [
        "country",
        "email",
        "email_folded",
        "phone",
        "phone_e164",
        "external_ref",
    ]
    Contact.objects.bulk_update(changed[Contact], contact_fields + stamp, batch_size=200)
    Lead.objects.bulk_update(changed[Lead], ["facts", *stamp], batch_size=200)
