"""Endpoint functions, one module per operation. `<operation>_detailed` also returns the status and the headers."""

from . import integrations, logs, shop_order_statuses, status_mapping

__all__ = [
    "integrations",
    "logs",
    "shop_order_statuses",
    "status_mapping",
]
