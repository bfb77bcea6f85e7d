"""API keys: hashed, scoped, acting as their person, dead at the next request."""

from datetime import timedelta

import pytest
from django.test import RequestFactory

from accounts.actions.api_keys import create_api_key, revoke_api_key
from accounts.actions.people import deactivate_user, reactivate_user
from accounts.actor import Actor
from accounts.middleware import client_ip, find_actor
from accounts.models import ApiKey
from accounts.queries.people import key_of_secret
from core import clock
from core.errors import Denied, Refused
from tests.people import SYSTEM, as_actor, browser


def key_for(maker, *scopes, **values):
    return create_api_key(actor=as_actor(maker), name="robot", scopes=scopes or ("*",), **values)


def actor_with(header: str, path: str = "/api/v1/crm/leads", session=None) -> Actor:
    request = RequestFactory().get(path, headers={"Authorization": header})
    request.session = session or {}
    return find_actor(request)


def test_the_text_is_shown_once_and_only_a_digest_is_kept(rita):
    key = key_for(rita)
    stored = ApiKey.objects.get(pk=key.pk)
    assert key.plain.startswith(f"crm_{key.prefix}_")
    assert len(key.plain) >= 40
    assert stored.plain == ""
    assert key.plain.removeprefix(f"crm_{key.prefix}_") not in str(ApiKey.objects.filter(pk=key.pk).values())


def test_a_key_acts_as_its_person_through_the_api(rita):
    actor = actor_with(f"Bearer {key_for(rita, 'lead:read').plain}")
    assert (actor.kind, actor.user, actor.via) == ("key", rita, "api")
    assert actor.can("lead:read")
    assert not actor.can("lead:create")


@pytest.mark.parametrize("text", ["", "nonsense", "crm_", "crm_12345678_wrong", "crm_x_y_z", "crm__"])
def test_anything_else_is_a_stranger(rita, text):
    key_for(rita)
    assert actor_with(f"Bearer {text}").kind == "anonymous"


def test_a_right_prefix_with_a_wrong_secret_is_refused(rita):
    key = key_for(rita)
    assert key_of_secret(key.plain) == key
    assert key_of_secret(key.plain[:-1] + "~") is None


def test_a_key_opens_the_api_only(rita):
    header = f"Bearer {key_for(rita).plain}"
    assert actor_with(header, "/people/").kind == "anonymous"
    assert browser().get("/profile/", headers={"Authorization": header}).status_code == 302


def test_with_a_wrong_key_the_session_counts_for_nothing(rita):
    client = browser(rita)
    assert client.get("/profile/").status_code == 200
    response = client.get("/api/v1/crm/leads", headers={"Authorization": "Bearer crm_bad_key"})
    assert response.status_code == 401


def test_a_key_dies_when_revoked_expired_or_its_person_leaves(rita, ada):
    revoked, expired, left = key_for(rita), key_for(rita, expires_at=clock.now()), key_for(rita)
    revoke_api_key(revoked, actor=as_actor(rita))
    assert key_of_secret(left.plain) == left
    deactivate_user(rita, actor=as_actor(ada))
    assert [key_of_secret(key.plain) for key in (revoked, expired, left)] == [None, None, None]
    reactivate_user(rita, actor=as_actor(ada))
    assert key_of_secret(left.plain) is None, "a revoked key stays revoked"
    with pytest.raises(Refused):
        revoke_api_key(revoked, actor=as_actor(rita))


def test_people_keep_their_own_keys_and_administrators_everybodys(rita, ron, ada):
    with pytest.raises(Denied):
        key_for(rita, user=ron)
    assert not ApiKey.objects.exists()
    key = key_for(ron)
    with pytest.raises(Denied):
        revoke_api_key(key, actor=as_actor(rita))
    assert key_for(ada, user=ron).user == ron
    revoke_api_key(key, actor=as_actor(ada))
    assert not key_of_secret(key.plain)


def test_a_key_makes_no_other_keys(rita):
    key = ApiKey.objects.get(pk=key_for(rita).pk)
    with pytest.raises(Denied, match="A key cannot make other keys"):
        create_api_key(actor=Actor.for_key(key), name="child", scopes=("*",))
    with pytest.raises(Refused):
        create_api_key(actor=SYSTEM, name="nobody's", scopes=("*",))
    assert ApiKey.objects.count() == 1


def test_use_is_noted_once_a_minute(rita, django_assert_num_queries):
    key = key_for(rita)
    actor_with(f"Bearer {key.plain}")
    first = ApiKey.objects.get(pk=key.pk).last_used_at
    assert clock.now() - first < timedelta(seconds=5)
    with django_assert_num_queries(1):
        actor_with(f"Bearer {key.plain}")


def test_the_client_is_what_the_trusted_proxy_saw(settings):
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "6.6.6.6, 9.9.9.9"}, REMOTE_ADDR="10.0.0.1")
    settings.TRUSTED_PROXIES = 0
    assert client_ip(request) == "10.0.0.1"
    settings.TRUSTED_PROXIES = 1
    assert client_ip(request) == "9.9.9.9"
    settings.TRUSTED_PROXIES = 3
    assert client_ip(request) == "10.0.0.1"


def test_the_page_shows_a_new_key_once(rita):
    client = browser(rita)
    response = client.post("/keys/new/", {"name": "robot", "scopes": ["lead:*"], "days": "30"})
    key = ApiKey.objects.get()
    plain = response.context["key"].plain
    assert plain in response.content.decode()
    assert response["Cache-Control"] == "private, no-store"
    assert (key.scopes, key.user) == (["lead:*"], rita)
    assert key.expires_at - clock.now() > timedelta(days=29)
    assert plain not in client.get("/keys/").content.decode()
    assert client.post("/keys/new/", {"name": "", "scopes": ["deal:steal"]}).status_code == 422
    assert ApiKey.objects.count() == 1


def test_somebody_elses_key_is_not_found(rita, ron, ada):
    key = key_for(ron)
    assert browser(rita).post(f"/keys/{key.pk}/revoke/").status_code == 404
    assert ApiKey.objects.get().revoked_at is None
    assert browser(ada).post(f"/keys/{key.pk}/revoke/").status_code == 303
    assert ApiKey.objects.get().revoked_at
