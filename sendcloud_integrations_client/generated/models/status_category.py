"""`StatusCategory`: an enum of the contract."""

from sendcloud_integrations_client.wire import OpenEnum


class StatusCategory(OpenEnum):
    """Sendcloud's category.

    A value that is not listed here is kept as text when it is read, and refused when it is sent.
    """

    READY_TO_SEND = "READY_TO_SEND"
    IN_TRANSIT = "IN_TRANSIT"
    DELIVERED = "DELIVERED"
    CANCEL = "CANCEL"
