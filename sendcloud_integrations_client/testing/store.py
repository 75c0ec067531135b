"""The integrations of the account, with their shop order statuses and status mapping."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from .formats import format_utc
from .hashing import hash_number
from .schemas import CATEGORIES
from .shops import PRESTASHOP_TYPE, build_host, build_shop_name, get_shop_type

__all__ = ["PRESTASHOP_TYPE", "Integration", "Status", "Store"]

_FEEDBACK: Final = ("eager", "delayed", "none")
_DAY: Final = 86_400


@attrs.define
class Status:
    """One shop order status. A deleted status is kept and marked as deleted.

    Attributes:
        translations: Names of the status, each with `status` and `language`.
        deleted_at: Time of deletion; None if the status is not deleted.
    """

    translations: list[dict[str, str]]
    deleted_at: str | None = None


@attrs.define
class Integration:
    """One integration.

    Attributes:
        fields: Fields that the API returns.
        statuses: Shop order statuses by `external_id`, in order of creation.
        mapping: `external_id` by status category; None if the category is not mapped.
    """

    fields: dict[str, Any]
    statuses: dict[str, Status] = attrs.field(factory=dict[str, Status])
    mapping: dict[str, str | None] = attrs.field(factory=lambda: dict[str, str | None].fromkeys(CATEGORIES))


class Store:
    """The integrations by id. Ids start at 1, and integration 1 is always a Prestashop v2 shop.

    Args:
        seed: Seed of the generated data.
        count: Number of integrations.
        now: Current time, with a time zone. The times of the integrations are earlier.
        failing_since: Start of the failures of each failing shop, in seconds since 1970.
    """

    def __init__(self, seed: int, count: int, now: datetime, failing_since: Mapping[int, int]) -> None:
        self.integrations = {
            number: _build_integration(seed, number, now, failing_since.get(number)) for number in range(1, count + 1)
        }
        self._last_id = count

    def find(self, id_text: str) -> Integration | None:
        """Return the integration with the id from a path; None if it does not exist."""
        # int() rejects more than 4,300 digits. No id has 20 digits or more.
        if not (id_text.isascii() and id_text.isdigit() and len(id_text) < 20):
            return None
        return self.integrations.get(int(id_text))

    def add(self, fields: Mapping[str, Any], now: datetime) -> int:
        """Add an integration without failures. An id is never used twice.

        Args:
            fields: Fields that differ from the defaults, by name in the API.
            now: Current time, with a time zone.

        Returns:
            Its id.
        """
        self._last_id += 1
        defaults: dict[str, Any] = {
            "id": self._last_id,
            "shop_name": f"Shop {self._last_id}",
            "shop_url": f"https://shop-{self._last_id}.example/",
            "type": "api",
            "started_failing_at": None,
            "last_fetched_at": None,
            "created_at": format_utc(now),
            "updated_at": format_utc(now),
            "service_point_enabled": False,
            "service_point_carriers": [],
            "webhook_active": False,
            "webhook_url": None,
            "feedback_type": "eager",
        }
        self.integrations[self._last_id] = Integration({**defaults, **fields})
        return self._last_id


def _build_integration(seed: int, number: int, now: datetime, failing_since: int | None) -> Integration:
    hashed = hash_number(seed, -number)
    shop_name = build_shop_name(seed, number)
    host = build_host(shop_name)
    created = now - timedelta(seconds=100 * _DAY + hashed % (900 * _DAY))
    updated = now - timedelta(seconds=_DAY + (hashed >> 8) % (99 * _DAY))
    if failing_since is None:
        # Orders are fetched every 15 minutes.
        fetched, failing = now - timedelta(seconds=10 + (hashed >> 16) % 900), None
    else:
        fetched, failing = datetime.fromtimestamp(failing_since - 93, UTC), datetime.fromtimestamp(failing_since, UTC)
    kind = get_shop_type(number)
    has_service_points, has_webhook = hashed % 2 == 0, hashed % 3 == 0
    integration = Integration(
        {
            "id": number,
            "shop_name": shop_name,
            "shop_url": f"https://{host}/",
            "type": kind,
            "started_failing_at": format_utc(failing) if failing else None,
            "last_fetched_at": None if not failing and hashed % 7 == 3 else format_utc(fetched),
            "created_at": format_utc(created),
            "updated_at": format_utc(updated),
            "service_point_enabled": has_service_points,
            "service_point_carriers": ["ups", "dhl"] if has_service_points else [],
            "webhook_active": has_webhook,
            "webhook_url": f"https://{host}/webhooks/sendcloud" if has_webhook else None,
            "feedback_type": _FEEDBACK[hashed % 3],
        }
    )
    if kind == PRESTASHOP_TYPE:
        _seed_statuses(integration, format_utc(updated))
    return integration


def _seed_statuses(integration: Integration, deleted_at: str) -> None:
    names = {
        "3": ("Packed", "Ingepakt", "Verpackt", None),
        "4-S": ("Shipped", "Verzonden", "Versandt", None),
        "5": ("Handed over", "Bezorgd", "Zugestellt", None),
        "6-X": ("Called off", "Geannuleerd", "Storniert", deleted_at),
    }
    for external_id, (english, dutch, german, deleted) in names.items():
        translations = [
            {"status": english, "language": "en-gb"},
            {"status": dutch, "language": "nl-nl"},
            {"status": german, "language": "de-de"},
        ]
        integration.statuses[external_id] = Status(translations, deleted)
    integration.mapping |= {"READY_TO_SEND": "3", "IN_TRANSIT": "4-S", "DELIVERED": None, "CANCEL": "6-X"}
