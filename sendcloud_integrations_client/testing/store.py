"""The integrations of the account, with their shop order statuses and status mapping."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from .formats import format_utc
from .hashing import hash_number
from .schemas import CATEGORIES

__all__ = ["PRESTASHOP_TYPE", "Integration", "Status", "Store"]

PRESTASHOP_TYPE: Final = "prestashop_v2"
_TYPES: Final = (PRESTASHOP_TYPE, "api", "shopify_v2", "woocommerce", "magento_v2", "lightspeed")
_FEEDBACK: Final = ("eager", "delayed", "none")
_START: Final = datetime(2022, 1, 3, 8, 15, 22, tzinfo=UTC)


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
    """

    def __init__(self, seed: int, count: int) -> None:
        self.integrations = {number: _build_integration(seed, number) for number in range(1, count + 1)}

    def find(self, id_text: str) -> Integration | None:
        """Return the integration with the id from a path; None if it does not exist."""
        # int() rejects more than 4,300 digits. No id has 20 digits or more.
        if not (id_text.isascii() and id_text.isdigit() and len(id_text) < 20):
            return None
        return self.integrations.get(int(id_text))


def _build_integration(seed: int, number: int) -> Integration:
    hashed = hash_number(seed, -number)
    kind = _TYPES[(number - 1) % len(_TYPES)]
    created = _START + timedelta(seconds=hashed % (300 * 86_400))
    updated = created + timedelta(seconds=hashed % 5_000_011)
    fetched = updated + timedelta(seconds=hashed % 700_001)
    failing = hashed % 5 == 1
    webhook = hashed % 3 == 0
    integration = Integration(
        {
            "id": number,
            "shop_name": f"Integration #{number}",
            "shop_url": f"https://shop-{number}.example/",
            "type": kind,
            "started_failing_at": format_utc(fetched + timedelta(seconds=93)) if failing else None,
            "last_fetched_at": None if hashed % 7 == 3 else format_utc(fetched),
            "created_at": format_utc(created),
            "updated_at": format_utc(updated),
            "service_point_enabled": hashed % 2 == 0,
            "service_point_carriers": ["ups", "dhl"] if hashed % 2 == 0 else [],
            "webhook_active": webhook,
            "webhook_url": f"https://shop-{number}.example/webhooks/sendcloud" if webhook else None,
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
