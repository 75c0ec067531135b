"""Endpoint functions of `client.logs`."""

from .create_integration_log import create_integration_log, create_integration_log_detailed
from .list_integration_logs import list_integration_logs, list_integration_logs_detailed
from .list_logs import list_logs, list_logs_detailed

__all__ = [
    "create_integration_log",
    "create_integration_log_detailed",
    "list_integration_logs",
    "list_integration_logs_detailed",
    "list_logs",
    "list_logs_detailed",
]
