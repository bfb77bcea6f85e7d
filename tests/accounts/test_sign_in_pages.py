"""Signing in, second factors, Django's admin behind the same lock, one-time links."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.conf import settings
from django.contrib import admin
from django.core import mail
from django.core.management import call_command
from django.urls import reverse

from accounts.actions.people import change_roles, deactivate_user, invite_again, invite_user, reactivate_user
from accounts.models import User
from accounts.queries.people import link_token
from accounts.roles import ADMIN, REP
from core.errors import NotFound, Refused
from core.models import Event
from tests.people import PASSWORD, SYSTEM, again, as_actor, browser

LOGIN = "/accounts/login/"
NEW_PASSWORD = "quite another passphrase"


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = False


def sign_in(user, password=PASSWORD, **extra):
    client = browser()
    response = client.post(LOGIN, {"login": user.email, "password": password, **extra})
    return client, response


def is_in(client) -> bool:
    return client.get(reverse("accounts:profile")).status_code == 200


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def happened(name: str) -> int:
    return Event.objects.filter(name=name).count()


def test_a_person_signs_in_with_email_and_password_and_both_ends_are_recorded(rita):
    client, response = sign_in(rita)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert is_in(client)
    assert happened("user.signed_in") == 1
    client.post("/accounts/logout/")
    assert not is_in(client)
    assert happened("user.signed_out") == 1


def test_the_address_may_be_typed_in_capitals(rita):
    client, _ = sign_in(User(email=rita.email.upper()))
    assert is_in(client)


def test_a_wrong_password_is_refused_and_recorded_like_an_unknown_address(rita):
    client, wrong = sign_in(rita, "wrong")
    _, unknown = sign_in(User(email="nobody@example.com"))
    assert not is_in(client)
    assert wrong.status_code == unknown.status_code == 200
    errors = [re.findall(r'role="alert".*?</div></div>', r.content.decode(), re.DOTALL) for r in (wrong, unknown)]
    assert errors[0]
    assert errors[0] == errors[1], "whether an address is known does not show"
    failed = Event.objects.filter(name="user.sign_in_failed").order_by("pk")
    assert list(failed.values_list("subject_id", flat=True)) == [rita.pk, None]


def test_tries_are_counted_and_stopped(rita, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "3/5m/key"}
    for _ in range(3):
        sign_in(rita, "wrong")
    client, response = sign_in(rita)
    assert "too many" in response.content.decode().lower()
    assert not is_in(client)


def test_next_stays_on_this_host(rita):
    _, away = sign_in(rita, next="https://evil.example/x")
    _, here = sign_in(rita, next="/notifications/")
    assert away["Location"] == "/"
    assert here["Location"] == "/notifications/"


def test_nobody_signs_up_by_themselves(db):
    before = User.objects.count()
    form = {"email": "new@example.com", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    browser().post("/accounts/signup/", form)
    assert User.objects.count() == before


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/password/reset/"])
def test_entrance_pages_look_like_ours_and_run_no_inline_script(db, path):
    response = browser().get(path)
    html = response.content.decode()
    assert 'class="auth"' in html
    assert not re.search(r"<script(?![^>]*\b(src|type=\"application/json\"))", html)
    assert "style=" not in html


def test_a_deactivated_person_is_out_at_the_next_request_and_stays_out(rita, ada):
    client, _ = sign_in(rita)
    deactivate_user(rita, actor=as_actor(ada))
    assert not is_in(client)
    again_client, _ = sign_in(rita)
    assert not is_in(again_client)
    reactivate_user(rita, actor=as_actor(ada))
    assert not is_in(client), "an old session does not come back to life"
    assert is_in(sign_in(rita)[0])


def test_a_changed_password_ends_the_other_sessions(rita):
    here, _ = sign_in(rita)
    there, _ = sign_in(rita)
    form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    here.post("/accounts/password/change/", form)
    assert is_in(here)
    assert not is_in(there)
    assert happened("user.password_changed") == 1


def test_role_changes_count_at_the_next_request(rita, ada):
    client, _ = sign_in(rita)
    assert client.get("/people/").status_code == 403
    change_roles(rita, actor=as_actor(ada), roles=(ADMIN,))
    assert client.get("/people/").status_code == 200
    change_roles(rita, actor=as_actor(ada), roles=(REP,))
    assert client.get("/people/").status_code == 403


def test_the_secret_of_a_second_factor_is_encrypted_at_rest(rita, django_capture_on_commit_callbacks):
    client, _ = sign_in(rita)
    page = client.get("/accounts/2fa/totp/activate/")
    if page.status_code == 302:
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})
    stored = {row.type: row.data for row in Authenticator.objects.filter(user=rita)}
    assert secret not in str(stored)
    assert TOTP(Authenticator.objects.get(user=rita, type="totp")).validate_code(code_of(secret))
    seed = stored["recovery_codes"]["seed"]
    codes = RecoveryCodes(Authenticator.objects.get(user=rita, type="recovery_codes")).get_unused_codes()
    assert not any(code in str(stored) for code in codes)
    assert seed.startswith("gAAAA"), "a Fernet token"
    assert happened("user.second_factor_changed") == 2


def test_with_a_second_factor_the_password_alone_opens_nothing(ada):
    TOTP.activate(ada, "JBSWY3DPEHPK3PXP")
    client, response = sign_in(ada)
    assert response["Location"] == "/accounts/2fa/authenticate/"
    assert not is_in(client)
    assert client.get("/admin/").status_code == 302
    client.post("/accounts/2fa/authenticate/", {"code": code_of("JBSWY3DPEHPK3PXP")})
    assert is_in(client)
    assert client.get("/admin/").status_code == 200


def test_a_recovery_code_works_once(rita):
    TOTP.activate(rita, "JBSWY3DPEHPK3PXP")
    code = RecoveryCodes.activate(rita).get_unused_codes()[0]
    first, _ = sign_in(rita)
    first.post("/accounts/2fa/authenticate/", {"code": code})
    assert is_in(first)
    second, _ = sign_in(rita)
    second.post("/accounts/2fa/authenticate/", {"code": code})
    assert not is_in(second)


def test_administrators_need_a_second_factor_where_that_is_required(ada, rita, settings):
    settings.REQUIRE_STAFF_MFA = True
    client, _ = sign_in(ada)
    response = client.get("/people/")
    assert (response.status_code, response["Location"]) == (302, reverse("mfa_activate_totp"))
    assert client.get("/admin/").status_code == 302
    assert client.get("/api/v1/openapi.json").status_code == 403
    assert client.get(response["Location"]).status_code in {200, 302}, "the way to set one up is open"
    assert is_in(sign_in(rita)[0]), "others are asked, not forced"
    TOTP.activate(ada, "JBSWY3DPEHPK3PXP")
    client.force_login(again(ada), backend="accounts.backends.SignInBackend")
    assert client.get("/people/").status_code == 200


def test_the_admin_has_no_login_form_of_its_own(ada, rita):
    response = browser().post("/admin/login/", {"username": ada.email, "password": PASSWORD})
    assert response.status_code == 302
    assert response["Location"].startswith(LOGIN)
    assert browser(rita).get("/admin/").status_code in {302, 403}
    assert browser(ada).get("/admin/").status_code == 200


def test_the_admin_offers_doors_onto_actions_only():
    labels = {model._meta.label for model in admin.site._registry}
    assert not any(label.startswith(("django_q.", "mfa.", "socialaccount.", "auth.")) for label in labels)
    assert {"accounts.User", "accounts.Team", "accounts.ApiKey", "accounts.Workspace"} <= labels


def test_reset_mail_links_to_our_own_address(rita, settings):
    browser().post("/accounts/password/reset/", {"email": rita.email}, headers={"Host": "localhost"})
    (message,) = mail.outbox
    (link,) = re.findall(r"https?://\S+", message.body)[:1]
    assert "localhost" not in message.subject
    assert link.startswith(settings.SITE_URL + "/accounts/password/reset/key/")


def test_an_invited_person_chooses_a_password_once(ada, run_events):
    user = invite_user(actor=as_actor(ada), email="New@Example.com", name="Nia", roles=(REP,))
    assert user.email == "new@example.com"
    run_events()
    (message,) = mail.outbox
    assert message.to == ["new@example.com"]
    (path,) = re.findall(rf"{settings.SITE_URL}(/join/invite/\S+/)", message.body)
    client = browser()
    assert client.get(path).status_code == 200
    weak = client.post(path, {"name": "Nia", "password": "password1234", "again": "password1234"})
    assert weak.status_code == 422
    form = {"name": "Nia", "password": NEW_PASSWORD, "again": NEW_PASSWORD}
    assert client.post(path, form).status_code == 303
    assert client.post(path, form).status_code == 404
    assert client.get(path).status_code == 404
    assert is_in(sign_in(user, NEW_PASSWORD)[0])
    with pytest.raises(Refused):
        invite_again(again(user), actor=as_actor(ada))


def test_a_second_invitation_ends_the_first_link(ada):
    user = invite_user(actor=as_actor(ada), email="new@example.com", roles=(REP,))
    old = link_token(user, "invite")
    user = invite_again(user, actor=as_actor(ada))
    assert browser().get(f"/join/invite/{old}/").status_code == 404
    assert browser().get(f"/join/invite/{link_token(user, 'invite')}/").status_code == 200


def test_a_link_serves_its_purpose_only_and_dies_of_age(ada, time_machine_at):
    user = invite_user(actor=as_actor(ada), email="new@example.com", roles=(REP,))
    token = link_token(user, "invite")
    assert browser().get(f"/join/first-admin/{token}/").status_code == 404
    assert browser().get(f"/join/reset/{token}/").status_code == 404
    assert browser().get("/join/invite/1:x/").status_code == 404
    time_machine_at(days=8)
    assert browser().get(f"/join/invite/{token}/").status_code == 404


@pytest.fixture
def time_machine_at():
    from datetime import UTC, datetime, timedelta

    import time_machine

    travels = []

    def go(**delta):
        travel = time_machine.travel(datetime.now(UTC) + timedelta(**delta), tick=True)
        travel.start()
        travels.append(travel)

    yield go
    for travel in travels:
        travel.stop()


def first_admin(capsys, *args) -> str:
    call_command("first_admin", *args)
    return capsys.readouterr().out


def test_the_first_administrator_joins_by_a_link_that_works_once(db, capsys):
    out = first_admin(capsys)
    (link,) = re.findall(r"https?://\S+", out)
    path = link.removeprefix(settings.SITE_URL)
    form = {"email": "Owner@Example.com", "name": "Olu", "password": NEW_PASSWORD, "again": NEW_PASSWORD}
    client = browser()
    assert client.get(path).status_code == 200
    assert client.post(path, form).status_code == 303
    assert client.post(path, form).status_code == 404
    owner = User.objects.get(email="owner@example.com")
    assert owner.roles == {ADMIN}
    assert is_in(sign_in(owner, NEW_PASSWORD)[0])
    assert "There is an administrator already" in first_admin(capsys)
    assert User.objects.count() == 1


def test_asking_for_the_link_again_ends_the_earlier_one(db, capsys):
    first = re.findall(r"https?://\S+", first_admin(capsys))[0].removeprefix(settings.SITE_URL)
    second = re.findall(r"https?://\S+", first_admin(capsys))[0].removeprefix(settings.SITE_URL)
    assert browser().get(first).status_code == 404
    assert browser().get(second).status_code == 200
    assert User.objects.count() == 1


def test_the_link_of_the_first_administrator_dies_after_a_day(db, capsys, time_machine_at):
    path = re.findall(r"https?://\S+", first_admin(capsys))[0].removeprefix(settings.SITE_URL)
    time_machine_at(hours=25)
    assert browser().get(path).status_code == 404


def test_a_used_link_is_not_found_for_the_query_either(rita):
    from accounts.queries.people import user_of_link

    token = link_token(rita, "invite")
    rita.set_password(NEW_PASSWORD)
    rita.save()
    with pytest.raises(NotFound):
        user_of_link(token, "invite")
    assert SYSTEM.can("user:manage")
