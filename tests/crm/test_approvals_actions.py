"""Four eyes on a large deal: who may say yes, to what, and what voids it."""

import pytest

from accounts.actor import Actor
from accounts.models import Workspace
from core import clock
from core.errors import Denied, Invalid, Refused
from core.models import Event
from crm.actions.approvals import approve_deal, reject_deal, request_approval
from crm.actions.deals import reassign_deal, reopen_deal, set_lines, update_deal, win_deal
from crm.models import Approval, Deal
from crm.queries.approvals import is_approved, needs_approval
from tests.factories.crm import SYSTEM, make_deal
from tests.people import as_actor

pytestmark = pytest.mark.django_db
TODAY = clock.today("Asia/Kolkata")
LARGE = 30_000_000


@pytest.fixture
def deal(people) -> Deal:
    return make_deal(owner=people.rita, value_minor=LARGE)


def test_the_threshold_counts_in_every_currency(deal):
    assert needs_approval(deal)
    assert not needs_approval(make_deal(value_minor=LARGE - 1))
    assert needs_approval(make_deal(value_minor=300_000, currency="JPY"))
    Workspace.objects.update(high_value_threshold_minor=LARGE + 1)
    assert not needs_approval(deal)


def test_a_large_deal_is_not_won_without_approval(people, deal):
    for person in (people.rita, people.max, people.ada):
        with pytest.raises(Refused) as refusal:
            win_deal(deal, actor=as_actor(person), closed_on=TODAY)
        assert refusal.value.code == "needs_approval"
    with pytest.raises(Refused):
        win_deal(deal, actor=SYSTEM, closed_on=TODAY)
    assert Deal.objects.get().status == "open"
    assert not Event.objects.filter(name="deal.won").exists()


def test_an_approved_deal_is_won(people, deal, run_events):
    assert people.north
    approval = request_approval(deal, actor=as_actor(people.rita), note="Big one")
    assert needs_approval(deal) and not is_approved(deal)
    run_events()
    assert people.max.notifications.filter(kind="approval.requested").count() == 1
    approve_deal(approval, actor=as_actor(people.max))
    assert is_approved(deal)
    win_deal(deal, actor=as_actor(people.rita), closed_on=TODAY)
    run_events()
    assert people.rita.notifications.filter(kind="approval.decided").count() == 1


def test_reps_support_and_viewers_cannot_approve(people, deal):
    approval = request_approval(deal, actor=as_actor(people.rita))
    for person in (people.ron, people.sam, people.mia, people.vic, people.fin):
        with pytest.raises(Denied):
            approve_deal(approval, actor=as_actor(person))
    assert Approval.objects.get().state == "pending"


def test_neither_owner_nor_requester_decides(people):
    own = make_deal(owner=people.max, value_minor=LARGE)
    asked = request_approval(own, actor=as_actor(people.ada))
    for person in (people.max, people.ada):
        with pytest.raises(Denied):
            approve_deal(asked, actor=as_actor(person))
        with pytest.raises(Denied):
            reject_deal(asked, actor=as_actor(person), reason="No")
    assert Approval.objects.get().state == "pending"


def test_no_machine_approves(people, deal):
    approval = request_approval(deal, actor=as_actor(people.rita))
    for actor in (SYSTEM, Actor.workflow("reply_to_cash"), Actor.agent("proposal", workflow="reply_to_cash")):
        with pytest.raises(Denied):
            approve_deal(approval, actor=actor)


def test_who_approved_cannot_become_the_owner_and_win(people, deal):
    approve_deal(request_approval(deal, actor=as_actor(people.rita)), actor=as_actor(people.max))
    assert is_approved(deal)
    moved = reassign_deal(deal, actor=as_actor(people.ada), owner=people.max)
    assert not is_approved(moved)
    with pytest.raises(Refused):
        win_deal(moved, actor=as_actor(people.max), closed_on=TODAY)


@pytest.mark.parametrize(
    "change",
    [
        lambda deal: update_deal(deal, actor=SYSTEM, value_minor=LARGE + 1),
        lambda deal: update_deal(deal, actor=SYSTEM, currency="USD"),
        lambda deal: set_lines(deal, actor=SYSTEM, lines=[{"description": "x", "unit_price_minor": LARGE}]),
    ],
    ids=["value", "currency", "lines"],
)
@pytest.mark.parametrize("decided", [True, False])
def test_a_change_voids_the_approval(people, deal, change, decided):
    approval = request_approval(deal, actor=as_actor(people.rita))
    if decided:
        approve_deal(approval, actor=as_actor(people.max))
    change(deal)
    approval.refresh_from_db()
    assert approval.state == "void"
    assert not is_approved(Deal.objects.get())
    assert Event.objects.filter(name="approval.voided").count() == 1
    with pytest.raises(Refused):
        approve_deal(approval, actor=as_actor(people.ada))


def test_a_harmless_change_keeps_the_approval(people, deal):
    approve_deal(request_approval(deal, actor=as_actor(people.rita)), actor=as_actor(people.max))
    update_deal(deal, actor=SYSTEM, title="Another name")
    assert is_approved(deal)


def test_reopening_voids_the_approval(people, deal):
    approve_deal(request_approval(deal, actor=as_actor(people.rita)), actor=as_actor(people.max))
    win_deal(deal, actor=as_actor(people.rita), closed_on=TODAY)
    reopened = reopen_deal(deal, actor=as_actor(people.max))
    assert not is_approved(reopened)


def test_asking_twice_is_one_request(people, deal):
    first = request_approval(deal, actor=as_actor(people.rita))
    assert request_approval(deal, actor=as_actor(people.rita)).pk == first.pk
    assert Event.objects.filter(name="approval.requested").count() == 1


def test_a_small_or_closed_deal_needs_no_request():
    for deal in (make_deal(value_minor=1), make_deal("lost", value_minor=LARGE)):
        with pytest.raises(Refused):
            request_approval(deal, actor=SYSTEM)


def test_a_rejection_has_a_reason_and_can_be_asked_again(people, deal):
    approval = request_approval(deal, actor=as_actor(people.rita))
    with pytest.raises(Invalid):
        reject_deal(approval, actor=as_actor(people.max), reason="")
    reject_deal(approval, actor=as_actor(people.max), reason="Margin too thin")
    assert Approval.objects.get(deal=deal).state == "rejected"
    assert request_approval(deal, actor=as_actor(people.rita)).pk != approval.pk
