"""Where cities lie, pure: a table of some hundred of them, and a map as far as its points reach."""

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from crm.matching import normalise

WIDTH: Final = 1_000
LEAST: Final = 8.0  # degrees: one city alone is shown with its neighbours
STEPS: Final = (2, 5, 10, 20, 30)


@dataclass(frozen=True)
class City:
    """A city with its country, its region or state, and where it lies."""

    name: str
    country: str
    region: str
    north: float
    east: float


@dataclass(frozen=True)
class Frame:
    """The part of the world that a drawing shows, in degrees; `squeeze` makes both directions equally long."""

    west: float
    north: float
    width: float
    height: float
    squeeze: float

    @property
    def tall(self) -> int:
        """The drawing's height, when it is WIDTH wide."""
        return round(WIDTH * self.height / (self.width * self.squeeze))

    def place(self, north: float, east: float) -> tuple[float, float]:
        """Return where a point lies in the drawing."""
        scale = WIDTH / (self.width * self.squeeze)
        x = (east - self.west) * self.squeeze * scale
        return round(x, 1), round((self.north - north) * scale, 1)

    def lines(self) -> tuple[list[tuple[float, str]], list[tuple[float, str]]]:
        """Return the meridians and the parallels with their names."""
        step = next((step for step in STEPS if self.width / step <= 8), STEPS[-1])

        def marks(low: float, high: float) -> range:
            return range(math.ceil(low / step) * step, math.floor(high) + 1, step)

        east = [(self.place(0, at)[0], f"{abs(at)}°{'W' if at < 0 else 'E'}")
                for at in marks(self.west, self.west + self.width)]  # fmt: skip
        north = [(self.place(at, 0)[1], f"{abs(at)}°{'S' if at < 0 else 'N'}")
                 for at in marks(self.north - self.height, self.north)]  # fmt: skip
        return east, north


def frame_of(cities: Iterable[City]) -> Frame:
    """Return a frame around these cities with some room, never thinner than half as tall as wide or twice."""
    spots = list(cities) or [*known().values()]
    norths, easts = [city.north for city in spots], [city.east for city in spots]
    middle = (max(norths) + min(norths)) / 2, (max(easts) + min(easts)) / 2
    squeeze = max(math.cos(math.radians(middle[0])), 0.3)
    height = max((max(norths) - min(norths)) * 1.2, LEAST)
    width = max((max(easts) - min(easts)) * 1.2, LEAST)
    height = max(height, width * squeeze / 2)
    width = max(width, height / squeeze)
    return Frame(middle[1] - width / 2, middle[0] + height / 2, width, height, squeeze)


def city_of(name: str, country: str, home: str = "") -> City | None:
    """Return the city that people call so, in that country; without one at home, else where it is best known."""
    folded = normalise(name)
    cities = known()
    if country:
        return cities.get((folded, country.upper()))
    return cities.get((folded, home)) or cities.get((folded, ""))


@cache
def known() -> dict[tuple[str, str], City]:
    """Return the cities of the table by each of their names and country, the first of a name also without."""
    found: dict[tuple[str, str], City] = {}
    with (Path(__file__).parent / "cities.csv").open(encoding="utf-8", newline="") as file:
        for names, country, region, north, east in csv.reader(file):
            each = names.split("/")
            city = City(each[0], country, region, float(north), float(east))
            for name in each:
                found[normalise(name), country] = city
                found.setdefault((normalise(name), ""), city)
    return found
