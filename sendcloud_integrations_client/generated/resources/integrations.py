"""Resource `client.integrations`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, overload

import httpx

from sendcloud_integrations_client.pagination import Paginator
from sendcloud_integrations_client.runtime.decoding import OnDecodeError, UndecodedPage
from sendcloud_integrations_client.runtime.models import UNSET, Unset
from sendcloud_integrations_client.runtime.operations import Sender

from ..api.integrations.delete_integration import delete_integration_detailed
from ..api.integrations.list_integrations import fetch as fetch_list_integrations
from ..api.integrations.retrieve_integration import retrieve_integration_detailed
from ..api.integrations.update_integration import call as call_update_integration
from ..models.feedback_type import FeedbackType
from ..models.integration import Integration
from ..models.integration_update import IntegrationUpdate
from ..types import FeedbackTypeValue, IntegrationSort

if TYPE_CHECKING:
    from .integrations_with_response import IntegrationsWithResponse


class IntegrationsResource:
    """Methods of `client.integrations`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    @cached_property
    def with_response(self) -> IntegrationsWithResponse:
        """The same methods, returning a `Response` with the status, the headers and the result as `parsed`."""
        from .integrations_with_response import IntegrationsWithResponse

        return IntegrationsWithResponse(self._sender)

    def list(
        self,
        *,
        sort: IntegrationSort | None = None,
        on_decode_error: OnDecodeError = "raise",
    ) -> Paginator[Integration]:
        """List all integrations of the account.

        Returns all integrations in one response, without pagination.

        Use `await` for a `Page` with all records, or `async for` for the records. No request is sent before that.

        `GET /integrations`

        Args:
            sort: Sort key: `integration_type`, `created_at`, `updated_at`, `last_fetch` or `failing_since`. A
                leading `-` reverses the order. By default, integrations are sorted by `last_fetch`, then by
                `created_at`. Example: `updated_at`.
            on_decode_error: How to handle a record that cannot be decoded: `"raise"`, `"skip"`, or a callback that
                receives the error. Defaults to `"raise"`.

        Returns:
            A `Paginator`, which can be awaited or iterated.

        Raises:
            InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
            SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
                response that cannot be decoded.
        """

        def fetch(
            _cursor: str | None, _on_headers: Callable[[httpx.Headers], None]
        ) -> Awaitable[UndecodedPage[Integration]]:
            return fetch_list_integrations(
                self._sender,
                sort=sort,
                on_decode_error=on_decode_error,
            )

        return Paginator(fetch, name="integrations.list")

    async def retrieve(
        self,
        integration_id: int,
    ) -> Integration:
        """Retrieve one integration.

        Returns the settings of the integration, its last fetch and the start of a current failure.

        `GET /integrations/{id}`

        Args:
            integration_id: ID of the integration. At least 1.

        Returns:
            The record in the response, without the envelope.

        Raises:
            InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
            NotFoundError: 404. The account has no integration with this ID.
            SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
                response that cannot be decoded.
        """
        detailed_ = await retrieve_integration_detailed(
            self._sender,
            integration_id,
        )
        return detailed_.parsed

    @overload
    async def update(
        self,
        integration_id: int,
        body: IntegrationUpdate,
    ) -> None: ...
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
    ) -> None: ...
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
    ) -> None:
        """Update the settings of an integration.

        Changes only the fields in the request. To activate the webhook, a webhook URL must be in the
        same request or already stored.

        `PATCH /integrations/{id}`

        Args:
            integration_id: ID of the integration. At least 1.
            body: The whole body as a model, instead of the keyword arguments.
            shop_name: Name of the shop in Sendcloud. 1 to 250 characters. Example: `My Shop Integration`.
            shop_url: URL of the connected shop. Not empty. Example: `https://www.my-shop-integration.com/`.
            service_point_enabled: Whether customers of the shop can choose delivery to a service point.
            service_point_carriers: Codes of the carriers whose service points customers can choose. At least one is required if
                `service_point_enabled` is true.
            webhook_active: Whether Sendcloud posts parcel updates to `webhook_url`.
            webhook_url: URL that receives parcel updates. Required if `webhook_active` is true; null removes the
                URL. Not empty. Example: `https://my-shop-integration.integrator/api/webhooks/sendcloud`.
            feedback_type: When Sendcloud notifies the shop about a shipment: `eager` after the label is created,
                `delayed` after the first scan by the carrier, `none` never. Prestashop v2 integrations use
                their status mapping instead. Not empty; one of `eager`, `delayed`, `none`.

        Raises:
            InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
            BadRequestError: 400. A value is invalid, or the webhook was activated without a webhook URL.
            NotFoundError: 404. The account has no integration with this ID.
            SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
                response that cannot be decoded.
        """
        detailed_ = await call_update_integration(
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
        return detailed_.parsed

    async def delete(
        self,
        integration_id: int,
    ) -> None:
        """Delete an integration.

        Disconnects the shop from Sendcloud. This API cannot restore a deleted integration.

        `DELETE /integrations/{id}`

        Args:
            integration_id: ID of the integration. At least 1.

        Raises:
            InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
            NotFoundError: 404. The account has no integration with this ID, or it was already deleted.
            SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
                response that cannot be decoded.
        """
        detailed_ = await delete_integration_detailed(
            self._sender,
            integration_id,
        )
        return detailed_.parsed
