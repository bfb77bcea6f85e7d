"""A person's own lists: saved views, and the columns of each view."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.forms.saved_views import ArrangeListForm, SaveViewForm, UpdateViewForm
from accounts.models import SavedView, User
from core.actions import action
from core.errors import Invalid, Refused

MOST = 100


@action("view.save", permission="profile:update", form=SaveViewForm)
def save_view(*, actor: Actor, page: str, name: str, **values: Any) -> SavedView:
    """Keep a list's filters under a name; the same name again replaces them."""
    if actor.user is None:
        raise Refused(_("A view belongs to a person."))
    if SavedView.objects.filter(user=actor.user).exclude(page=page, name=name).count() >= MOST:
        raise Refused(_("You have %(most)s views. Delete one that you do not need any more.") % {"most": MOST})
    view, _new = SavedView.objects.update_or_create(user=actor.user, page=page, name=name, defaults=values)
    return view


@action("view.update", permission="profile:update", form=UpdateViewForm)
def update_view(view: SavedView, *, actor: Actor, name: str, **values: Any) -> SavedView:
    """Rename a view of one's own, share it, pin it or give it another place."""
    own = SavedView.objects.filter(user=view.user_id, page=view.page, name=name)
    if own.exclude(pk=view.pk).exists():
        raise Invalid({"name": [_("You have a view of this name. Choose another.")]})
    for field, value in {"name": name, **values}.items():
        setattr(view, field, value)
    view.save()
    return view


@action("view.delete", permission="profile:update")
def delete_view(view: SavedView, *, actor: Actor) -> None:
    """Forget a saved view of one's own."""
    view.delete()


@action("list.arrange", permission="profile:update", form=ArrangeListForm)
def arrange_list(user: User, *, actor: Actor, page: str, view: str, columns: list[str], is_dense: bool) -> User:
    """Choose which columns a view of a list shows to oneself, in which order and how densely; none means the usual."""
    own = dict(user.lists.get(page, {}))
    own[view] = {"columns": columns, "dense": is_dense}
    user.lists = {**user.lists, page: dict(list(own.items())[-MOST:])}
    user.save(update_fields=["lists"])
    return user
