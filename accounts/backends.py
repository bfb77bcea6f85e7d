"""The role matrix behind `user.has_perm`: templates and Django's admin obey the same table."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.apps import apps
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Model

from accounts.models import User
from accounts.models.user import UserQuerySet
from accounts.permissions import can
from accounts.roles import MATRIX

VERBS = {"view": "read", "add": "create", "change": "update", "delete": "delete"}


class RoleBackend(BaseBackend):
    """Answers every permission for good: no later backend can say yes where the matrix says no."""

    def has_perm(self, user_obj: User | AnonymousUser, perm: str, obj: Model | None = None) -> bool:
        """Answer `deal:close-won` from the matrix, and `crm.change_deal` by its name there."""
        name = perm if ":" in perm else matrix_name(perm)
        if name and can(user_obj, name, obj):
            return True
        raise PermissionDenied

    def has_module_perms(self, user_obj: User | AnonymousUser, app_label: str) -> bool:
        """Answer whether an app is shown in Django's admin at all: to administrators."""
        if can(user_obj, "settings:manage"):
            return True
        raise PermissionDenied

    def get_user(self, user_id: Any) -> None:
        """Load nobody: signing in is allauth's business."""


class SignInBackend(AuthenticationBackend):
    """allauth's own; it loads the person of a session together with what every page asks of them."""

    def get_user(self, user_id: Any) -> User | None:
        """Load an active person."""
        return UserQuerySet(User).with_standing().filter(pk=user_id, is_active=True).first()


def matrix_name(codename: str) -> str:
    """Answer the matrix's name for a permission of Django's; "" where nobody has it.

    A model may name the noun that it belongs to (`permission_noun`); rows of no noun are read
    by administrators.
    """
    app, _, rest = codename.partition(".")
    verb, _, model_name = rest.partition("_")
    try:
        model = apps.get_model(app, model_name)
    except LookupError:
        return ""
    noun = getattr(model, "permission_noun", model_name)
    names = (f"{noun}:{VERBS.get(verb, verb)}", f"{noun}:manage")
    found = next((name for name in names if name in MATRIX), "")
    return found or ("settings:manage" if verb == "view" else "")
