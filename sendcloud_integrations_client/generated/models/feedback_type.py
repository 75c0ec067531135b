"""Enum `FeedbackType`."""

from sendcloud_integrations_client.runtime.models import OpenEnum


class FeedbackType(OpenEnum):
    """When Sendcloud notifies the shop about a shipment: `eager` after the label is created, `delayed`
    after the first scan by the carrier, `none` never. Prestashop v2 integrations use their status
    mapping instead.

    Unknown values in responses are kept as text. Unknown values in requests are rejected.
    """

    EAGER = "eager"
    DELAYED = "delayed"
    NONE = "none"
