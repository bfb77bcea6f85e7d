"""Fill a house's database with a large business, the same rows on every run: `ci/bench_rows.py CONTACTS`.

Straight into the tables (COPY on PostgreSQL, executemany on SQLite), as no door could in the time. For each contact
there are 1.2 leads, 0.1 deals, 3 activities and 3.4 events over three years; every 100th has a busy file of 20 entries
more. Leads of the last two weeks and deals of the last sixty days are still open.
"""

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402  (the path first)

django.setup()

from django.apps import apps  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.test import Client  # noqa: E402

from accounts.actor import Actor  # noqa: E402
from accounts.models import Membership, Team, User  # noqa: E402
from core import bulk  # noqa: E402
from core.pages import make_cursor  # noqa: E402
from crm.actions.snapshots import count_cohorts  # noqa: E402
from crm.models import Contact, CustomField, Lead, Pipeline, Tag  # noqa: E402
from crm.models.search import INDEXED, Searchable, learn, prepare, searchables, suspend  # noqa: E402
from crm.search import sort_key, words  # noqa: E402

Row = tuple[Any, ...]
LARGE = ("crm.Contact", "crm.ContactAddress", "crm.Lead", "crm.Deal", "crm.Activity", "core.Event")
BUSY = 100  # every so many contacts one has a long file
SHARE_OF_COMPANIES = 0.083
DAYS = 1100
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
# country, dialling code, digits, cities, first names, beginnings and ends of family names
PLACES = (
    ("IN", "+91 9", 9, "Mumbai|Pune|Delhi|Chennai|Kochi|Jaipur|Indore|Surat",
     "Priya|Arjun|Ananya|Rohan|Kavita|Vikram|Meera|Sanjay|Deepa|Rahul|Sunita|Amit|Neha|Suresh|Lakshmi|Farhan",
     "Sharma|Verma|Patel|Iyer|Reddy|Nair|Gupta|Khan|Das|Mehta|Rao|Joshi|Kulkarni|Bose|Chopra|Pillai|Sing|Mukher",
     "|||h|ji|wala|ram|an"),
    ("IN", "+91 8", 9, "मुंबई|पुणे|दिल्ली|जयपुर", "प्रिया|अर्जुन|कविता|रोहन|मीरा|विक्रम|सुनीता|राहुल",
     "शर्मा|वर्मा|पटेल|गुप्ता|मेहता|जोशी|यादव|सिंह", "||"),
    ("GB", "+44 77", 8, "London|Leeds|Bristol|Glasgow|Cardiff",
     "Emma|Oliver|Amelia|George|Isla|Harry|Freya|Jack|Poppy|Arthur|Grace|Alfie|Ruby|Theo",
     "Ash|Brad|Carl|Dun|East|Fair|Hart|King|Lang|Mer|North|Pem|Row|Stan|Thorn|Wake|West|Whit",
     "ford|ley|ton|worth|field|by|ham|well|wood|man"),
    ("DE", "+49 151", 8, "München|Köln|Berlin|Düsseldorf|Nürnberg",
     "Jürgen|Anke|Lukas|Sabine|Björn|Heike|Matthias|Käthe|Stefan|Ulrike|Jörg|Anneliese",
     "Acker|Bach|Berg|Feld|Gott|Hoff|Krä|Lang|Müll|Neu|Ober|Schön|Stein|Wald|Zimmer", "mann|er|bauer|hauer|meier|hold"),
    ("FR", "+33 6", 8, "Paris|Lyon|Orléans|Nîmes", "Élodie|François|Chloé|Hélène|Julien|Noémie|René|Aurélie|Thierry",
     "Beau|Char|Del|Font|Gar|Lam|Mar|Mont|Per|Rous|Vill", "mont|pentier|aine|nier|bert|tin|rier|seau"),
    ("ES", "+34 6", 8, "Madrid|Sevilla|Málaga|Bilbao", "José|María|Lucía|Íñigo|Begoña|Sofía|Ángel|Inés|Raúl",
     "Gonz|Fern|Rodr|Mart|Álv|Sánch|Ram|Guti", "ález|ández|íguez|ínez|arez|ez|írez|érrez"),
    ("PL", "+48 5", 8, "Warszawa|Kraków|Łódź|Gdańsk", "Łukasz|Małgorzata|Paweł|Agnieszka|Zbigniew|Żaneta|Grzegorz",
     "Kowal|Wiśniew|Kamiń|Lewandow|Zieliń|Szymań|Woźnia|Dąbrow", "ski|ska|czyk|owicz|kiewicz"),
    ("BR", "+55 119", 8, "São Paulo|Recife|Brasília", "João|Ana|Conceição|Thiago|Letícia|Márcio|Juliana|Antônio",
     "Oliv|Per|Ferr|Silv|Almeid|Carvalh|Nogu|Teix", "eira|a|o|eira Lima|eira Costa|eiro"),
)  # fmt: skip
HEADS = (
    "Blue|Green|Silver|Golden|Northern|Royal|Prime|Bright|Swift|Clear|Union|Pioneer|Harbour|Summit|Lotus|Banyan|"
    "Monsoon|Indus|Coral|Saffron|Everest|Ganga|Alpine|Baltic|Atlas|Orion|Delta|Nova|Vertex|Apex|Zenith|Quantum|"
    "Maple|Cedar|Willow|Falcon|Eagle|Tiger|Peacock|Elephant|Amber|Ivory|Jade|Ruby|Pearl|Onyx|Cobalt|Crimson"
)
TRADES = (
    "Textiles|Foods|Logistics|Systems|Motors|Dental|Fitness|Learning|Pharma|Interiors|Travels|Jewels|Dairy|Ceramics|"
    "Steel|Paper|Solar|Software|Security|Clinic|Academy|Studio|Builders|Traders|Exports|Electricals|Plastics|Media|"
    "Print|Energy|Marine|Furniture|Garments|Chemicals|Optics|Robotics|Bakery|Brewing|Farms|Tea|Coffee|Leather"
)
ENDS = (
    "Ltd|GmbH|SA|Pvt Ltd|LLP|Inc|& Sons|& Co|Group|Works|House|Partners|Brothers|International|India|Europe|Global|"
    "of Pune|of London|of Lyon|of Berlin|of Madrid|of Kraków|Central|East|West|South|North|Two|Plus|Direct|Online|"
    "Hub|Point|Labs|Collective|Ventures|Holdings|Services|Solutions|Supply|Depot"
)
INDUSTRIES = ("Education", "Retail", "Health", "Software", "Manufacturing", "Hospitality", "Logistics", "Finance")
SOURCES = ("web", "import", "referral", "campaign", "api", "manual")
KINDS = ("call", "email", "note", "task", "meeting", "demo")
TAGS = ("VIP", "Trade fair", "Newsletter", "Reseller", "Old customer")
OPEN = (("new", "NEW"), ("contacted", "CONTACTED"), ("contacted", "INTERESTED"), ("qualified", "INTERESTED"))
LOST = (("disqualified", "NEW"), ("disqualified", "CONTACTED"), ("disqualified", "INTERESTED"))
REASONS = [
    {"factor": "email", "label": "Business address", "points": 12},
    {"factor": "phone", "label": "Phone number given", "points": 8},
    {"factor": "visits", "label": "Came back four times", "points": 9},
]
CONTACT: Row = (
    "kind", "first_name", "last_name", "company_name", "company_folded", "company_id", "industry", "city", "country",
    "email", "email_folded", "phone", "phone_e164", "owner_id", "source", "stage", "score", "last_activity_at",
    "created_at", "updated_at", *INDEXED,
)  # fmt: skip
DEAL: Row = (
    "contact_id", "lead_id", "title", "pipeline_id", "stage_id", "owner_id", "value_minor", "expected_close_on",
    "status", "probability", "lost_reason", "won_at", "closed_on", "rots_on", "stage_since", "last_touch_at",
    "created_at", "updated_at", *INDEXED,
)  # fmt: skip
LEAD: Row = (
    "contact_id", "title", "business_name", "source", "owner_id", "status", "stage", "score", "scored_at",
    "disqualification_reason", "assigned_reason", "industry", "city", "estimated_value_minor", "converted_deal_id",
    "converted_at", "contacted_at", "next_step", "created_at", "updated_at", *INDEXED,
)  # fmt: skip
ACTIVITY: Row = (
    "type", "contact_id", "deal_id", "lead_id", "actor_id", "subject", "due_at", "completed_at", "created_at",
    "updated_at",
)  # fmt: skip
ADDRESS: Row = ("contact_id", "channel", "value", "folded")
EVENT: Row = (
    "name", "subject_type", "subject_id", "contact_id", "data", "at",
)  # fmt: skip


def main() -> None:
    """Fill the tables, or count the statements of pages: `statements '[["ada@…", "/leads/"], …]'`."""
    if sys.argv[1] == "statements":
        print(json.dumps([statements(*one) for one in json.loads(sys.argv[2])]))
    else:
        fill_all(int(sys.argv[1]))


def statements(email: str, address: str) -> int:
    """Return how many statements a page asks of the database when it is asked again."""
    client, counted = Client(SERVER_NAME="127.0.0.1"), []
    client.force_login(User.objects.get(email=email), backend=settings.AUTHENTICATION_BACKENDS[1])
    client.get(address)

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        counted.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        client.get(address)
    return len(counted)


@contextmanager
def suspended(*wanted: type[Searchable]) -> Iterator[None]:
    """Let the search index wait until the end; outside a transaction."""
    suspend(*wanted)
    try:
        yield
    finally:
        prepare()


def fill_all(count: int) -> None:
    """Make people, then the rows of every table, then the indexes and the planner's figures."""
    started = time.monotonic()
    maker = Maker(count, reps())
    indexes("remove_index")
    with suspended(*searchables()):
        for label, names, rows, rest in maker.tables():
            fill(apps.get_model(label), names, rows, rest)
    indexes("add_index")
    prepare()
    with transaction.atomic():
        learn(maker.vocabulary())
    count_cohorts(Actor.job("bench"))  # as every hour
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    print(json.dumps({**maker.landmarks(), "filled_in_s": round(time.monotonic() - started, 1)}))


def reps() -> list[User]:
    """Make sales reps until there are twenty, in four teams; the cast's reps come first."""
    role = Group.objects.get(name="sales-rep")
    for number in range(20 - User.objects.filter(groups=role).count()):
        person = User.objects.create_user(f"rep{number}@bench.example.org", name=f"Rep {number}")
        person.groups.add(role)
    people = list(User.objects.filter(groups=role).order_by("pk"))
    for number, person in enumerate(people):
        region = ("", "", "Pune", "London")[number % 4]
        team, _ = Team.objects.get_or_create(name=f"Bench {number % 4}", defaults={"region": region})
        Membership.objects.get_or_create(user=person, team=team)
    Tag.objects.bulk_create(Tag(name=name) for name in TAGS)
    CustomField.objects.create(noun="contact", key="staff", label="Staff", type="number")
    return people


class Maker:
    """Every row of the business, by arithmetic and a seeded generator: the same on every machine."""

    def __init__(self, count: int, people: list[User]) -> None:
        self.count, self.deals, self.leads = count, count // 10, count + count // 5
        self.companies = int(count * SHARE_OF_COMPANIES)
        self.owners = [person.pk for person in people]
        pipelines = Pipeline.objects.prefetch_related("stages").order_by("-is_default", "pk")
        self.stages = [(pipe.pk, stage) for pipe in pipelines for stage in pipe.stages.all()]
        self.names = [self.company(number) for number in range(max(self.companies, 1))]
        self.words: list[tuple[str, str]] = []  # of each contact, and its sort name, for its leads and deals

    def landmarks(self) -> dict[str, Any]:
        """Say where the measurement finds what it looks for."""
        busy = Contact.objects.filter(pk__in=range(BUSY, self.count + 1, BUSY), kind="person").order_by("pk")
        people, own = list(busy[:50]), busy.filter(owner=self.owners[0])
        far, far_lead = (
            Contact.objects.get(pk=self.count // 10),
            Lead.objects.order_by("score", "pk")[self.leads // 10],
        )
        return {
            "busy": [one.pk for one in people],
            "own": list(own.values_list("pk", flat=True)[:50]),
            "deal": [self.deal_of(one.pk) for one in people],
            "exact": [f"{one.first_name} {one.last_name}" for one in people],
            "beginning": [one.last_name[:4] for one in people],
            "typo": [f"{one.first_name} {one.last_name[:2]}x{one.last_name[3:]}" for one in people],
            "phone": [one.phone_e164[-6:] for one in people if one.phone_e164],
            "far_contact": make_cursor(far, ("created_at", "pk"), backwards=False),
            "far_lead": make_cursor(far_lead, ("score", "pk"), backwards=False),
            "day": [(TODAY - timedelta(days=700 - 13 * one)).date().isoformat() for one in range(50)],
        }

    def tables(self) -> Iterator[tuple[str, Row, Iterable[Row], dict[str, Any]]]:
        """Yield (model, columns, rows, values of the other columns)."""
        lead = {"currency": "INR", "score_model": "hand-set", "score_reasons": REASONS}
        told = {"via": "page", "mac": "-", "actor_kind": "system", "actor_name": ""}
        notices = ("user_id", "text", "created_at", "read_at")
        tagged = ((pk, pk % 5 + 1) for pk in range(1, self.count + 1, 4))
        yield "crm.Contact", CONTACT, self.contacts(), {"custom": {"staff": 12}}
        yield "crm.ContactAddress", ADDRESS, self.addresses(), {"is_primary": True}
        yield "crm.Deal", DEAL, self.deal_rows(), {"currency": "INR"}
        yield "crm.Lead", LEAD, self.lead_rows(), lead | {"facts": {"visits": 4}}
        yield ("crm.Activity", ACTIVITY, self.activities(), {"body": "They asked for the price list."})
        yield "core.Event", EVENT, self.events(), told
        yield "accounts.Notification", notices, self.notifications(), {"kind": "-"}
        yield "crm.Contact_tags", ("contact_id", "tag_id"), tagged, {}

    def company(self, number: int) -> str:
        """The name of a company; the first 84,672 are all different."""
        heads, trades, ends = (part.split("|") for part in (HEADS, TRADES, ENDS))
        head, number = number % len(heads), number // len(heads)
        return f"{heads[head]} {trades[number % len(trades)]} {ends[number // len(trades) % len(ends)]}"

    def at(self, number: int, of: int) -> datetime:
        """When row `number` of `of` came: the ids follow the clock."""
        return TODAY - timedelta(days=DAYS) * (1 - number / of)

    def owner(self, pk: int) -> int | None:
        """Who looks after a contact; one in ten belongs to nobody."""
        return None if pk % 10 == 7 else self.owners[(pk * 2_654_435_761 >> 7) % len(self.owners)]

    def deal_of(self, contact: int) -> int | None:
        """The deal of a contact: every tenth has one."""
        return contact // 10 if contact % 10 == 0 else None

    def contacts(self) -> Iterator[Row]:
        """Companies first, then people, six in ten of them in a company."""
        places = [tuple(part.split("|") if "|" in str(part) else part for part in place) for place in PLACES]
        draw = Random(1)
        for pk in range(1, self.count + 1):
            country, code, digits, cities, firsts, heads, ends = places[int(draw.random() ** 2 * 8)]
            at, place = self.at(pk, self.count), cities[pk % len(cities)]
            score, industry = int(draw.random() * 101), INDUSTRIES[pk % 8]
            phone = f"{code}{pk:0{digits}d}" if pk % 10 < 7 else ""
            dialled = phone.replace(" ", "") or None
            rest = (dialled, self.owner(pk), SOURCES[pk % 6], "customer" if self.deal_of(pk) else "prospect", score,
                    at, at, at)  # fmt: skip
            if pk <= self.companies:
                name, email = self.names[pk - 1], f"info@c{pk}.example.com"
                yield ("company", "", "", name, name.casefold(), None, industry, place, country, email, email,
                       phone, *rest, words((name,), (email, dialled or "")), sort_key(name))  # fmt: skip
                continue
            first, last = draw.choice(firsts), draw.choice(heads) + draw.choice(ends)
            at_work = int(draw.random() * self.companies / 0.6)
            name = self.names[at_work] if at_work < self.companies else ""
            email = f"{first}.{last}.{pk}@mail.example.org".lower().replace(" ", "")
            email = email if pk % 20 or not phone else ""
            yield ("person", first, last, name, name.casefold(), at_work + 1 if name else None, industry,
                   place, country, email, email or None, phone, *rest,
                   words((first, last, name), (email, dialled or "")), sort_key(f"{last} {first}"))  # fmt: skip

    def addresses(self) -> Iterator[Row]:
        """The addresses again as rows of their own; on the way the words are kept."""
        pairs = [("email", CONTACT.index("email")), ("phone", CONTACT.index("phone"))]
        for pk, row in enumerate(self.contacts(), 1):
            self.words.append(row[-2:])
            for channel, at in pairs:
                if row[at + 1]:
                    yield pk, channel, row[at], row[at + 1]

    def deal_rows(self) -> Iterator[Row]:
        """Those of sixty days and a few older ones are open, the rest won or lost."""
        draw = Random(2)
        for pk in range(1, self.deals + 1):
            contact, at = pk * 10, self.at(pk, self.deals)
            pipeline, stage = self.stages[int(draw.random() ** 2 * len(self.stages))]
            is_open = TODAY - at < timedelta(days=60) or pk % 50 == 0
            status = "open" if is_open else ("won", "lost")[pk % 2]
            title = f"{INDUSTRIES[pk % 8]} {pk}"
            closed = None if is_open else at + timedelta(days=30)
            soon = (TODAY + timedelta(days=pk % 90 - 20)).date()
            yield (contact, contact, title, pipeline, stage.pk, self.owner(contact),
                   int(draw.random() ** 3 * 50_000_000) + 10_000, soon, status, stage.probability,
                   "Too dear" if status == "lost" else "", closed if status == "won" else None,
                   closed and closed.date(), soon if is_open else None, at, at, at, at,
                   words((title,), (), self.words[contact - 1][0]), self.words[contact - 1][1])  # fmt: skip

    def lead_rows(self) -> Iterator[Row]:
        """One for each contact and a second for every fifth; those with deals are converted."""
        draw, cities = Random(3), [city for place in PLACES for city in place[3].split("|")]
        for pk in range(1, self.leads + 1):
            contact = (pk - 1) % self.count + 1
            deal = self.deal_of(contact) if pk <= self.count else None
            at, owner = self.at(pk, self.leads), self.owner(contact)
            name, pairs = self.names[pk % len(self.names)], LOST
            if TODAY - at < timedelta(days=14):
                pairs = OPEN
            status, stage = ("converted", "INTERESTED") if deal else draw.choice(pairs)
            yield (contact, f"Lead {pk}", name, SOURCES[pk % 6], owner, status, stage, int(draw.random() * 101), at,
                   "No budget" if status == "disqualified" else "", "Next in turn." if owner else "",
                   INDUSTRIES[pk % 8], cities[pk % len(cities)], int(draw.random() * 9_000_000), deal,
                   at if deal else None, None if stage == "NEW" else at + timedelta(seconds=30 * (pk * 37 % 1_009)),
                   ("Call back", "Send an offer", "")[pk % 3], at, at,
                   words((f"Lead {pk}", name), (), self.words[contact - 1][0]), self.words[contact - 1][1])  # fmt: skip

    def activities(self) -> Iterator[Row]:
        """Three for each contact, one in three hundred still to do; twenty more in the busy files."""
        for number in range(1, 3 * self.count + 1):
            yield self.activity(number, (number - 1) % self.count + 1, KINDS[number % 6])
        for contact in range(BUSY, self.count + 1, BUSY):
            for number in range(20):
                yield self.activity(3 * self.count + number, contact, KINDS[number % 3])

    def activity(self, number: int, contact: int, kind: str) -> Row:
        """One thing done or to do."""
        at = min(self.at(number, 3 * self.count), TODAY)
        is_open = kind == "task" and number % 50 == 3
        due = TODAY + timedelta(days=number % 40 - 10, hours=9) if is_open else None
        return (kind, contact, self.deal_of(contact), contact, self.owner(contact), f"{kind.capitalize()} about it",
                due, None if is_open else at, at, at)  # fmt: skip

    def events(self) -> Iterator[Row]:
        """What the timeline reads: contacts made, leads come in and assigned, deals opened."""
        for pk in range(1, self.count + 1):
            at, owner = self.at(pk, self.count), self.owner(pk)
            made = {"contact_id": pk, "owner_id": owner}
            yield "contact.created", "contact", pk, pk, {**made, "source": "web"}, at
            lead = {**made, "lead_id": pk}
            yield "lead.created", "lead", pk, pk, {**lead, "source": "web"}, at
            yield "lead.assigned", "lead", pk, pk, {**lead, "reason": "Next in turn."}, at
            if deal := self.deal_of(pk):
                yield "deal.created", "deal", deal, pk, {**lead, "deal_id": deal}, at
            if pk % 3 == 0:
                news = {"contact_id": pk, "changes": {"city": ["", "Pune"]}}
                yield "contact.updated", "contact", pk, pk, news, at

    def vocabulary(self) -> Iterator[str]:
        """Every name that anybody may misspell."""
        yield from self.names
        for *_, firsts, heads, ends in PLACES:
            yield from firsts.split("|")
            yield from (head + end for head in heads.split("|") for end in ends.split("|"))

    def notifications(self) -> Iterator[Row]:
        """A thousand for each rep at most, of which one in fifty waits."""
        for number in range(min(self.count // 10, 20_000)):
            at, whose = self.at(number, 20_000), self.owners[number % len(self.owners)]
            yield whose, f"Lead {number} is yours.", at, at if number % 50 else None


def fill(model: type[models.Model], names: Row, rows: Iterable[Row], rest: dict[str, Any]) -> None:
    """Write the rows; columns that are not named get `rest`, else the field's default."""
    same = {key: value for key, value in (bulk.defaults(model) | rest).items() if key not in names}
    with connection.constraint_checks_disabled(), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")  # no look at references
        bulk.insert(model, names, rows, same)


def indexes(change: str) -> None:
    """Take the large tables' indexes away, or build them: many times faster than row by row."""
    with connection.schema_editor() as editor:
        for label in LARGE:
            model = apps.get_model(label)
            for index in model._meta.indexes:
                getattr(editor, change)(model, index)


if __name__ == "__main__":
    main()
