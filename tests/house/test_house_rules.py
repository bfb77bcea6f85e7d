"""ci/house.py: the house keeps its rules, and each rule catches what it is for."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "ci"))

import house  # noqa: E402

MODEL = '''
class Contact(Record):
    stage = models.CharField()

class PublicForm(Record): ...

class Deal(Record):
    status = FSMField()

    @transition(field=status, source="open", target="won")
    def win(self):
        """Won."""
'''

PLANTED = {
    "a view that saves": ("door-writes", "crm/views/deals.py", "deal.save()"),
    "a view that creates": ("door-writes", "crm/views/deals.py", "Deal.objects.create(title=t)"),
    "an api that updates": ("door-writes", "crm/api/deals.py", "rows.update(owner=None)"),
    "a job that deletes": ("door-writes", "crm/jobs.py", "rows.delete()"),
    "a subscriber in bulk": ("door-writes", "crm/subscribers.py", "Deal.objects.bulk_create(rows)"),
    "an admin that gets or creates": ("door-writes", "crm/admin.py", "Tag.objects.get_or_create()"),
    "a transition in a view": ("transition", "crm/views/deals.py", "deal.win()"),
    "a transition in the admin": ("transition", "crm/admin.py", "obj.win()"),
    "a form that saves": ("form-save", "crm/actions/deals.py", "form.save()"),
    "a receiver": ("signal", "crm/apps.py", "@receiver(post_save, sender=Deal)\ndef heard(): ..."),
    "a connected signal": ("signal", "crm/apps.py", "post_save.connect(heard)"),
    "a generic key": ("generic-key", "crm/models/tag.py", "owner = GenericForeignKey()"),
    "markup with a script": ("script", "crm/views/deals.py", "html = '<script>alert(1)</script>'"),
    "a module named utils": ("name", "crm/utils.py", "x = 1"),
    "a package named services": ("name", "crm/services/deals.py", "x = 1"),
    "a long module": ("size", "crm/deals.py", "x = 1\n" * 401),
    "a long function": ("size", "crm/deals.py", "def f():\n" + "    x = 1\n" * 51),
    "a lead in core": ("noun-in-core", "core/routing.py", "def assign_lead(): ..."),
    "a class for invoices in core": ("noun-in-core", "core/pdf.py", "class InvoicePdf: ..."),
    "a status set behind the machine": ("state-update", "crm/actions/x.py", "q.update(status='won')"),
    "a status set by its model": ("state-update", "crm/actions/x.py", "Deal.objects.filter(pk=1).update(status='won')"),
    "a stage set behind the machine": ("state-update", "crm/queries/x.py", "q.update(stage='PAID')"),
    "an action without words": ("docstring", "crm/actions/deals.py", "def win_deal(deal): ..."),
    "a query without words": ("docstring", "crm/queries/deals.py", "def open_deals(actor): ..."),
    "an event without words": ("docstring", "crm/events.py", "class DealWon: ..."),
    "a view without a door": ("view-door", "crm/views/deals.py", "def win(request, pk): ..."),
    "an action with its own clock": ("clock", "crm/actions/deals.py", "at = timezone.now()"),
    "a model that overrides save": ("model-save", "crm/models/tag.py", "class Tag:\n    def save(self): ..."),
}


def plant(root: Path, path: str, source: str) -> None:
    (root / "crm" / "models").mkdir(parents=True, exist_ok=True)
    (root / "crm" / "models" / "deal.py").write_text(MODEL)
    (root / "crm" / "urls.py").write_text("urlpatterns = [path('', deals.win)]")
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(source + "\n")


def test_the_house_keeps_its_rules():
    assert [str(violation) for violation in house.check(ROOT)] == []


@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_violation_is_caught_with_its_place(tmp_path, case):
    rule, path, source = PLANTED[case]
    plant(tmp_path, path, source)

    found = {(violation.rule, violation.path) for violation in house.check(tmp_path)}

    assert (rule, path) in found
    assert all(violation.line >= 1 for violation in house.check(tmp_path))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("crm/actions/deals.py", 'def win_deal(deal):\n    """Win."""\n    deal.win()\n    deal.save()'),
        ("crm/views/deals.py", "@door('deal:close-won')\ndef win(request, pk): ...\ncontext.update(x)"),
        ("crm/views/deals.py", "def rows(request): ...\ncache.delete('key')"),
        ("core/models.py", "contact_id = 1\nleading = 2"),
        ("crm/actions/x.py", "Contact.objects.filter(pk=1).update(stage='customer')"),
        ("crm/actions/x.py", "public_form.save()"),
        ("crm/events.py", 'class DealWon:\n    """A deal was won."""'),
    ],
)
def test_what_the_rules_allow_passes(tmp_path, path, source):
    plant(tmp_path, path, source)
    assert house.check(tmp_path) == []


def test_an_excuse_needs_the_rule_and_a_reason(tmp_path):
    plant(tmp_path, "crm/jobs.py", "rows.delete()  # house: ok door-writes, because it is a cache")
    assert house.check(tmp_path) == []
    plant(tmp_path, "crm/jobs.py", "rows.delete()  # house: ok door-writes")
    assert [violation.rule for violation in house.check(tmp_path)] == ["door-writes"]
