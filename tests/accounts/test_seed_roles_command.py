"""`manage.py seed_roles`: one person per role for looking in from outside."""

import json

import pytest
from django.core.management import CommandError, call_command

from accounts.models import ApiKey, Membership, Team, User
from accounts.queries.people import key_of_secret
from accounts.roles import ROLES
from tests.people import browser


def seed(capsys):
    call_command("seed_roles", "--json")
    return json.loads(capsys.readouterr().out)


def test_there_is_one_person_per_role_a_second_rep_and_a_second_team(db, capsys):
    data = seed(capsys)
    roles = [person["role"] for person in data["users"]]
    assert set(roles) == set(ROLES)
    assert roles.count("sales-rep") == 2
    assert set(Team.objects.values_list("name", flat=True)) == {"North", "South"}
    assert Membership.objects.filter(is_manager=True).count() == 2
    for person in data["users"]:
        assert User.objects.get(email=person["email"]).roles == {person["role"]}
        assert key_of_secret(person["api_key"]).user_id == person["id"]


def test_the_printed_password_signs_in(db, capsys):
    person = seed(capsys)["users"][2]
    client = browser()
    client.post("/accounts/login/", {"login": person["email"], "password": person["password"]})
    assert client.get("/profile/").status_code == 200


def test_again_gives_the_same_people_new_passwords_and_keys(db, capsys):
    first, second = seed(capsys), seed(capsys)
    assert [p["id"] for p in first["users"]] == [p["id"] for p in second["users"]]
    assert first["users"][0]["password"] != second["users"][0]["password"]
    assert key_of_secret(first["users"][0]["api_key"]) is None
    assert ApiKey.objects.count() == len(second["users"])


def test_it_refuses_in_production(db, settings):
    settings.CRM_PROFILE = "production"
    with pytest.raises(CommandError, match="not in production"):
        call_command("seed_roles")
    assert not User.objects.exists()
