"""200 random operations, undone in a random legal order, leave everything as it was; and every step keeps the rules."""

import random
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from django.apps import apps

from accounts.actor import Actor
from core.actions import run
from core.errors import HouseError
from crm import invariants
from crm.actions.contacts import update_contact
from crm.actions.imports import carry_on, map_import, start_import, upload_import
from crm.actions.operations import undo_operation
from crm.actions.scores import refresh_contact_score
from crm.models import Contact, Deal, DealLine, Lead, Operation, Tag
from crm.queries.operations import entries
from tests.crm.digests import differing, state
from tests.factories.crm import SYSTEM, make_activity, make_contact, make_deal, make_lead, make_pipeline
from tests.people import as_actor

pytestmark = pytest.mark.django_db
HOW_MANY = 200
Touched = set[tuple[str, Any]]
RECORDS = (Contact, Lead, Deal, Tag)
PAIRS = (
    ("new", "NEW"),
    ("contacted", "CONTACTED"),
    ("qualified", "INTERESTED"),
    ("qualified", "INTERESTED"),
    ("converted", "INTERESTED"),
    ("disqualified", "CONTACTED"),
)


class World:
    """Some of everything, and random things to do with it."""

    def __init__(self, people: Any, seed: int) -> None:
        self.dice = random.Random(seed)
        self.actor: Actor = as_actor(people.ada)
        self.sellers = [people.rita, people.ron, people.max]
        self.pipeline = make_pipeline()
        for _ in range(60):
            owner = self.dice.choice(self.sellers)
            contact = make_contact(owner=owner, city=self.word(), custom={"size": self.dice.randrange(9)})
            update_contact(contact, actor=SYSTEM, tags=[self.word(), self.word()])
            contact = Contact.objects.get(pk=contact.pk)
            if self.dice.random() < 0.7:
                make_lead(*self.dice.choice(PAIRS), contact=contact, owner=owner)
            if self.dice.random() < 0.4:
                deal = make_deal(contact=contact, owner=owner)
                DealLine.objects.create(deal=deal, description="Care", unit_price_minor=5)
            make_activity(contact=contact, actor=owner)
            refresh_contact_score(contact.pk)

    def word(self) -> str:
        return self.dice.choice(("Pune", "Goa", "Delhi", "Vip", "Cold", "Late"))

    def some(self, model: Any) -> list[int]:
        ids = list(model.objects.order_by("pk").values_list("pk", flat=True))
        return self.dice.sample(ids, min(len(ids), self.dice.randint(1, 6)))

    def step(self) -> None:
        """Do one thing, or find out that it cannot be done."""
        kinds = ("bulk",) * 8 + ("convert",) * 3 + ("merge", "delete", "import_")
        kind = self.dice.choice(kinds)
        getattr(self, kind)()

    def bulk(self) -> None:
        owner = {"owner": self.dice.choice(self.sellers).pk}
        noun, verb, data = self.dice.choice((
            ("contact", "update", {"city": self.word()}),
            ("contact", "update", {"job_title": self.word(), "do_not_ai": True}),
            ("contact", "tag", {"add": [self.word(), f"New {self.dice.randrange(99)}"]}),
            ("contact", "tag", {"remove": [self.word()]}),
            ("contact", "reassign", owner),
            ("contact", "delete", {}),
            ("lead", "update", {"city": self.word(), "next_step": self.word()}),
            ("lead", "reassign", owner),
            ("lead", "disqualify", {"reason": self.word()}),
            ("lead", "reopen", {}),
            ("lead", "delete", {}),
            ("deal", "update", {"expected_close_on": f"2027-01-{self.dice.randint(10, 28)}"}),
            ("deal", "update", {"value": str(self.dice.randrange(900))}),
            ("deal", "move", {"stage": self.dice.choice(self.pipeline.stages.all()).pk}),
            ("deal", "reassign", owner),
            ("deal", "lose", {"reason": "Price"}),
            ("deal", "abandon", {}),
            ("deal", "delete", {}),
        ))  # fmt: skip
        ids = self.some({"contact": Contact, "lead": Lead, "deal": Deal}[noun])
        if ids:
            asked = {"verb": verb, "ids": ids, "data": data}
            run(f"{noun}.bulk", actor=self.actor, data=asked)

    def one(self, name: str, row: Any, **data: Any) -> None:
        with suppress(HouseError):
            run(name, row, actor=self.actor, data=data)

    def convert(self) -> None:
        if leads := list(Lead.objects.filter(status="qualified").order_by("pk")):
            self.one("lead.convert", self.dice.choice(leads))

    def merge(self) -> None:
        contact, other = self.dice.sample(list(Contact.objects.order_by("pk")), 2)
        self.one("contact.merge", contact, other=other.pk)

    def import_(self) -> None:
        known = self.dice.choice(list(Contact.objects.exclude(email="").order_by("pk")))
        rows = [f"New{n},new{n}@x.example,{self.word()}" for n in self.dice.sample(range(99), 2)]
        rows.append(f"{known.first_name},{known.email},{self.word()}")
        text = "\n".join(["First name,Email,City", *rows])
        file, kind = BytesIO(text.encode()), self.dice.choice(("contacts", "leads"))
        run = upload_import(actor=self.actor, file=file, file_name="list.csv", kind=kind)
        run = map_import(run, actor=self.actor, kind=kind, mode="good", mapping=run.mapping, known="replace")
        assert carry_on(start_import(run, actor=self.actor), actor=self.actor)

    def delete(self) -> None:
        self.one("contact.delete", self.dice.choice(list(Contact.objects.order_by("pk"))))


def touched(operation: Operation) -> Touched:
    """What an operation wrote, and the records that these rows belong to."""
    found: Touched = set()
    for part in operation.parts.filter(kind="change"):
        model = apps.get_model(part.model)
        keys = [f for f in model._meta.concrete_fields if f.related_model in RECORDS]
        for pk, before, after in part.rows:
            ids = range(pk[0], pk[1] + 1) if isinstance(pk, list) else [pk]
            found |= {(part.model, one) for one in ids}
            images = [before, after, *model._base_manager.filter(pk__in=ids).values()]
            for image in filter(None, images):
                if image.get("email_folded"):
                    found.add(("email", image["email_folded"]))
                ends = ((key, image.get(key.attname)) for key in keys)
                found |= {(key.related_model._meta.label_lower, end) for key, end in ends if end}
    return found


def broken() -> list[str]:
    checks = (
        invariants.pairs_are_legal,
        invariants.converted_leads_have_one_deal,
        invariants.won_deals_have_customers,
        invariants.reasons_add_up,
    )
    return [line for check in checks for line in check()]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_200_random_operations_undone_in_a_legal_order_leave_no_trace(people, seed):
    world = World(people, seed)
    start = state()
    assert not broken()
    done: list[tuple[Operation, Touched]] = []
    while len(done) < HOW_MANY:
        last = Operation.objects.order_by("-pk").first()
        world.step()
        for operation in Operation.objects.filter(pk__gt=last.pk if last else 0, steps__gt=0):
            done.append((operation, touched(operation)))
    kinds = {operation.kind for operation, _ in done}
    assert kinds == set(Operation.Kind.values)
    assert state() != start and not broken()
    later = [{at for at in range(i + 1, len(done)) if done[i][1] & done[at][1]} for i in range(len(done))]
    left = set(range(len(done)))
    while left:
        chosen = world.dice.choice(sorted(at for at in left if not later[at] & left))
        left.remove(chosen)
        operation = done[chosen][0]
        undone = undo_operation(operation, actor=world.actor)
        assert undone.conflict_count == 0, entries(operation, "conflict")
        if len(left) % 20 == 0:
            assert not broken()
    assert differing(start, state()) == []
