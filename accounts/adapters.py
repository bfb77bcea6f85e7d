"""allauth on our terms: by invitation only, secrets encrypted, sign-ins in the audit."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.actions import people, sign_in
from accounts.actor import Actor
from accounts.middleware import client_ip
from accounts.models import User
from core.crypto import decrypt, encrypt


class AccountAdapter(DefaultAccountAdapter):
    """Signing in with an email address; nobody signs up by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Answer no: people come by invitation."""
        return False

    def format_email_subject(self, subject: str) -> str:
        """Answer the subject as it is, without a host's name in front."""
        return subject

    def get_client_ip(self, request: HttpRequest) -> str:
        """Answer the address that rate limits count by."""
        return client_ip(request) or "0.0.0.0"  # noqa: S104  (an unknown address, nothing listens)

    def is_safe_url(self, url: str) -> bool:
        """Answer whether `next` stays on this host."""
        hosts = {self.request.get_host()} if self.request else set()
        return url_has_allowed_host_and_scheme(
            url, hosts, require_https=bool(self.request and self.request.is_secure())
        )

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Answer the reset mail's link on our own address, whatever the request's Host says."""
        path = urlsplit(super().get_reset_password_from_key_url(key)).path
        return f"{settings.SITE_URL}{path}"

    def post_login(self, request: HttpRequest, user: Any, **details: Any) -> HttpResponse:
        """Write the sign-in down, then go on."""
        method = _method(request)
        sign_in.note_sign_in(user, actor=_actor(request, user), method=method)
        response: HttpResponse = super().post_login(request, user, **details)
        return response

    def logout(self, request: HttpRequest) -> None:
        """Write the sign-out down, then do it."""
        if isinstance(request.user, User):
            sign_in.note_sign_out(request.user, actor=_actor(request, request.user))
        super().logout(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Write down that somebody failed to sign in."""
        email = User.objects.normalize_email(credentials.get("email") or "")
        user = User.objects.filter(email=email).first() if email else None
        actor = Actor.anonymous(ip=client_ip(request), request_id=_request_id(request))
        sign_in.note_failed_sign_in(actor=actor, user=user, reason="password")
        super().authentication_failed(request, **credentials)

    def set_password(self, user: Any, password: str) -> None:
        """Set a password and write that down; all other sessions of the person end."""
        super().set_password(user, password)
        people.note_password(user, actor=Actor.for_user(user))


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Single sign-on, connected by people themselves, never by a matching address."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Answer no: people come by invitation."""
        return False

    def can_authenticate_by_email(self, login: Any, email: str) -> bool:
        """Answer no: an address at a provider proves nothing about an account here."""
        return False


class MfaAdapter(DefaultMFAAdapter):
    """Second factors whose secrets are encrypted at rest."""

    def encrypt(self, text: str) -> str:
        """Answer the secret as it is stored."""
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Answer the secret as it is used."""
        return decrypt(encrypted_text)


def note_email(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Receive allauth's word that a person signs in with another address, and write it down."""
    people.note_email(user, actor=_actor(request, user))


def note_factor(change: str) -> Any:
    """Answer a receiver of allauth's signals that writes down a change of second factors."""

    def note(request: HttpRequest, user: Any, authenticator: Any, **kwargs: Any) -> None:
        actor = _actor(request, user) if request else Actor.for_user(user)
        sign_in.note_second_factor(user, actor=actor, factor=str(authenticator.type), change=change)

    return note


def _actor(request: HttpRequest, user: User) -> Actor:
    return Actor.for_user(user, ip=client_ip(request), request_id=_request_id(request))


def _request_id(request: HttpRequest) -> str:
    return str(getattr(request, "request_id", ""))


def _method(request: HttpRequest) -> str:
    records = request.session.get("account_authentication_methods", [])
    kinds = [str(record.get("type") or record.get("method", "")) for record in records]
    return " + ".join(kind for kind in kinds if kind) or "password"
