"""Territories are drafted, published as a version, and taken up again from one."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Team, User
from core.actions import action
from core.errors import Invalid, Refused
from core.events import publish
from crm.events.territories import RoutingPublished, RoutingRestored, TerritoryChanged
from crm.forms import territories as forms
from crm.forms.leads import NothingForm
from crm.models import RoutingVersion, Territory
from crm.queries.territories import draft_rules, is_published


@action("territory.create", permission="pipeline:manage", form=forms.TerritoryForm)
def create_territory(*, actor: Actor, name: str, reps: Any = (), **values: Any) -> Territory:
    """Draft a territory. Publishes TerritoryChanged. Invalid when the name is taken."""
    _check_name(name)
    territory = Territory.objects.create(name=name, **values)
    territory.reps.set(reps)
    publish(TerritoryChanged(territory.pk, name), actor=actor)
    return territory


@action("territory.update", permission="pipeline:manage", form=forms.UpdateTerritoryForm)
def update_territory(territory: Territory, *, actor: Actor, version: int | None = None, **values: Any) -> Territory:
    """Change a territory of the draft. Publishes TerritoryChanged. Invalid when the name is taken."""
    territory.check_version(version)
    if "name" in values:
        _check_name(values["name"], territory)
    if "reps" in values:
        territory.reps.set(values.pop("reps"))
    territory.store(**values)
    publish(TerritoryChanged(territory.pk, territory.name), actor=actor)
    return territory


@action("territory.delete", permission="pipeline:manage", form=NothingForm)
def delete_territory(territory: Territory, *, actor: Actor) -> None:
    """Drop a territory from the draft; versions keep it. Publishes TerritoryChanged."""
    publish(TerritoryChanged(territory.pk, territory.name), actor=actor)
    territory.delete()


@action("routing.publish", permission="pipeline:manage", form=forms.PublishForm)
def publish_routing(*, actor: Actor, note: str = "") -> RoutingVersion:
    """Give leads by the draft from now on. Publishes RoutingPublished. Refused when nothing changed."""
    rules = draft_rules()
    if is_published(rules):
        raise Refused(_("Nothing changed since the last version. Change a territory first."))
    made = RoutingVersion.objects.create(territories=rules, note=note, published_by_id=actor.user_id)
    publish(RoutingPublished(made.pk, len(rules), note), actor=actor)
    return made


@action("routing.restore", permission="pipeline:manage", form=NothingForm)
def restore_routing(version: RoutingVersion, *, actor: Actor) -> RoutingVersion:
    """Make an earlier version the draft; it is published like any other. Publishes RoutingRestored."""
    kept = {rule["id"]: dict(rule) for rule in version.territories}
    Territory.objects.exclude(pk__in=kept).delete()
    for pk in kept:
        # Names swap freely when every territory that stays first steps aside.
        Territory.objects.filter(pk=pk).update(name=f"\x1f{pk}")
    teams = set(Team.objects.values_list("pk", flat=True))
    for pk, rule in kept.items():
        rule["team_id"] = rule["team_id"] if rule["team_id"] in teams else None
        reps = User.objects.filter(pk__in=rule.pop("rep_ids"))
        row = Territory.objects.filter(pk=pk).first() or Territory.objects.create(**rule)
        row.store(**{name: value for name, value in rule.items() if name != "id"})
        row.reps.set(reps)
    publish(RoutingRestored(version.pk), actor=actor)
    return version


def _check_name(name: str, territory: Territory | None = None) -> None:
    same = Territory.objects.filter(name__iexact=name)
    if (same.exclude(pk=territory.pk) if territory else same).exists():
        raise Invalid({"name": [_("There is a territory of this name.")]})
