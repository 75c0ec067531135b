"""PATCH /integrations/{id}."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, overload

from sendcloud_integrations_client.operations import Operation, Response, Sender, answered
from sendcloud_integrations_client.requests import body_of, path_of
from sendcloud_integrations_client.rules import Rule
from sendcloud_integrations_client.wire import UNSET, Model, Unset

from ...models.feedback_type import FeedbackType
from ...models.integration_update import IntegrationUpdate
from ...types import FeedbackTypeValue

OPERATION: Final = Operation(
    name="update_integration",
    method="PATCH",
    path="/integrations/{id}",
    success=frozenset({204}),
    safe=False,
    idempotent=True,
)
"""The facts of this operation."""

_PATH_RULES: Final = {
    "id": Rule(types=("integer",), minimum=1),
}


@overload
async def update_integration(
    client: Sender,
    integration_id: int,
    body: IntegrationUpdate,
) -> None: ...
@overload
async def update_integration(
    client: Sender,
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
async def update_integration(
    client: Sender,
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
        client: What sends the request.
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
    return (
        await call(
            client,
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
    ).parsed


@overload
async def update_integration_detailed(
    client: Sender,
    integration_id: int,
    body: IntegrationUpdate,
) -> Response[None]: ...
@overload
async def update_integration_detailed(
    client: Sender,
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
async def update_integration_detailed(
    client: Sender,
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
    """Change some settings of an integration, with status and headers.

    Only the fields that are sent change. Turning the webhook on takes a webhook URL, sent along or
    stored before.

    `PATCH /integrations/{id}`

    Args:
        client: What sends the request.
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

    Returns:
        What `update_integration` returns, with status and headers around it.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        BadRequestError: 400. A value was refused, or the webhook was to be turned on with no address known.
        NotFoundError: 404. The account has no integration of this id.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    return await call(
        client,
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


async def call(
    client: Sender,
    integration_id: int,
    body: Model | None,
    /,
    **fields: object,
) -> Response[None]:
    """Send the body in either form; what the typed functions and the client's method share."""
    response = await client.send(
        OPERATION,
        path_of(OPERATION, {"id": integration_id}, _PATH_RULES),
        body=body_of(OPERATION, body, fields, IntegrationUpdate.__rule__),
    )
    return answered(response, None)
