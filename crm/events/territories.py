"""What happens to the rules by which leads are given to people."""

from core.events import event


@event("territory.changed")
class TerritoryChanged:
    """A territory of the draft was made, changed or dropped; leads are given as before until it is published."""

    territory_id: int
    name: str


@event("routingversion.published")
class RoutingPublished:
    """From now on leads are given by these territories."""

    routingversion_id: int
    territories: int
    note: str


@event("routingversion.restored")
class RoutingRestored:
    """An earlier version became the draft again."""

    routingversion_id: int
