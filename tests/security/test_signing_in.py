"""Passwords, sessions and keys: no way to count, guess, keep or widen them."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.actions.api_keys import create_api_key, revoke_api_key
from accounts.actions.people import change_roles, create_user, deactivate_user
from accounts.models import ApiKey, User
from accounts.queries.people import link_token
from core import clock
from tests.factories.crm import make_lead
from tests.people import PASSWORD, SYSTEM, again, api_client, as_actor, browser
from tests.security.ground import state

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def plain(answer) -> str:
    """The words of a page, without tokens that differ each time."""
    text = re.sub(r'value="[^"]*"|nonce="[^"]*"|rita@example.com|nobody@example.com', "", answer.content.decode())
    return f"{answer.status_code} {answer.get('Location', '')} {text}"


def test_sign_in_and_reset_say_the_same_of_known_and_unknown_addresses(people, mailoutbox):
    people.rita  # noqa: B018
    User.objects.filter(pk=people.ron.pk).update(is_active=False)
    for address, body in ((LOGIN, {"password": "wrong and long enough"}), ("/accounts/password/reset/", {})):
        answers = set()
        for email in ("rita@example.com", "nobody@example.com"):
            cache.clear()
            answers.add(plain(Client().post(address, {**body, "login": email, "email": email})))
        assert len(answers) == 1, address
    cache.clear()
    left = Client().post(LOGIN, {"login": "ron@example.com", "password": "wrong and long enough"})
    cache.clear()
    unknown = Client().post(LOGIN, {"login": "nobody@example.com", "password": "wrong and long enough"})
    assert plain(left).replace("ron@example.com", "") == plain(unknown)
    for mail in mailoutbox:
        assert mail.to in (["rita@example.com"], ["nobody@example.com"])


@pytest.mark.parametrize("addresses", [["rita@example.com"], ["  RITA@example.com ", "rita@EXAMPLE.com"]])
def test_guessing_a_password_is_stopped(people, addresses):
    people.rita  # noqa: B018
    cache.clear()
    for number in range(12):
        Client().post(LOGIN, {"login": addresses[number % len(addresses)], "password": f"wrong and long {number}"},
                      REMOTE_ADDR=f"198.51.100.{number}")  # fmt: skip
    client = Client()
    answer = client.post(LOGIN, {"login": "rita@example.com", "password": PASSWORD}, REMOTE_ADDR="198.51.100.99")
    assert answer.status_code in {200, 429}
    assert "_auth_user_id" not in client.session
    cache.clear()


def test_one_address_cannot_try_many_people(people):
    cache.clear()
    answers = [
        Client().post(LOGIN, {"login": f"p{n}@example.com", "password": "x" * 12}, REMOTE_ADDR="198.51.100.7")
        for n in range(40)
    ]
    assert answers[-1].status_code == 429
    assert (
        answers[-1].status_code
        == Client()
        .post(
            LOGIN,
            {"login": "p@example.com", "password": "x" * 12},
            REMOTE_ADDR="198.51.100.7",
            HTTP_X_FORWARDED_FOR="203.0.113.1",
        )
        .status_code
    )
    cache.clear()


def test_a_session_changes_its_number_at_sign_in_and_dies_with_sign_out(people):
    people.rita  # noqa: B018
    cache.clear()
    client = Client()
    client.get(LOGIN)
    client.session.save()
    before = client.cookies.get("sessionid")
    answer = client.post(LOGIN, {"login": "rita@example.com", "password": PASSWORD})
    assert answer.status_code == 302
    cookie = client.cookies["sessionid"]
    assert before is None or before.value != cookie.value
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    stolen = Client()
    stolen.cookies["sessionid"] = cookie.value
    assert stolen.get("/leads/").status_code == 200
    client.post("/accounts/logout/")
    assert stolen.get("/leads/").status_code == 302


def test_deactivation_role_and_password_end_what_was_open(people):
    page, program = browser(people.rita), api_client(people.rita)
    assert page.get("/leads/").status_code == 200
    assert program.get("/api/v1/crm/leads").status_code == 200
    change_roles(people.rita, actor=SYSTEM, roles=["finance-ops"])
    assert page.get("/leads/").status_code == 403
    assert program.get("/api/v1/crm/leads").status_code == 403
    change_roles(people.rita, actor=SYSTEM, roles=["sales-rep"])
    deactivate_user(again(people.rita), actor=as_actor(people.ada))
    assert page.get("/leads/").status_code == 302
    assert page.get("/api/v1/crm/leads").status_code == 401
    assert program.get("/api/v1/crm/leads").status_code == 401
    first, second = browser(people.ron), browser(people.ron)
    first.get("/leads/"), second.get("/leads/")
    cache.clear()
    new = {"oldpassword": PASSWORD, "password1": "another long password", "password2": "another long password"}
    first.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert first.post("/accounts/password/change/", new).status_code == 302
    assert again(people.ron).check_password("another long password")
    assert second.get("/leads/").status_code == 302


def test_reset_and_invitation_links_work_once(people, mailoutbox):
    people.rita  # noqa: B018
    cache.clear()
    Client().post("/accounts/password/reset/", {"email": "rita@example.com"})
    link = re.search(r"https?://[^/]+(/\S+)", mailoutbox[0].body)[1]
    client = Client()
    form = client.get(link, follow=True).request["PATH_INFO"]
    new = {"password1": "a brand new long one", "password2": "a brand new long one"}
    assert client.post(form, new).status_code == 302
    assert again(people.rita).check_password("a brand new long one")
    other = Client()
    late = other.get(link, follow=True)
    other.post(late.request["PATH_INFO"], {"password1": "stolen long password", "password2": "stolen long password"})
    assert again(people.rita).check_password("a brand new long one")

    guest = create_user(actor=SYSTEM, email="guest@example.com", roles=["viewer"])
    token = link_token(guest, "invite")
    address = next(entry for entry in _join_addresses(token))
    fields = {"name": "Guest", "again": "guests long password", "password": "guests long password"}
    assert Client().get(address).status_code == 200
    joined = Client().post(address, fields)
    assert joined.status_code in {302, 303}, re.findall(r"(?s)<li>.*?</li>", joined.content.decode())[:9]
    assert Client().get(address).status_code == 404
    assert Client().post(address, {**fields, "password": "x" * 14, "again": "x" * 14}).status_code == 404
    for forged in (
        token[:-2] + "xx",
        link_token(again(people.ada), "invite").replace("1", "2", 1),
        token + "x",
        "x",
        "",
    ):
        assert Client().get(next(entry for entry in _join_addresses(forged or "-"))).status_code == 404
    first_admin = next(entry for entry in _join_addresses(token, "first-admin"))
    assert Client().get(first_admin).status_code == 404


def _join_addresses(token, purpose="invite"):
    from django.urls import reverse

    yield reverse("accounts:join", args=[purpose, token])


def test_nobody_signs_up(people):
    before = set(User.objects.values_list("pk", flat=True))
    for address in ("/accounts/signup/", "/accounts/3rdparty/signup/"):
        answer = Client().post(address, {"email": "new@x.example", "password1": PASSWORD, "password2": PASSWORD})
        assert answer.status_code in {200, 302, 403}
    assert set(User.objects.values_list("pk", flat=True)) == before


def test_a_key_is_taken_from_the_header_only_and_hashed(people):
    key = create_api_key(actor=SYSTEM, name="k", scopes=["*"], user=people.ada)
    for address in ("/api/v1/crm/leads", "/leads/", "/api/v1/openapi.json"):
        for query in (
            {"api_key": key.plain},
            {"key": key.plain},
            {"token": key.plain},
            {"access_token": key.plain},
            {"Authorization": f"Bearer {key.plain}"},
        ):
            assert Client().get(address, query).status_code in ({200} if "openapi" in address else {302, 401})
    assert Client(headers={"Authorization": f"Bearer {key.plain}"}).get("/leads/").status_code == 302
    assert key.plain not in "".join(map(str, ApiKey.objects.values_list()))
    for wrong in (
        key.plain[:-1],
        key.plain + "x",
        key.plain.upper(),
        f"crm_{key.prefix}_",
        "crm__",
        "",
        "x" * 10_000,
        "\udcff",
        f" {key.prefix} {key.digest}",
    ):
        headers = {"Authorization": f"Bearer {wrong}".encode("utf-8", "surrogateescape").decode("latin-1")}
        assert Client(headers=headers).get("/api/v1/crm/leads").status_code == 401
    mixed = browser(people.ada)
    assert mixed.get("/api/v1/crm/leads", headers={"Authorization": "Bearer crm_wrong_key"}).status_code == 401


def test_revoked_and_expired_keys_are_dead(people):
    key = create_api_key(
        actor=SYSTEM, name="k", scopes=["*"], user=people.ada, expires_at=clock.now() + timedelta(minutes=1)
    )
    client = Client(headers={"Authorization": f"Bearer {key.plain}"})
    assert client.get("/api/v1/crm/leads").status_code == 200
    ApiKey.objects.filter(pk=key.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    assert client.get("/api/v1/crm/leads").status_code == 401
    ApiKey.objects.filter(pk=key.pk).update(expires_at=None)
    revoke_api_key(key, actor=SYSTEM)
    assert client.get("/api/v1/crm/leads").status_code == 401


def test_a_key_does_no_more_than_its_scopes_and_its_person(people):
    lead = make_lead(owner=people.rita)
    theirs = make_lead(owner=people.ron)
    narrow, wide = (api_client(people.rita, "lead:read"), api_client(people.rita, "*", "user:manage", "settings:*"))
    assert narrow.get(f"/api/v1/crm/leads/{lead.pk}").status_code == 200
    assert narrow.get(f"/api/v1/crm/leads/{theirs.pk}").status_code == 404
    before = state()
    for method, address in (("PATCH", f"leads/{lead.pk}"), ("DELETE", f"leads/{lead.pk}"), ("POST",
    f"leads/{lead.pk}/disqualify"),
                            ("GET", "contacts"), ("GET", "deals"), ("POST", "leads"), ("GET",
                            "pipelines")):  # fmt: skip
        answer = narrow.generic(method, f"/api/v1/crm/{address}", '{"reason": "x"}', content_type="application/json")
        assert answer.status_code == 403, (method, address, answer.status_code)
    assert wide.get("/api/v1/crm/pipelines").status_code == 403
    assert wide.delete(f"/api/v1/crm/leads/{lead.pk}").status_code == 403
    assert state() == before


def test_nobody_revokes_or_sees_anothers_key(people):
    key = create_api_key(actor=SYSTEM, name="rons own", scopes=["*"], user=people.ron)
    page = browser(people.rita)
    assert "rons own" not in page.get("/keys/").content.decode()
    from core.management.commands.list_endpoints import endpoints

    (pattern,) = [entry.pattern for entry in endpoints() if entry.name == "accounts:key-revoke"]
    assert page.post(pattern.replace("<int:pk>", str(key.pk))).status_code in {403, 404}
    key.refresh_from_db()
    assert key.revoked_at is None
    made = page.post("/keys/new/", {"name": "x", "scopes": ["*"], "days": "30", "user": people.ada.pk})
    assert made.status_code == 200
    assert not ApiKey.objects.filter(user=people.ada).exists()


def test_the_second_factor_has_no_way_round(people, settings):
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(people.ada, generate_totp_secret())
    cache.clear()
    client = Client()
    answer = client.post(LOGIN, {"login": "ada@example.com", "password": PASSWORD})
    assert "/2fa/authenticate/" in answer["Location"]
    for address in ("/leads/", "/admin/", "/admin/crm/lead/", "/api/v1/crm/leads", "/profile/", "/accounts/2fa/"):
        assert client.get(address).status_code in {302, 401}, address
    assert "_auth_user_id" not in client.session
    for code in ("000000", "", "123456", "x"):
        client.post("/accounts/2fa/authenticate/", {"code": code})
    assert "_auth_user_id" not in client.session
    answer = Client().post("/admin/login/", {"username": "ada@example.com", "password": PASSWORD})
    assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]
    settings.REQUIRE_STAFF_MFA = True
    other = User.objects.create_user("boss@example.com", PASSWORD, name="Boss")
    change_roles(other, actor=SYSTEM, roles=["crm-admin"])
    page = browser(again(other))
    assert page.get("/leads/").status_code == 302
    assert page.get("/api/v1/crm/leads").status_code == 403
    cache.clear()
