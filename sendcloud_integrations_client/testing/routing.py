"""Maps method and path to an operation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["OPERATIONS", "resolve_path"]

_PREFIX: Final = "/api/v3"
_FIXED_PATHS: Final[Mapping[str, Mapping[str, str]]] = {
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
_INTEGRATION_METHODS: Final = {
    "GET": "retrieve_integration",
    "PATCH": "update_integration",
    "DELETE": "delete_integration",
}
_INTEGRATION_LOGS_METHODS: Final = {"GET": "list_integration_logs", "POST": "create_integration_log"}
_PATH_WITH_ID: Final = re.compile(f"{_PREFIX}/integrations/([^/]+)(/logs)?")

OPERATIONS: Final = frozenset(
    name
    for methods in (*_FIXED_PATHS.values(), _INTEGRATION_METHODS, _INTEGRATION_LOGS_METHODS)
    for name in methods.values()
)
"""Names of all operations, including `token` for the token endpoint."""


def resolve_path(path: str) -> tuple[Mapping[str, str], str] | None:
    """Return the operations that a path supports.

    Args:
        path: Decoded path.

    Returns:
        The operations by HTTP method, and the id in the path (empty if the path has no id); None for an unknown path.
    """
    if fixed := _FIXED_PATHS.get(path):
        return fixed, ""
    if match := _PATH_WITH_ID.fullmatch(path):
        return (_INTEGRATION_LOGS_METHODS if match[2] else _INTEGRATION_METHODS), match[1]
    return None
