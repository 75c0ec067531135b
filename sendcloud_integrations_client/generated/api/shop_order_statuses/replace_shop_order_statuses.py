"""POST /shop-order-statuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, overload

from sendcloud_integrations_client.runtime.arguments import build_body
from sendcloud_integrations_client.runtime.models import UNSET, Model, Unset
from sendcloud_integrations_client.runtime.operations import Operation, Response, Sender, build_response

from ...models.shop_order_status_input import ShopOrderStatusInput
from ...models.shop_order_statuses_replace import ShopOrderStatusesReplace

OPERATION: Final = Operation(
    name="replace_shop_order_statuses",
    method="POST",
    path="/shop-order-statuses",
    success=frozenset({200}),
    safe=False,
    idempotent=True,
)
"""Name, method, path and retry safety of this operation."""


@overload
async def replace_shop_order_statuses(
    client: Sender,
    body: ShopOrderStatusesReplace,
    /,
) -> None: ...
@overload
async def replace_shop_order_statuses(
    client: Sender,
    integration_id: int,
    *,
    statuses: Sequence[ShopOrderStatusInput | Mapping[str, Any]],
) -> None: ...
async def replace_shop_order_statuses(
    client: Sender,
    integration_id: int | ShopOrderStatusesReplace,
    *,
    statuses: Sequence[ShopOrderStatusInput | Mapping[str, Any]] | Unset = UNSET,
) -> None:
    """Replace the order statuses of a shop.

    For Prestashop v2 integrations only. The request contains the complete list: new statuses are
    created, existing statuses are updated, and statuses that are not in the list are deleted. Sendcloud
    needs a complete list to report the progress of orders to the shop.

    `POST /shop-order-statuses`

    Args:
        client: Client that sends the request.
        integration_id: ID of the integration. Example: `252345`. Alternatively the whole body as a model.
        statuses: All order statuses. An empty list deletes all statuses. Unique items.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        BadRequestError: 400. The list is invalid, or the integration does not support order statuses.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
    """
    return (
        await call(
            client,
            integration_id,
            statuses=statuses,
        )
    ).parsed


@overload
async def replace_shop_order_statuses_detailed(
    client: Sender,
    body: ShopOrderStatusesReplace,
    /,
) -> Response[None]: ...
@overload
async def replace_shop_order_statuses_detailed(
    client: Sender,
    integration_id: int,
    *,
    statuses: Sequence[ShopOrderStatusInput | Mapping[str, Any]],
) -> Response[None]: ...
async def replace_shop_order_statuses_detailed(
    client: Sender,
    integration_id: int | ShopOrderStatusesReplace,
    *,
    statuses: Sequence[ShopOrderStatusInput | Mapping[str, Any]] | Unset = UNSET,
) -> Response[None]:
    """Replace the order statuses of a shop, with status and headers.

    For Prestashop v2 integrations only. The request contains the complete list: new statuses are
    created, existing statuses are updated, and statuses that are not in the list are deleted. Sendcloud
    needs a complete list to report the progress of orders to the shop.

    `POST /shop-order-statuses`

    Args:
        client: Client that sends the request.
        integration_id: ID of the integration. Example: `252345`. Alternatively the whole body as a model.
        statuses: All order statuses. An empty list deletes all statuses. Unique items.

    Returns:
        Response with the status, the headers, and the result of `replace_shop_order_statuses` as `parsed`.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        BadRequestError: 400. The list is invalid, or the integration does not support order statuses.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
    """
    return await call(
        client,
        integration_id,
        statuses=statuses,
    )


async def call(
    client: Sender,
    integration_id: object,
    /,
    **_fields: object,
) -> Response[None]:
    """Send the request with a body from a model or from fields. All typed variants of this operation call it."""
    body = integration_id if isinstance(integration_id, Model) else None
    if body is None:
        _fields |= {"integration_id": integration_id}
    response = await client.send(
        OPERATION,
        OPERATION.path,
        body=build_body(OPERATION, body, _fields, ShopOrderStatusesReplace.validation_rule),
    )
    return build_response(response, None)
