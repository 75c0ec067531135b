"""`client.integrations`."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import overload

from sendcloud_integrations_client.decoding import OnUndecodable
from sendcloud_integrations_client.operations import Sender
from sendcloud_integrations_client.wire import UNSET, Unset

from ..api.integrations.delete_integration import delete_integration
from ..api.integrations.list_integrations import list_integrations
from ..api.integrations.retrieve_integration import retrieve_integration
from ..api.integrations.update_integration import call as call_update_integration
from ..models.feedback_type import FeedbackType
from ..models.integration import Integration
from ..models.integration_update import IntegrationUpdate
from ..types import FeedbackTypeValue


class IntegrationsResource:
    """Integrations."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(
        self,
        *,
        sort: str | None = None,
        on_undecodable: OnUndecodable = "raise",
    ) -> builtins.list[Integration]:
        """List every integration of the account.

        All of them come in one answer; there are no pages.

        `GET /integrations`

        Args:
            sort: What to order by: `integration_type`, `created_at`, `updated_at`, `last_fetch` or
                `failing_since`. A `-` in front turns the order round. Without it, `last_fetch` decides,
                then `created_at`. Example: `updated_at`.
            on_undecodable: What to do with a record that cannot be read: `"raise"`, `"skip"`, or a callback that is
                given its error.

        Returns:
            The records of the answer, without the envelope.

        Raises:
            InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
            SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
        """
        return await list_integrations(
            self._sender,
            sort=sort,
            on_undecodable=on_undecodable,
        )

    async def retrieve(
        self,
        integration_id: int,
    ) -> Integration:
        """Retrieve one integration.

        Its settings, and when it last worked or began to fail.

        `GET /integrations/{id}`

        Args:
            integration_id: Which integration is meant. At least 1.

        Returns:
            The record of the answer, without the envelope.

        Raises:
            InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
            NotFoundError: 404. The account has no integration of this id.
            SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
        """
        return await retrieve_integration(
            self._sender,
            integration_id,
        )

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
        """Change some settings of an integration.

        Only the fields that are sent change. Turning the webhook on takes a webhook URL, sent along or
        stored before.

        `PATCH /integrations/{id}`

        Args:
            integration_id: Which integration is meant. At least 1.
            body: The whole body as a model, in place of the keyword arguments.
            shop_name: What the shop is called in Sendcloud. 1 to 250 characters. Example: `My Shop Integration`.
            shop_url: Address of the shop on the other side of the connection. Not empty. Example:
                `https://www.my-shop-integration.com/`.
            service_point_enabled: Whether customers of the shop may have parcels delivered to a service point.
            service_point_carriers: Codes of the carriers whose service points can be picked. With `service_point_enabled` set,
                name one at least.
            webhook_active: Whether news of parcels are posted to `webhook_url`.
            webhook_url: Address that news of parcels are posted to. Needed once `webhook_active` is true; null takes
                it away. Not empty. Example:
                `https://my-shop-integration.integrator/api/webhooks/sendcloud`.
            feedback_type: When the shop is told that an order was sent: `eager`, as soon as there is a label;
                `delayed`, when the carrier first scans it; `none`, never. Prestashop v2 integrations go by
                their status mapping instead. Not empty; one of `eager`, `delayed`, `none`.

        Raises:
            InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
            BadRequestError: 400. A value was refused, or the webhook was to be turned on with no address known.
            NotFoundError: 404. The account has no integration of this id.
            SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
        """
        answer_ = await call_update_integration(
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
        return answer_.parsed

    async def delete(
        self,
        integration_id: int,
    ) -> None:
        """End the connection to a shop.

        The connection between Sendcloud and the shop ends. There is no way back through this API.

        `DELETE /integrations/{id}`

        Args:
            integration_id: Which integration is meant. At least 1.

        Raises:
            InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
            NotFoundError: 404. The account has no integration of this id, or no longer has it.
            SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
        """
        return await delete_integration(
            self._sender,
            integration_id,
        )
