"""Endpoint functions of `client.integrations`."""

from .delete_integration import delete_integration, delete_integration_detailed
from .list_integrations import list_integrations, list_integrations_detailed
from .retrieve_integration import retrieve_integration, retrieve_integration_detailed
from .update_integration import update_integration, update_integration_detailed

__all__ = [
    "delete_integration",
    "delete_integration_detailed",
    "list_integrations",
    "list_integrations_detailed",
    "retrieve_integration",
    "retrieve_integration_detailed",
    "update_integration",
    "update_integration_detailed",
]
