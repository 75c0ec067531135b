"""Endpoint functions of `client.status_mapping`."""

from .replace_status_mapping import replace_status_mapping, replace_status_mapping_detailed
from .retrieve_status_mapping import retrieve_status_mapping, retrieve_status_mapping_detailed

__all__ = [
    "replace_status_mapping",
    "replace_status_mapping_detailed",
    "retrieve_status_mapping",
    "retrieve_status_mapping_detailed",
]
