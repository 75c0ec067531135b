"""Endpoint functions of `client.shop_order_statuses`."""

from .list_shop_order_statuses import list_shop_order_statuses, list_shop_order_statuses_detailed
from .replace_shop_order_statuses import replace_shop_order_statuses, replace_shop_order_statuses_detailed

__all__ = [
    "list_shop_order_statuses",
    "list_shop_order_statuses_detailed",
    "replace_shop_order_statuses",
    "replace_shop_order_statuses_detailed",
]
