"""`FeedbackType`: an enum of the contract."""

from sendcloud_integrations_client.wire import OpenEnum


class FeedbackType(OpenEnum):
    """When the shop is told that an order was sent: `eager`, as soon as there is a label; `delayed`, when
    the carrier first scans it; `none`, never. Prestashop v2 integrations go by their status mapping
    instead.

    A value that is not listed here is kept as text when it is read, and refused when it is sent.
    """

    EAGER = "eager"
    DELAYED = "delayed"
    NONE = "none"
