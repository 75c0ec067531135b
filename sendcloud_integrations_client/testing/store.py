"""The account's integrations, with what belongs to them: shop order statuses and the status mapping."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from .formats import utc_text
from .mixing import mix
from .schemas import CATEGORIES

__all__ = ["PRESTASHOP", "Integration", "Status", "Store"]

PRESTASHOP: Final = "prestashop_v2"
_TYPES: Final = (PRESTASHOP, "api", "shopify_v2", "woocommerce", "magento_v2", "lightspeed")
_FEEDBACK: Final = ("eager", "delayed", "none")
_START: Final = datetime(2022, 1, 3, 8, 15, 22, tzinfo=UTC)


@attrs.define
class Status:
    """One shop order status; it stays, marked as deleted, when the shop no longer has it.

    Attributes:
        translations: Its names, each with `status` and `language`.
        deleted_at: When it was deleted; None while it is there.
    """

    translations: list[dict[str, str]]
    deleted_at: str | None = None


@attrs.define
class Integration:
    """One integration.

    Attributes:
        fields: What the API shows of it.
        statuses: Its shop order statuses by `external_id`, in the order they first came.
        mapping: `external_id` by status category; None where nothing is mapped.
    """

    fields: dict[str, Any]
    statuses: dict[str, Status] = attrs.field(factory=dict[str, Status])
    mapping: dict[str, str | None] = attrs.field(factory=lambda: dict[str, str | None].fromkeys(CATEGORIES))


class Store:
    """The integrations by id. Their ids count from 1, and the first is always a Prestashop v2 shop.

    Args:
        seed: Decides everything that is seeded.
        count: How many integrations there are.
    """

    def __init__(self, seed: int, count: int) -> None:
        self.integrations = {number: _seeded(seed, number) for number in range(1, count + 1)}

    def find(self, id_text: str) -> Integration | None:
        """The integration whose id stands in a path."""
        # Python turns at most 4,300 digits into an int; no id has as many as 20.
        if not (id_text.isascii() and id_text.isdigit() and len(id_text) < 20):
            return None
        return self.integrations.get(int(id_text))


def _seeded(seed: int, number: int) -> Integration:
    chance = mix(seed, -number)
    kind = _TYPES[(number - 1) % len(_TYPES)]
    created = _START + timedelta(seconds=chance % (300 * 86_400))
    updated = created + timedelta(seconds=chance % 5_000_011)
    fetched = updated + timedelta(seconds=chance % 700_001)
    failing = chance % 5 == 1
    webhook = chance % 3 == 0
    integration = Integration(
        {
            "id": number,
            "shop_name": f"Integration #{number}",
            "shop_url": f"https://shop-{number}.example/",
            "type": kind,
            "started_failing_at": utc_text(fetched + timedelta(seconds=93)) if failing else None,
            "last_fetched_at": None if chance % 7 == 3 else utc_text(fetched),
            "created_at": utc_text(created),
            "updated_at": utc_text(updated),
            "service_point_enabled": chance % 2 == 0,
            "service_point_carriers": ["ups", "dhl"] if chance % 2 == 0 else [],
            "webhook_active": webhook,
            "webhook_url": f"https://shop-{number}.example/webhooks/sendcloud" if webhook else None,
            "feedback_type": _FEEDBACK[chance % 3],
        }
    )
    if kind == PRESTASHOP:
        _seed_statuses(integration, utc_text(updated))
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
