"""The world simulated customers live in: real cities, and merchants made up for them."""

import math
from random import Random

import msgspec

EARTH_RADIUS_KM = 6371.0
KM_PER_DEGREE = 111.2
"""Length of a degree of latitude."""
CITY_RADIUS_KM = 8.0
"""How far from the centre of a city its merchants and customers are (one standard deviation)."""
MERCHANTS_PER_CITY = 60
ONLINE_MERCHANTS = 120


class City(msgspec.Struct, frozen=True):
    """A place to live in. `prices` is what one euro's worth of goods costs there; `share` weighs its population."""

    name: str
    country: str
    currency: str
    prices: float
    time_zone: str
    latitude: float
    longitude: float
    share: float


class Merchant(msgspec.Struct, frozen=True):
    """Who is paid. `scale` is the size of a usual purchase there, relative to a customer's own. Online has no city."""

    name: str
    category: str
    scale: float
    city: City | None = None
    latitude: float | None = None
    longitude: float | None = None


class World(msgspec.Struct, frozen=True):
    """All merchants: by name of the city, and online."""

    shops: dict[str, tuple[Merchant, ...]]
    online: tuple[Merchant, ...]


CITIES = (
    City("Amsterdam", "NL", "EUR", 1.0, "Europe/Amsterdam", 52.37, 4.90, 5),
    City("Antwerp", "BE", "EUR", 1.0, "Europe/Brussels", 51.22, 4.40, 4),
    City("Berlin", "DE", "EUR", 1.0, "Europe/Berlin", 52.52, 13.40, 9),
    City("Brussels", "BE", "EUR", 1.0, "Europe/Brussels", 50.85, 4.35, 5),
    City("Chicago", "US", "USD", 1.1, "America/Chicago", 41.88, -87.63, 7),
    City("Hamburg", "DE", "EUR", 1.0, "Europe/Berlin", 53.55, 9.99, 5),
    City("Lisbon", "PT", "EUR", 1.0, "Europe/Lisbon", 38.72, -9.14, 4),
    City("London", "GB", "GBP", 0.85, "Europe/London", 51.51, -0.13, 10),
    City("Lyon", "FR", "EUR", 1.0, "Europe/Paris", 45.76, 4.84, 4),
    City("Madrid", "ES", "EUR", 1.0, "Europe/Madrid", 40.42, -3.70, 7),
    City("Manchester", "GB", "GBP", 0.85, "Europe/London", 53.48, -2.24, 4),
    City("Milan", "IT", "EUR", 1.0, "Europe/Rome", 45.46, 9.19, 6),
    City("New York", "US", "USD", 1.1, "America/New_York", 40.71, -74.01, 10),
    City("Paris", "FR", "EUR", 1.0, "Europe/Paris", 48.86, 2.35, 10),
    City("San Francisco", "US", "USD", 1.1, "America/Los_Angeles", 37.77, -122.42, 4),
    City("Singapore", "SG", "SGD", 1.45, "Asia/Singapore", 1.35, 103.82, 3),
    City("Sydney", "AU", "AUD", 1.65, "Australia/Sydney", -33.87, 151.21, 3),
    City("Tokyo", "JP", "JPY", 160.0, "Asia/Tokyo", 35.68, 139.69, 5),
    City("Warsaw", "PL", "PLN", 4.3, "Europe/Warsaw", 52.23, 21.01, 5),
    City("Zurich", "CH", "CHF", 0.95, "Europe/Zurich", 47.37, 8.54, 4),
)

_SHOP_CATEGORIES = {
    "grocery": 1.0,
    "restaurant": 0.8,
    "fuel": 1.3,
    "pharmacy": 0.6,
    "clothing": 1.9,
    "household": 1.5,
    "electronics": 3.0,
}
_ONLINE_CATEGORIES = {
    "marketplace": 1.1,
    "subscription": 0.4,
    "travel": 4.0,
    "games": 0.5,
    "electronics": 2.5,
    "books": 0.6,
}


def build(random: Random) -> World:
    """A world with its merchants; the same state of `random` gives the same world."""
    shops = {
        city.name: tuple(_shop(random, city, number) for number in range(1, MERCHANTS_PER_CITY + 1)) for city in CITIES
    }
    online = tuple(_online(random, number) for number in range(1, ONLINE_MERCHANTS + 1))
    return World(shops, online)


def near(random: Random, city: City) -> tuple[float, float]:
    """A latitude and a longitude in the city, in degrees."""
    north = random.gauss(0.0, CITY_RADIUS_KM) / KM_PER_DEGREE
    east = random.gauss(0.0, CITY_RADIUS_KM) / (KM_PER_DEGREE * math.cos(math.radians(city.latitude)))
    return round(city.latitude + north, 5), round(city.longitude + east, 5)


def distance_km(one: City, other: City) -> float:
    """The great-circle distance between two cities (haversine formula)."""
    south, north = math.radians(one.latitude), math.radians(other.latitude)
    east = math.radians(other.longitude - one.longitude)
    a = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * math.sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(a))


def _shop(random: Random, city: City, number: int) -> Merchant:
    category = random.choice(tuple(_SHOP_CATEGORIES))
    latitude, longitude = near(random, city)
    return Merchant(f"{city.name} {category} {number}", category, _SHOP_CATEGORIES[category], city, latitude, longitude)


def _online(random: Random, number: int) -> Merchant:
    category = random.choice(tuple(_ONLINE_CATEGORIES))
    return Merchant(f"{category}-{number}.example", category, _ONLINE_CATEGORIES[category])
