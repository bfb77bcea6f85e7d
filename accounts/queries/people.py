"""Reading about people, teams and keys."""

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.models import ApiKey, Membership, Team, User
from accounts.roles import ADMIN
from core import clock, tokens
from core.crypto import sha256
from core.errors import NotFound

INVITE_SECONDS = 7 * 24 * 3600
FIRST_ADMIN_SECONDS = 24 * 3600
LINK_GONE = _("This link does not work any more. Ask for a new one.")


def people_for(actor: Actor) -> QuerySet[User]:
    """Answer the people that the actor manages, with roles and teams."""
    people = actor.visible("user:manage", User.objects.all())
    memberships = Prefetch("memberships", Membership.objects.select_related("team"))
    return people.prefetch_related("groups", memberships).order_by("-is_active", "name", "email")


def person_for(actor: Actor, pk: int) -> User:
    """Answer one person that the actor manages."""
    person = people_for(actor).filter(pk=pk).first()
    if person is None:
        raise NotFound(gettext("There is nobody here. They may have been removed."))
    return person


def teams_for(actor: Actor) -> QuerySet[Team]:
    """Answer the teams with the number of members."""
    teams = actor.visible("user:manage", Team.objects.all())
    return teams.annotate(size=Count("memberships")).order_by("name")


def team_for(actor: Actor, pk: int) -> Team:
    """Answer one team with its members."""
    team = teams_for(actor).prefetch_related("memberships__user").filter(pk=pk).first()
    if team is None:
        raise NotFound(gettext("There is no team here. It may have been deleted."))
    return team


def keys_for(actor: Actor) -> QuerySet[ApiKey]:
    """Answer the API keys: own ones, and everybody's for administrators."""
    keys = actor.visible("key:manage", ApiKey.objects.all())
    return keys.select_related("user").order_by("-pk")


def key_for(actor: Actor, pk: int) -> ApiKey:
    """Answer one API key."""
    key = keys_for(actor).filter(pk=pk).first()
    if key is None:
        raise NotFound(gettext("There is no API key here."))
    return key


def key_of_secret(plain: str) -> ApiKey | None:
    """Answer the usable key that this plain text is; None for anything else."""
    parts = plain.split("_", 2)
    if len(parts) != 3 or parts[0] != "crm":
        return None
    key = (
        ApiKey.objects.select_related("user")
        .filter(prefix=parts[1], revoked_at__isnull=True, user__is_active=True)
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=clock.now()))
        .first()
    )
    digest = key.digest if key else sha256("")
    return key if constant_time_compare(digest, sha256(plain)) and key else None


def managers_of(user: User | None) -> list[User]:
    """Answer the active leaders of a person's teams; administrators where there are none."""
    if user is not None:
        led = Membership.objects.filter(is_manager=True, team__memberships__user=user)
        leaders = User.objects.filter(is_active=True, memberships__in=led).exclude(pk=user.pk)
        if found := list(leaders.distinct().order_by("pk")):
            return found
    return administrators()


def administrators() -> list[User]:
    """Answer the active administrators."""
    mine = Q(groups__name=ADMIN) | Q(is_superuser=True)
    return list(User.objects.filter(mine, is_active=True).distinct().order_by("pk"))


def link_token(user: User, purpose: str) -> str:
    """Answer a token that opens the first-password page once: a password or a new epoch ends it."""
    return tokens.sign(purpose, f"{user.pk}:{_stamp(user)}")


def user_of_link(token: str, purpose: str) -> User:
    """Answer whom a one-time link is for; raises NotFound when used, old or forged."""
    age = FIRST_ADMIN_SECONDS if purpose == "first-admin" else INVITE_SECONDS
    pk, _, stamp = tokens.read(purpose, token, max_age=age).partition(":")
    user = User.objects.filter(pk=int(pk), is_active=True).first()
    if user is None or not constant_time_compare(stamp, _stamp(user)):
        raise NotFound(LINK_GONE)
    return user


def _stamp(user: User) -> str:
    return sha256(user.password, str(user.session_epoch))[:32]
