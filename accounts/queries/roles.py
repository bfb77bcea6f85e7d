"""The role matrix as a page shows it."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Grant
from accounts.roles import MATRIX, NONE, ROLES

WORDS: dict[str, str | Promise] = {
    "all": _("yes"),
    "team": _("team"),
    "own": _("own"),
    "none": "",
    "won": _("won deals"),
    "linked": _("with its record"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one role may do with one permission here, and whether this install changed it."""

    role: str
    word: str | Promise
    is_changed: bool


def matrix_rows() -> list[tuple[str, list[Cell]]]:
    """Answer every permission with the cells of all roles, this install's grants merged in."""
    grants = {(grant.permission, grant.role): grant.scope for grant in Grant.objects.all()}
    return [(permission, [_cell(permission, role, grants) for role in ROLES]) for permission in MATRIX]


def _cell(permission: str, role: str, grants: dict[tuple[str, str], str]) -> Cell:
    standard = MATRIX[permission].get(role, NONE).name
    scope = grants.get((permission, role), standard)
    return Cell(role, WORDS.get(scope, scope), scope != standard)
