"""Resources of the client as attributes, such as `client.integrations`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sendcloud_integrations_client.runtime.operations import Sender

# Each resource and its models are imported on first use.
if TYPE_CHECKING:
    from .integrations import IntegrationsResource
    from .logs import LogsResource
    from .shop_order_statuses import ShopOrderStatusesResource
    from .status_mapping import StatusMappingResource

__all__ = ["Resources"]


class Resources:
    """Base class of the client with one attribute per resource."""

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
