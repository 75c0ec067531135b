"""Endpoint functions, one module an operation; `<operation>_detailed` gives status and headers besides the model."""

from . import integrations, logs, shop_order_statuses, status_mapping

__all__ = [
    "integrations",
    "logs",
    "shop_order_statuses",
    "status_mapping",
]
