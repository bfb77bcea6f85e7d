"""A seeded world of leads and deals, and its figures counted the long way round."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import User
from crm.models import Deal, Lead, Pipeline, Stage
from tests.factories.crm import make_contact, make_pipeline

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PAIRS = (
    ("new", "NEW"),
    ("contacted", "CONTACTED"),
    ("qualified", "INTERESTED"),
    ("disqualified", "NEW"),
    ("disqualified", "INTERESTED"),
    ("converted", "INTERESTED"),
    ("converted", "PAID"),
)


@dataclass
class World:
    """What was written."""

    pipeline: Pipeline
    stages: list[Stage]
    owners: list[User | None]
    leads: list[Lead] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)


def make_world(owners: list[Any], seed: int, count: int = 60) -> World:
    """Write leads and deals of half a year, each as its row would stand."""
    random, pipeline = Random(seed), make_pipeline()
    world = World(pipeline, list(pipeline.stages.order_by("order")), [*owners, None])
    contact = make_contact(source="web")
    for _ in range(count):
        world.deals.append(_deal(world, random, contact))
        world.leads.append(_lead(world, random, contact))
    return world


def _deal(world: World, random: Random, contact: Any) -> Deal:
    at = NOW - timedelta(seconds=random.randrange(180 * 86_400))
    status, stage = random.choice(("open", "won", "lost", "abandoned")), random.choice(world.stages)
    closed = min((at + timedelta(days=random.randrange(40))).date(), NOW.date())
    row: dict[str, Any] = {
        "title": "Deal",
        "contact": contact,
        "pipeline": world.pipeline,
        "stage": stage,
        "owner": random.choice(world.owners),
        "value_minor": random.randrange(1, 900) * 1_000,
        "currency": random.choice(("INR", "INR", "INR", "USD")),
        "probability": stage.probability,
        "created_at": at,
        "expected_close_on": NOW.date() + timedelta(days=random.randrange(-30, 200)),
    }
    if status != "open":
        row |= {"closed_on": closed, "probability": 100 if status == "won" else 0}
    row |= {"won": {"won_at": NOW}, "lost": {"lost_at": NOW, "lost_reason": "Price"}}.get(status, {})
    deal = Deal(status=status, **row)
    deal.insert()
    return deal


def _lead(world: World, random: Random, contact: Any) -> Lead:
    at = NOW - timedelta(seconds=random.randrange(180 * 86_400))
    status, stage = random.choice(PAIRS)
    took = timedelta(seconds=int(random.lognormvariate(7, 2)), microseconds=random.randrange(10**6))
    row: dict[str, Any] = {
        "title": "Lead",
        "contact": contact,
        "owner": random.choice(world.owners),
        "source": random.choice(("web", "referral")),
        "city": random.choice(("Pune", "Delhi", "")),
        "created_at": at,
        "contacted_at": at + took if stage != "NEW" else None,
        "disqualification_reason": "No budget" if status == "disqualified" else "",
    }
    if status == "converted":
        free = [one for one in world.deals if one not in [lead.converted_deal for lead in world.leads]]
        row["converted_deal"] = random.choice(free) if free else None
    lead = Lead(status=status, stage=stage, **row)
    lead.insert()
    return lead


def day_of(moment: datetime, zone: str) -> date:
    """The calendar day in a zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def within(span: Any, day: date | None) -> bool:
    """Whether a day is in a span."""
    return day is not None and span.first <= day <= span.last


def far(lead: Lead) -> int:
    """How many of the five steps a lead reached."""
    if lead.stage == "PAID" or (lead.converted_deal and lead.converted_deal.status == "won"):
        return 5
    if lead.status == "converted":
        return 4
    return {"NEW": 1, "CONTACTED": 2, "INTERESTED": 3}[lead.stage]
