"""Methods of `client.integrations.with_response`."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, overload

from sendcloud_integrations_client.pagination import Page
from sendcloud_integrations_client.runtime.decoding import OnDecodeError
from sendcloud_integrations_client.runtime.models import UNSET, Unset
from sendcloud_integrations_client.runtime.operations import Response, Sender

from ..api.integrations.delete_integration import delete_integration_detailed
from ..api.integrations.retrieve_integration import retrieve_integration_detailed
from ..api.integrations.update_integration import call as call_update_integration
from ..models.feedback_type import FeedbackType
from ..models.integration import Integration
from ..models.integration_update import IntegrationUpdate
from ..types import FeedbackTypeValue, IntegrationSort
from .integrations import IntegrationsResource


class IntegrationsWithResponse:
    """Methods of `client.integrations.with_response`. Each returns a `Response` with status and headers.

    They take the same arguments and raise the same errors as the methods of `client.integrations`.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list(
        self,
        *,
        sort: IntegrationSort | None = None,
        on_decode_error: OnDecodeError = "raise",
    ) -> Coroutine[Any, Any, Response[Page[Integration]]]:
        """List all integrations of the account, with status and headers.

        Returns:
            The response; `parsed` is the page with all records. See `client.integrations.list` for arguments and errors.
        """
        paginator_ = IntegrationsResource(self._sender).list(
            sort=sort,
            on_decode_error=on_decode_error,
        )
        return paginator_.get_page_with_response()

    async def retrieve(
        self,
        integration_id: int,
    ) -> Response[Integration]:
        """Retrieve one integration, with status and headers.

        Returns:
            The response. See `client.integrations.retrieve` for arguments, result and errors.
        """
        return await retrieve_integration_detailed(
            self._sender,
            integration_id,
        )

    @overload
    async def update(
        self,
        integration_id: int,
        body: IntegrationUpdate,
    ) -> Response[None]: ...
    @overload
    async def update(
        self,
        integration_id: int,
        *,
        shop_name: str | Unset = UNSET,
        shop_url: str | Unset = UNSET,
        service_point_enabled: bool | Unset = UNSET,
        service_point_carriers: Sequence[str] | Unset = UNSET,
        webhook_active: bool | Unset = UNSET,
        webhook_url: str | Unset | None = UNSET,
        feedback_type: FeedbackType | FeedbackTypeValue | Unset = UNSET,
    ) -> Response[None]: ...
    async def update(
        self,
        integration_id: int,
        body: IntegrationUpdate | None = None,
        *,
        shop_name: str | Unset = UNSET,
        shop_url: str | Unset = UNSET,
        service_point_enabled: bool | Unset = UNSET,
        service_point_carriers: Sequence[str] | Unset = UNSET,
        webhook_active: bool | Unset = UNSET,
        webhook_url: str | Unset | None = UNSET,
        feedback_type: FeedbackType | FeedbackTypeValue | Unset = UNSET,
    ) -> Response[None]:
        """Update the settings of an integration, with status and headers.

        Returns:
            The response. See `client.integrations.update` for arguments, result and errors.
        """
        return await call_update_integration(
            self._sender,
            integration_id,
            body,
            shop_name=shop_name,
            shop_url=shop_url,
            service_point_enabled=service_point_enabled,
            service_point_carriers=service_point_carriers,
            webhook_active=webhook_active,
            webhook_url=webhook_url,
            feedback_type=feedback_type,
        )

    async def delete(
        self,
        integration_id: int,
    ) -> Response[None]:
        """Delete an integration, with status and headers.

        Returns:
            The response. See `client.integrations.delete` for arguments, result and errors.
        """
        return await delete_integration_detailed(
            self._sender,
            integration_id,
        )
