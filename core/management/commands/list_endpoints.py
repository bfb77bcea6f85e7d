"""Every address that answers, and who may use it."""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.core.management.base import BaseCommand
from django.urls import URLPattern, URLResolver, get_resolver
from django.views.generic import RedirectView

SIGN_IN_PAGES = (
    "account_login", "account_logout", "account_signup", "account_confirm_email",
    "account_email_verification_sent", "account_inactive", "account_reset_password",
    "account_reauthenticate", "account_request_login_code", "account_confirm_login_code",
    "mfa_authenticate", "mfa_login_webauthn", "mfa_signup_webauthn", "mfa_trust",
    "socialaccount_login", "socialaccount_signup",
)  # fmt: skip
"""Allauth's names that a stranger needs in order to sign in; its other pages ask for a session."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One URL pattern and method set with the permission it asks for."""

    pattern: str
    methods: tuple[str, ...]
    permission: str
    name: str
    kind: str


class Command(BaseCommand):
    """Walks the URL configuration: pages, fragments, REST, admin, sign-in."""

    help = "List every route with its methods and permission (or public)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer --json."""
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the list."""
        found = sorted(endpoints(), key=lambda item: (item.pattern, item.methods))
        if options["json"]:
            self.stdout.write(json.dumps([asdict(item) for item in found]))
            return
        for item in found:
            methods = ",".join(item.methods)
            self.stdout.write(f"{methods:<12} {item.pattern:<60} {item.permission:<24} {item.kind}")


def endpoints() -> Iterator[Endpoint]:
    """Yield every route of the site, once."""
    yield from dict.fromkeys(_walk(get_resolver().url_patterns, "/", ""))


def _walk(patterns: list[Any], prefix: str, namespace: str) -> Iterator[Endpoint]:
    for entry in patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry.url_patterns, path, inner)
        elif isinstance(entry, URLPattern):
            name = f"{namespace}{entry.name}" if entry.name else ""
            yield from _routes(entry.callback, path, name)


def _routes(callback: Callable[..., Any], path: str, name: str) -> Iterator[Endpoint]:
    operations = _operations(callback)
    for operation in operations:
        extra = operation.openapi_extra or {}
        permission = extra.get("x-permission") or ("undeclared" if operation.auth_callbacks else "public")
        yield Endpoint(path, tuple(sorted(operation.methods)), permission, name, "rest")
    if operations:
        return
    permission = getattr(callback, "permission", None)
    if permission is not None:
        yield Endpoint(path, tuple(sorted(getattr(callback, "methods", ["GET"]))), permission, name, "page")
        return
    permission, kind = _foreign(callback, path, name)
    yield Endpoint(path, _methods(callback), permission, name, kind)


def _operations(callback: Callable[..., Any]) -> list[Any]:
    """Return the REST operations behind a view of django-ninja, which keeps them in its closure."""
    for cell in getattr(callback, "__closure__", None) or ():
        found = getattr(cell.cell_contents, "operations", None)
        if found:
            return list(found)
    return []


def _foreign(callback: Callable[..., Any], path: str, name: str) -> tuple[str, str]:
    """Say who may use a view that is not ours: the admin's, allauth's, the API's own pages."""
    model_admin = getattr(callback, "model_admin", None)
    if model_admin is not None:
        return f"admin:{model_admin.opts.label_lower}", "admin"
    if getattr(callback, "view_class", None) is RedirectView:
        return "public", "page"
    if name.startswith("admin:") or path.startswith("/admin/"):
        public = name in {"admin:login", "admin:logout"}
        return ("public" if public else "admin:site"), "admin"
    if name.startswith("api-"):
        return "public", "rest"
    module = getattr(callback, "__module__", "")
    if name.startswith(SIGN_IN_PAGES):
        return "public", "sign-in"
    if module.startswith("allauth") or name.startswith(("account_", "mfa_", "socialaccount_", "usersessions_")):
        return "signed-in", "sign-in"
    return "undeclared", "page"


def _methods(callback: Callable[..., Any]) -> tuple[str, ...]:
    view = getattr(callback, "view_class", None)
    if view is None:
        return ("GET", "POST")
    offered = [name.upper() for name in view.http_method_names if hasattr(view, name)]
    if view is RedirectView:
        return ("GET",)
    return tuple(sorted(set(offered) - {"OPTIONS", "HEAD"})) or ("GET",)
