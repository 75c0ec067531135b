"""Which operation a method and a path name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["OPERATIONS", "resolve"]

_PREFIX: Final = "/api/v3"
_FIXED: Final[Mapping[str, Mapping[str, str]]] = {
    f"{_PREFIX}/integrations": {"GET": "list_integrations"},
    f"{_PREFIX}/integrations/logs": {"GET": "list_logs"},
    f"{_PREFIX}/shop-order-statuses": {
        "GET": "list_shop_order_statuses",
        "POST": "replace_shop_order_statuses",
    },
    f"{_PREFIX}/shop-order-statuses/mapping": {
        "GET": "retrieve_status_mapping",
        "POST": "replace_status_mapping",
    },
    "/oauth2/token": {"POST": "token"},
    "/oauth2/token/": {"POST": "token"},
}
_ONE_INTEGRATION: Final = {
    "GET": "retrieve_integration",
    "PATCH": "update_integration",
    "DELETE": "delete_integration",
}
_ITS_LOGS: Final = {"GET": "list_integration_logs", "POST": "create_integration_log"}
_WITH_ID: Final = re.compile(f"{_PREFIX}/integrations/([^/]+)(/logs)?")

OPERATIONS: Final = frozenset(
    name for methods in (*_FIXED.values(), _ONE_INTEGRATION, _ITS_LOGS) for name in methods.values()
)
"""Names of all operations, the token endpoint's `token` among them."""


def resolve(path: str) -> tuple[Mapping[str, str], str] | None:
    """What can be done at a path.

    Args:
        path: The decoded path.

    Returns:
        The operations by HTTP method, and the id in the path (empty if there is none); None for an unknown path.
    """
    if fixed := _FIXED.get(path):
        return fixed, ""
    if match := _WITH_ID.fullmatch(path):
        return (_ITS_LOGS if match[2] else _ONE_INTEGRATION), match[1]
    return None
