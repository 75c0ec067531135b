"""Names, URLs and shop systems of the simulated shops."""

from __future__ import annotations

from typing import Final

from .hashing import hash_number

__all__ = ["PRESTASHOP_TYPE", "build_host", "build_shop_name", "get_shop_type"]

PRESTASHOP_TYPE: Final = "prestashop_v2"
_TYPES: Final = (PRESTASHOP_TYPE, "api", "shopify_v2", "woocommerce", "magento_v2", "lightspeed")

# 24 and 25 have no common divisor, so the first 600 shops have different names.
_FIRST_WORDS: Final = (
    *("Alpine", "Amber", "Birch", "Blue Door", "Canal", "Copper", "Daily", "Dune", "Evergreen", "Fjord", "Garden"),
    *("Harbour", "Juniper", "Kestrel", "Linden", "Maple", "Nordic", "Olive", "Pebble", "Quayside", "Riverside"),
    *("Saffron", "Tulip", "Willow"),
)
_SECOND_WORDS: Final = (
    *("Bakery", "Bikes", "Books", "Ceramics", "Cheese", "Coffee", "Cosmetics", "Denim", "Electronics", "Eyewear"),
    *("Flowers", "Footwear", "Furniture", "Home", "Jewellery", "Kids", "Knitwear", "Outdoor", "Pets", "Records"),
    *("Sports", "Stationery", "Tea", "Toys", "Wine"),
)
_NAMES: Final = len(_FIRST_WORDS) * len(_SECOND_WORDS)


def build_shop_name(seed: int, integration_id: int) -> str:
    """Return the name of a shop. Each shop of an account has a different one."""
    repetition, number = divmod(integration_id - 1, _NAMES)
    index = (number + hash_number(seed, 0)) % _NAMES
    name = f"{_FIRST_WORDS[index % len(_FIRST_WORDS)]} {_SECOND_WORDS[index % len(_SECOND_WORDS)]}"
    return f"{name} {repetition + 1}" if repetition else name


def build_host(shop_name: str) -> str:
    """Return the host name of a shop. It is in the reserved domain `example`."""
    return f"{shop_name.lower().replace(' ', '-')}.example"


def get_shop_type(integration_id: int) -> str:
    """Return the shop system of a shop. Integration 1 is a Prestashop v2 shop."""
    return _TYPES[(integration_id - 1) % len(_TYPES)]
