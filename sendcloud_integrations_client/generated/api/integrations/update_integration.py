"""PATCH /integrations/{id}."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, overload

from sendcloud_integrations_client.runtime.arguments import build_body, build_path
from sendcloud_integrations_client.runtime.models import UNSET, Model, Unset
from sendcloud_integrations_client.runtime.operations import Operation, Response, Sender, build_response
from sendcloud_integrations_client.runtime.validation import Rule

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
"""Name, method, path and retry safety of this operation."""

_PATH_RULES: Final = {
    "id": Rule(types=("integer",), minimum=1),
}

_PATH_ARGUMENTS: Final = {
    "id": "integration_id",
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
    """Update the settings of an integration.

    Changes only the fields in the request. To activate the webhook, a webhook URL must be in the same
    request or already stored.

    `PATCH /integrations/{id}`

    Args:
        client: Client that sends the request.
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
    """Update the settings of an integration, with status and headers.

    Changes only the fields in the request. To activate the webhook, a webhook URL must be in the same
    request or already stored.

    `PATCH /integrations/{id}`

    Args:
        client: Client that sends the request.
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

    Returns:
        Response with the status, the headers, and the result of `update_integration` as `parsed`.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        BadRequestError: 400. A value is invalid, or the webhook was activated without a webhook URL.
        NotFoundError: 404. The account has no integration with this ID.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
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
    **_fields: object,
) -> Response[None]:
    """Send the request with a body from a model or from fields. All typed variants of this operation call it."""
    response = await client.send(
        OPERATION,
        build_path(OPERATION, {"id": integration_id}, _PATH_RULES, _PATH_ARGUMENTS),
        body=build_body(OPERATION, body, _fields, IntegrationUpdate.validation_rule),
    )
    return build_response(response, None)
