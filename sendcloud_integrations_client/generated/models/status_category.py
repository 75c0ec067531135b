"""Enum `StatusCategory`."""

from sendcloud_integrations_client.runtime.models import OpenEnum


class StatusCategory(OpenEnum):
    """Status category of Sendcloud.

    Unknown values in responses are kept as text. Unknown values in requests are rejected.
    """

    READY_TO_SEND = "READY_TO_SEND"
    IN_TRANSIT = "IN_TRANSIT"
    DELIVERED = "DELIVERED"
    CANCEL = "CANCEL"
