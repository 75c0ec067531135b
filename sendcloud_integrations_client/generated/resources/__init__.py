"""The resources of the client: what stands behind `client.integrations` and its like."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sendcloud_integrations_client.operations import Sender

# Each resource is loaded with its models when it is first used.
if TYPE_CHECKING:
    from .integrations import IntegrationsResource
    from .logs import LogsResource
    from .shop_order_statuses import ShopOrderStatusesResource
    from .status_mapping import StatusMappingResource

__all__ = ["Resources"]


class Resources:
    """Base of the client: each resource of the contract as an attribute."""

    _sender: Sender

    @cached_property
    def integrations(self) -> IntegrationsResource:
        """Integrations: `GET /integrations`, `GET /integrations/{id}`, `PATCH /integrations/{id}`, `DELETE /integrations/{id}`."""
        from .integrations import IntegrationsResource

        return IntegrationsResource(self._sender)

    @cached_property
    def logs(self) -> LogsResource:
        """Logs: `GET /integrations/logs`, `GET /integrations/{id}/logs`, `POST /integrations/{id}/logs`."""
        from .logs import LogsResource

        return LogsResource(self._sender)

    @cached_property
    def shop_order_statuses(self) -> ShopOrderStatusesResource:
        """Shop order statuses: `GET /shop-order-statuses`, `POST /shop-order-statuses`."""
        from .shop_order_statuses import ShopOrderStatusesResource

        return ShopOrderStatusesResource(self._sender)

    @cached_property
    def status_mapping(self) -> StatusMappingResource:
        """Status mapping: `GET /shop-order-statuses/mapping`, `POST /shop-order-statuses/mapping`."""
        from .status_mapping import StatusMappingResource

        return StatusMappingResource(self._sender)
