"""The account map: how many contacts a city holds, and what their open deals are worth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Aggregate, Count, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform

from accounts.actor import Actor
from accounts.models import User, Workspace
from core.money import Money
from crm.geography import City, city_of
from crm.models import Contact, Deal, RoutingVersion
from crm.queries.routing import POSTAL_CODE
from crm.routing import Area, Prospect, areas_of

MOST_CITIES = 300
USUAL = "#3b6fd4"


@dataclass
class Spot:
    """A city on the map, or (without `city`) one that the table does not know."""

    name: str
    country: str
    city: City | None
    colour: str = USUAL
    territory: str = ""
    contacts: int = 0
    minor: dict[str, int] = field(default_factory=dict)

    @property
    def worth(self) -> list[Money]:
        """The sum of its open deals in each currency, the largest first."""
        ordered = sorted(self.minor.items(), key=lambda one: -one[1])
        return [Money(minor, currency) for currency, minor in ordered if minor]


def rules_in_force() -> list[dict[str, Any]]:
    """Return the territories by which leads are given now."""
    newest = RoutingVersion.objects.order_by("-pk").values_list("territories", flat=True).first()
    return list(newest or [])


def account_map(
    actor: Actor, *, owner: User | None = None, stage: str = "", territory: int | None = None
) -> list[Spot]:
    """Return the cities of the contacts that the actor may see, the fullest first, with the deals that they may see."""
    rules = rules_in_force()
    areas, colours = areas_of(rules), {rule["id"]: rule["colour"] for rule in rules}
    wanted: dict[str, Any] = {"owner": owner, "stage": stage}
    wanted = {name: value for name, value in wanted.items() if value}
    contacts = actor.visible("contact:read", Contact.objects.filter(**wanted)).exclude(city="")
    deals = actor.visible("deal:read", Deal.objects.open()).exclude(contact__city="")
    deals = deals.filter(**{f"contact__{name}": value for name, value in wanted.items()})
    home = Workspace.current().country
    spots: dict[tuple[str, str], Spot] = {}

    def spot_of(place: dict[str, Any]) -> Spot | None:
        name, country = place["city"].strip(), place["country"]
        city = city_of(name, country, home)
        area = _area_of(areas, place, city)
        if territory is not None and (area is None or area.id != territory):
            return None
        key = (city.name, city.country) if city else (name.casefold(), country)
        if key not in spots:
            colour, whose = (colours[area.id], area.name) if area else (USUAL, "")
            spots[key] = Spot(city.name if city else name, key[1], city, colour, whose)
        return spots[key]

    for place, rows in _grouped(contacts, "", areas, Count("pk")):
        if spot := spot_of(place):
            spot.contacts += rows
    for place, minor in _grouped(deals, "contact__", areas, Sum("value_minor"), "currency"):
        if spot := spot_of(place):
            spot.minor[place["currency"]] = spot.minor.get(place["currency"], 0) + minor
    return sorted(spots.values(), key=lambda spot: (-spot.contacts, spot.name))[:MOST_CITIES]


def _grouped(
    rows: QuerySet[Any], path: str, areas: Sequence[Area], total: Aggregate, *more: str
) -> Iterator[tuple[dict[str, Any], int]]:
    """Sum up by city, and by what else the territories ask for."""
    names = ["city", "country", *(["industry"] if any(area.industries for area in areas) else [])]
    asked = [*(f"{path}{name}" for name in names), *more]
    if any(area.postal_prefixes for area in areas):
        rows = rows.annotate(**{POSTAL_CODE: KeyTextTransform(POSTAL_CODE, f"{path}custom")})
        asked.append(POSTAL_CODE)
    for row in rows.order_by().values(*asked).annotate(total=total):
        yield {name.removeprefix("contact__"): value for name, value in row.items()}, row["total"]


def _area_of(areas: Sequence[Area], place: dict[str, Any], city: City | None) -> Area | None:
    asked = Prospect(
        city=place["city"],
        country=place["country"] or (city.country if city else ""),
        region=city.region if city else "",
        industry=place.get("industry", ""),
        postal_code=place.get(POSTAL_CODE) or "",
    )
    return next((area for area in areas if area.fits(asked)), None)
