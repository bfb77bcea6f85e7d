"""Scopes: `can` and `visible` give one answer, on random rows, for every role and every exception."""

import random
from datetime import date

import pytest

from accounts import permissions
from accounts.actions.people import change_grant, change_roles
from accounts.actions.shares import share_record, unshare_record
from accounts.actions.teams import set_members
from accounts.actor import Actor
from accounts.models import ApiKey, Workspace
from accounts.permissions import can, people_who_can, visible
from accounts.queries.people import managers_of
from accounts.roles import ADMIN, FINANCE, MATRIX, REP, SUPPORT, VIEWER
from core import clock
from core.errors import Denied, Refused
from crm.models import Activity, Contact, Deal, Pipeline, Stage
from tests.people import SYSTEM, again, as_actor, make_person

pytestmark = pytest.mark.django_db


def deal_of(owner=None, status="open", team=None) -> Deal:
    email = f"{random.getrandbits(64)}@example.com"
    contact = Contact.objects.create(first_name="Asha", email=email, email_folded=email)
    pipeline, _ = Pipeline.objects.get_or_create(name="Sales")
    stage, _ = Stage.objects.get_or_create(pipeline=pipeline, name="First", defaults={"order": 1})
    closed = {"closed_on": date(2026, 1, 2), "won_at": clock.now()} if status == "won" else {}
    return Deal.objects.create(
        contact=contact, title="Site", pipeline=pipeline, stage=stage, owner=owner, team=team,
        value_minor=100, currency="INR", status=status, **closed,
    )  # fmt: skip


def assert_agree(user, permission, model):
    user = again(user)
    listed = set(visible(user, permission, model.objects.all()).values_list("pk", flat=True))
    asked = {row.pk for row in model.objects.all() if can(user, permission, row)}
    assert listed == asked, (user, permission, model)
    return listed


def test_can_and_visible_agree_on_random_rows_for_everybody(people):
    dice = random.Random(7)
    teams = [people.north, people.south, None]
    everybody = list(people.everybody().values())
    owners = [*everybody, None]
    for _ in range(40):
        deal_of(dice.choice(owners), dice.choice(["open", "won"]), dice.choice(teams))
    for deal in Deal.objects.all():
        Activity.objects.create(
            type="note", subject="x", contact=deal.contact, actor=dice.choice(owners),
            deal=dice.choice([deal, None]),
        )  # fmt: skip
    for deal in dice.sample(list(Deal.objects.all()), 8):
        whom = dice.choice([*everybody, people.north])
        share_record(deal, actor=SYSTEM, noun="deal", shared_with=whom, verb=dice.choice(["read", "update"]))
    for manager_scope in ("all", "team"):
        Workspace.current()
        Workspace.objects.update(manager_scope=manager_scope)
        for user in [*everybody, make_person("both", roles=(REP, VIEWER)), make_person("none")]:
            for permission in ("deal:read", "deal:update", "deal:delete", "deal:close-won"):
                assert_agree(user, permission, Deal)
            for permission in ("activity:read", "activity:update"):
                assert_agree(user, permission, Activity)
            assert_agree(user, "contact:read", Contact)
            assert_agree(user, "key:manage", ApiKey)


def test_a_rep_sees_own_deals_only(rita, ron):
    mine, theirs = deal_of(rita), deal_of(ron)
    assert assert_agree(rita, "deal:read", Deal) == {mine.pk}
    verdict = can(again(rita), "deal:close-won", theirs)
    assert not verdict
    assert verdict.reason == "This deal belongs to someone else. Its owner or a manager can do this."


def test_finance_sees_won_deals_only(fin, rita):
    deal_of(rita)
    won = deal_of(rita, "won")
    assert assert_agree(fin, "deal:read", Deal) == {won.pk}
    assert not can(again(fin), "deal:update", won)


def test_a_manager_is_narrowed_to_own_teams_when_the_workspace_says_so(people):
    _, _ = people.north, people.south
    north, south, given = (deal_of(people.rita), deal_of(people.ron), deal_of(None, team=people.north))
    assert assert_agree(people.max, "deal:read", Deal) == {north.pk, south.pk, given.pk}
    Workspace.objects.update_or_create(pk=1, defaults={"manager_scope": "team"})
    assert assert_agree(people.max, "deal:read", Deal) == {north.pk, given.pk}
    assert len(assert_agree(people.max, "contact:read", Contact)) == 3, "never less than a rep"
    assert can(again(people.max), "campaign:read"), "rows that belong to nobody stay open"


def test_the_most_permissive_role_wins(rita, ron):
    theirs = deal_of(ron)
    assert not can(rita, "deal:read", theirs)
    change_roles(rita, actor=SYSTEM, roles=(REP, VIEWER))
    assert can(again(rita), "deal:read", theirs)
    assert not can(again(rita), "deal:update", theirs)


def test_a_share_opens_one_row_to_whose_role_has_the_verb(people):
    deal, other = deal_of(people.ron), deal_of(people.ron)
    share_record(deal, actor=as_actor(people.ron), noun="deal", shared_with=people.rita)
    share_record(deal, actor=as_actor(people.ron), noun="deal", shared_with=people.mia)
    assert assert_agree(people.rita, "deal:read", Deal) == {deal.pk}
    assert not can(again(people.rita), "deal:update", deal), "a share to read is not one to change"
    assert not can(again(people.mia), "deal:read", deal), "marketing has no deals at all"
    with pytest.raises(Denied):
        share_record(other, actor=as_actor(people.rita), noun="deal", shared_with=people.rita)
    unshare_record(deal, actor=as_actor(people.ron), noun="deal", shared_with=people.rita)
    assert assert_agree(people.rita, "deal:read", Deal) == set()


def test_a_share_with_a_team_follows_its_members(people):
    deal = deal_of(people.ron)
    share_record(deal, actor=SYSTEM, noun="deal", shared_with=people.north, verb="update")
    assert can(again(people.rita), "deal:update", deal)
    set_members(people.north, actor=SYSTEM, members=[], managers=[people.max])
    assert not can(again(people.rita), "deal:update", deal)


def test_an_install_widens_and_narrows_cells_but_never_locks_administrators_out(people):
    deal = deal_of(people.ron)
    actor = as_actor(people.ada)
    change_grant(actor=actor, role=SUPPORT, permission="deal:read", scope="all")
    change_grant(actor=actor, role=VIEWER, permission="deal:read", scope="none")
    assert assert_agree(people.sam, "deal:read", Deal) == {deal.pk}
    assert assert_agree(people.vic, "deal:read", Deal) == set()
    change_grant(actor=actor, role=VIEWER, permission="deal:read", scope="")
    assert assert_agree(people.vic, "deal:read", Deal) == {deal.pk}
    with pytest.raises(Refused):
        change_grant(actor=actor, role=ADMIN, permission="user:manage", scope="none")


def test_nobody_may_anything_without_a_role_or_when_deactivated(people):
    nobody = make_person("nobody")
    closed = make_person("closed", roles=(ADMIN,))
    closed.is_active = False
    closed.save()
    for permission in MATRIX:
        assert not can(nobody, permission)
        assert not can(again(closed), permission)
        assert not visible(again(closed), permission, Deal.objects.all()).exists()


def test_asking_about_thirty_rows_costs_as_many_queries_as_about_one(people, django_assert_num_queries):
    deals = [deal_of(people.ron) for _ in range(30)]
    user = again(people.rita)
    can(user, "deal:read", deals[0])
    with django_assert_num_queries(0):
        assert not any(can(user, "deal:read", deal) for deal in deals)
    fresh = again(people.rita)
    with django_assert_num_queries(2):  # roles with grants, shares
        assert not any(can(fresh, "deal:read", deal) for deal in deals)


def test_a_model_that_does_not_name_its_owners_fails_loudly(rita):
    with pytest.raises(LookupError, match="owner_paths"):
        can(rita, "deal:update", Pipeline(name="x"))


def test_managers_of_falls_back_to_administrators(people):
    _, _, ada = people.north, people.south, people.ada
    assert managers_of(people.rita) == [people.max]
    assert managers_of(people.max) == [ada]
    assert managers_of(people.ron) == [ada]
    assert managers_of(None) == [ada]


def test_people_who_can_names_the_roles_that_reach_every_row(people):
    people.everybody()
    assert set(people_who_can("deal:approve")) == {people.ada, people.max}


@pytest.mark.parametrize(
    ("actor", "may", "may_not"),
    [
        (Actor.system("x"), "deal:delete", None),
        (Actor.job("x"), "deal:delete", None),
        (Actor.workflow("intake"), "message:send", "deal:approve"),
        (Actor.agent("writer"), "lead:qualify", "message:send"),
        (Actor.agent("writer", workflow="intake"), "message:send", "deal:close-won"),
        (Actor.anonymous(), None, "contact:read"),
    ],
)
def test_machines_and_strangers_have_lists_of_their_own(db, actor, may, may_not):
    if may:
        assert actor.can(may)
        assert actor.visible(may, Deal.objects.all()).query.where.children == []
    if may_not:
        assert not actor.can(may_not)
        with pytest.raises(Denied):
            actor.require(may_not)
        assert not actor.visible(may_not, Deal.objects.all()).exists()
    with pytest.raises(permissions.UnknownPermission):
        actor.can("deal:steal")


def test_a_key_is_its_person_narrowed_to_its_scopes(rita, ron):
    mine, theirs = deal_of(rita), deal_of(ron)
    reader = Actor.for_key(ApiKey(user=again(rita), name="k", scopes=["deal:read"]))
    everything = Actor.for_key(ApiKey(user=again(rita), name="k", scopes=["*"]))
    nouns = Actor.for_key(ApiKey(user=again(rita), name="k", scopes=["deal:*"]))
    assert reader.can("deal:read", mine)
    assert not reader.can("deal:read", theirs)
    assert not reader.can("deal:update", mine)
    assert list(reader.visible("deal:read", Deal.objects.all())) == [mine]
    assert not reader.visible("deal:update", Deal.objects.all()).exists()
    assert everything.can("deal:update", mine)
    assert not everything.can("deal:delete", mine)
    assert nouns.can("deal:update", mine)
    assert not nouns.can("lead:read")


def test_grants_and_roles_count_from_the_next_request_on(rita, ron, ada):
    theirs = deal_of(ron)
    actor = as_actor(rita)
    assert not actor.can("deal:read", theirs)
    change_roles(rita, actor=as_actor(ada), roles=(FINANCE, VIEWER))
    assert as_actor(rita).can("deal:read", theirs)
